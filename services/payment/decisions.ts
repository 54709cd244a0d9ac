/** When to ask the provider about a payment, and how, as functions of facts. */
import type { ProviderState } from './provider.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Moments around its deadline at which every payment without its money is looked up: before it, so
 * that a lost event still pays the order; long after it, for money that came although it was
 * closed.
 */
const MOMENTS_MS = [-30 * SECOND, 0, MINUTE, 5 * MINUTE, HOUR, 24 * HOUR] as const;
/** A buyer who has begun should be done by then, or has the next word by then. */
export const STARTED_MS = 30 * SECOND;

/** @returns undefined when it need not be asked again */
export function nextPollMs(
  state: ProviderState,
  nowMs: number,
  expiresAtMs: number,
): number | undefined {
  if (state === 'SUCCEEDED') return undefined;
  const moment = MOMENTS_MS.map((ms) => expiresAtMs + ms).find((atMs) => atMs > nowMs);
  const begun = state === 'STARTED' && nowMs < expiresAtMs;
  return begun ? Math.min(nowMs + STARTED_MS, moment!) : moment;
}

/**
 * Whether the provider is only asked, or asked to close as well. Until the order's last moment a
 * buyer may be typing his PIN; after it, what is open can only bring money that goes back.
 */
export const decidePoll = (
  state: ProviderState,
  nowMs: number,
  expiresAtMs: number,
  payGraceMs: number,
): 'query' | 'close' =>
  (state === 'OPEN' || state === 'STARTED') && nowMs >= expiresAtMs + payGraceMs
    ? 'close'
    : 'query';
