/** Permits: made when somebody may try for seats, held against uid and session when they do. */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Keyring } from '../../config/index.ts';
import { type PermitClaims, permitText } from '../../contracts/claims.ts';

const FORM = /^([a-z0-9]{1,16})\.(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/;

const macOf = (kid: string, key: KeyObject, claims: PermitClaims): Buffer =>
  createHmac('sha256', key).update(permitText(kid, claims)).digest();

/** A permit under the first key of the ring. @throws Error when the ring is empty */
export function signPermit(claims: PermitClaims, keys: Keyring): string {
  const [first] = keys;
  if (!first) throw new Error('no key signs permits: set PERMIT_KEYS');
  const [kid, key] = first;
  const mac = macOf(kid, key, claims).toString('base64url');
  return `${kid}.${claims.notBeforeMs}.${claims.expiresAtMs}.${mac}`;
}

/**
 * What a permit says, when a key of the ring signed it for this uid and this session; undefined for
 * anything else. Whether it has run out is for the caller, who knows what for.
 */
export function readPermit(
  permit: string,
  uid: string,
  sessionId: string,
  keys: Keyring,
): PermitClaims | undefined {
  const [, kid = '', notBefore, expires, mac = ''] = FORM.exec(permit) ?? [];
  const key = keys.get(kid);
  if (!key) return undefined;
  const claims = { uid, sessionId, notBeforeMs: Number(notBefore), expiresAtMs: Number(expires) };
  const expected = macOf(kid, key, claims);
  return timingSafeEqual(expected, Buffer.from(mac, 'base64url')) ? claims : undefined;
}
