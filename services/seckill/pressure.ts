/**
 * How far orders are behind locks. A lock whose order cannot be written in time is worse than none,
 * so locking stops while the oldest lock without an order is older than half of what a lock lives.
 * Looked at in the background: a lock only compares two numbers.
 */

const LOOK_EVERY_MS = 1_000;

export interface OrderLag {
  /** Age of the oldest lock that is no order yet, as of the last look. */
  readonly lagMs: number;
  stop(): void;
}

/**
 * Looks once a second. A look that fails changes nothing: an arbiter that is away says so itself to
 * everybody who wants to lock.
 */
export function watchOrderLag(
  look: () => Promise<{ lagMs: number }>,
  failed: (error: unknown) => void,
): OrderLag {
  let lagMs = 0;
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .then((lag) => {
        lagMs = lag.lagMs;
      }, failed)
      .finally(() => {
        looking = false;
      });
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    get lagMs() {
      return lagMs;
    },
    stop: () => clearInterval(timer),
  };
}

/** True when a lock of `lockMs` must not be given while orders are `lagMs` behind. */
export const isTooFarBehind = (lagMs: number, lockMs: number): boolean => lagMs > lockMs / 2;
