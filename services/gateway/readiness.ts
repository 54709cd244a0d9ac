/**
 * Is every service that a lock and its order need up, and does it reach its servers? Asked by
 * `/readyz`, which load balancers ask often: one answer serves everybody for a while.
 */
import type { ActionName, Health } from '../../contracts/actions.ts';

interface Need {
  readonly service: string;
  /** Says whether the service reaches what it needs; without it, being there is enough. */
  readonly health?: ActionName;
}

const NEEDS: readonly Need[] = [
  { service: 'seckill', health: 'seckill.health' },
  { service: 'order', health: 'order.health' },
  { service: 'payment', health: 'payment.health' },
  { service: 'session' },
];
const ASK_MS = 1_000;
const FRESH_MS = 500;

export interface Registry {
  /** Names of the services that some live node offers. */
  services(): ReadonlySet<string>;
  ask(action: ActionName, timeoutMs: number): Promise<Health>;
}

/** What is missing, in words: empty when a seat can be locked and its order made and paid. */
async function missingIn(registry: Registry): Promise<string[]> {
  const present = registry.services();
  const missing = NEEDS.map(async ({ service, health }) => {
    if (!present.has(service)) return [service];
    if (!health) return [];
    try {
      const { ok, missing: parts = [] } = await registry.ask(health, ASK_MS);
      return ok ? [] : [service, ...parts.map((part) => `${service}: ${part}`)];
    } catch {
      return [service]; // it did not answer in time: that is what is missing
    }
  });
  return (await Promise.all(missing)).flat();
}

/** A question that is asked once for everybody who asks within {@link FRESH_MS}. */
export function readiness(registry: Registry, now: () => number): () => Promise<string[]> {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let answer: Promise<string[]> = Promise.resolve([]);
  return () => {
    if (now() - askedAtMs > FRESH_MS) {
      askedAtMs = now();
      answer = missingIn(registry);
    }
    return answer;
  };
}
