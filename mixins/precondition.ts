/** A change is held to the version it was made from: `If-Match`, as RFC 9110 §13.1.1 writes it. */
import { refuse } from '../contracts/errors.ts';

/**
 * @param ifMatch the header; null for a change that needs none
 * @throws PRECONDITION_REQUIRED, PRECONDITION_FAILED
 */
export function checkPrecondition(ifMatch: string | null | undefined, version: number): void {
  if (ifMatch === null) return;
  if (ifMatch === undefined) refuse('PRECONDITION_REQUIRED');
  const named = ifMatch.split(',').map((item) => item.trim().replace(/^W\//, ''));
  if (!named.includes('*') && !named.includes(`"${version}"`)) refuse('PRECONDITION_FAILED');
}
