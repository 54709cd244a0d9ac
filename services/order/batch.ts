/**
 * Gathers what arrives within a moment and hands it on together. While a batch commits, the next
 * fills, so that batches grow with the load by themselves; only a full one does not wait for the
 * batch before it, and at most {@link LANES} are under way.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** One batch is made ready here while the other one is with MySQL. */
const LANES = 2;

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export interface Batcher<Item, Result> {
  /** Resolves with what became of this one item, after its batch was handled. */
  add(item: Item): Promise<Result>;
}

export interface BatchLimits {
  /** Most items in a batch. */
  readonly max: number;
  /** How long the first item of a batch waits for others. */
  readonly waitMs: number;
}

/**
 * @param limits asked for each batch
 * @param handle answers one result per item, in order; a throw fails every item of the batch.
 */
export function batcher<Item, Result>(
  limits: () => BatchLimits,
  handle: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>,
): Batcher<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let lanes = 0;

  async function run(): Promise<void> {
    lanes++;
    try {
      for (;;) {
        const { max, waitMs } = limits();
        if (waiting.length === 0 || (lanes > 1 && waiting.length < max)) break;
        if (waiting.length < max) await sleep(waitMs);
        // while this one slept, they may have become a full batch that another lane took
        if (waiting.length > 0) await settle(waiting.splice(0, max));
      }
    } finally {
      lanes--;
    }
  }

  async function settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await handle(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, i) => {
        const result = results[i]!;
        if (result.status === 'fulfilled') resolve(result.value);
        else reject(result.reason);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // settle() gives every failure to those who wait for it
        if (lanes === 0 || (lanes < LANES && waiting.length >= limits().max)) void run();
      }),
  };
}
