/**
 * An arbiter that restarted may have come back a moment older, or empty. Until every sale of a
 * shard has been held against MySQL nobody locks or blocks a seat of it; paying, cancelling and
 * releasing go on. The order of the steps is what makes it safe:
 *
 * 1. the loss is recorded in MySQL, which numbers the epoch
 * 2. freeze: the arbiter is in the new epoch, and no run of Redis is good
 * 3. sales that are missing are opened, nobody let in; reservations, holds, sold and blocked seats
 *    restored; everything counted; each sale's switch turned to what its organiser last ordered
 * 4. the repair is recorded, then the run that was repaired is adopted: a Redis that restarted in
 *    between is another run, and locks on it are refused until it has been repaired as well
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, call } from '../../contracts/actions.ts';
import { REFUSALS, type RefusalWord, wordOf } from '../../contracts/errors.ts';
import type { Keyspace } from '../../contracts/keys.ts';
import type { ReconcileReport } from '../../contracts/repair.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import { reconcileSale } from './reconcile.ts';

export interface Rebuild {
  readonly caller: Caller;
  readonly arbiter: Arbiter;
  readonly keys: Keyspace;
  /** The node that asks: of two that notice, one repairs and the other waits. */
  readonly who: string;
}
/** What was done for a shard, kept with its incident. */
export interface RebuildReport {
  readonly shard: number;
  readonly epoch: number;
  readonly tookMs: number;
  readonly sales: readonly (RebuiltSale | BrokenSale)[];
}
/** What nothing can be done about by repeating it. */
interface BrokenSale {
  readonly sale: string;
  readonly broken: string;
}
interface RebuiltSale extends Pick<ReconcileReport, 'sale' | 'orders' | 'more' | 'corrected'> {
  readonly reopened: boolean;
  readonly reservations: number;
  /** How many orders were given back, sold, released, … */
  readonly did: Readonly<Record<string, number>>;
}

/** Reservations asked for at once. */
const PAGE = 1_000;
/** Opening 100,000 seats is no ordinary call. */
const OPEN_MS = 30_000;
/** What a Redis that still has its file has lost of it happened within this long. */
const LOST_MAX_MS = 24 * 60 * 60_000;
const NEEDS_NO_PAUSE: ReadonlySet<RefusalWord | undefined> = new Set(['NOT_FOUND', 'SALE_CLOSED']);
/** Whoever leaves the repair to another looks again after this long. */
const YIELD_MS = 500;

/**
 * Repairs every shard that has lost something, or whose Redis is not the one on record.
 * @returns what was repaired by us
 * @throws weather; nothing is adopted then, and the next look begins again
 */
export async function rebuildShards(rebuild: Rebuild): Promise<RebuildReport[]> {
  const { arbiter, keys } = rebuild;
  const runId = await arbiter.runId();
  const reports: RebuildReport[] = [];
  for (let shard = 0; shard < keys.shards; shard++) {
    const known = await arbiter.epoch(shard);
    if (known?.runId === runId) continue;
    const report = await rebuildShard(rebuild, shard, runId, known);
    if (report) reports.push(report);
  }
  return reports;
}

/**
 * Repairs one shard as after a loss.
 * @param known what the shard has on record; undefined when that is gone too
 * @returns undefined when another node is at it
 */
export async function rebuildShard(
  rebuild: Rebuild,
  shard: number,
  runId: string,
  known: { readonly runId: string; readonly epoch: number } | undefined,
): Promise<RebuildReport | undefined> {
  const { caller, arbiter, keys, who } = rebuild;
  const startedMs = performance.now();
  const { epoch, mine } = await call(caller, 'order.incident', {
    shard,
    oldRunId: known?.runId ?? '',
    newRunId: runId,
    above: known?.epoch ?? 0,
    who,
  });
  if (!mine) {
    await sleep(YIELD_MS);
    return undefined;
  }
  // Asking took a while, and another may have repaired it meanwhile: this loss was none.
  if ((await arbiter.epoch(shard))?.runId === runId && known?.runId !== runId) {
    await call(caller, 'order.repaired', { epoch, report: { shard, epoch, none: true } });
    return undefined;
  }
  await arbiter.freeze(shard, epoch);
  const sales: RebuildReport['sales'][number][] = [];
  for (const { id } of await call(caller, 'session.onSale', {}))
    if (keys.shardOf(id) === shard) sales.push(await rebuildOrPause(rebuild, id));
  const report = { shard, epoch, tookMs: Math.round(performance.now() - startedMs), sales };
  await call(caller, 'order.repaired', { epoch, report });
  await arbiter.adopt(shard, epoch, runId);
  return report;
}

/** A sale that cannot be rebuilt holds up no other: it is paused, and a human has to look. */
async function rebuildOrPause(rebuild: Rebuild, sale: string): Promise<RebuiltSale | BrokenSale> {
  try {
    return await rebuildSale(rebuild, sale);
  } catch (error) {
    if (isWeather(error)) throw error;
    const { arbiter } = rebuild;
    // One that is not there, or closed, needs no pause; unless it is paused nothing is adopted.
    await arbiter.turn(sale, 'PAUSED').catch((refused: unknown) => {
      if (!NEEDS_NO_PAUSE.has(wordOf(refused))) throw refused;
    });
    return { sale, broken: (error as Error).message };
  }
}

async function rebuildSale(rebuild: Rebuild, sale: string): Promise<RebuiltSale> {
  const { caller, arbiter } = rebuild;
  const { whole, leftover } = await arbiter.count(sale);
  const reopened =
    !whole && (await call(caller, 'session.reopen', { id: sale }, { timeout: OPEN_MS })).created;
  const reservations = await restoreReservations(rebuild, sale);
  // What was left over is counted beside what is restored: only then do the two not add up.
  const patience = { lateMs: 0, recount: leftover > 0, quiet: true };
  const report = await reconcileSale(caller, arbiter, sale, patience);
  await arbiter.announce(sale);
  await call(caller, 'session.restate', { id: sale });
  const did: Record<string, number> = {};
  for (const difference of report.differences) did[difference.did] = (did[difference.did] ?? 0) + 1;
  const { orders, more, corrected } = report;
  return { sale, reopened, reservations, orders, more, corrected, did };
}

/**
 * Those of the last day: a Redis that comes back with its file has lost no more than its end. When
 * the sale knows of fewer than there are, all of them. @returns how many it did not know
 */
async function restoreReservations({ caller, arbiter }: Rebuild, sale: string): Promise<number> {
  const ask = (sinceMs: number, after: string) =>
    call(caller, 'order.reservations', { sale, sinceMs, after, limit: PAGE });
  let restored = 0;
  const restoreSince = async (sinceMs: number) => {
    let page = await ask(sinceMs, '');
    const { total = 0 } = page;
    for (;;) {
      restored += (await arbiter.enrol(sale, page.items)).added;
      if (page.next === null) return total;
      page = await ask(sinceMs, page.next);
    }
  };
  const total = await restoreSince(Date.now() - LOST_MAX_MS);
  if ((await arbiter.count(sale)).reservations < total) await restoreSince(0);
  return restored;
}

/** An error that says nothing of the sale: the same may succeed when it is asked again. */
function isWeather(error: unknown): boolean {
  const word = wordOf(error);
  return word === undefined
    ? (error as { retryable?: boolean }).retryable === true
    : REFUSALS[word].retry;
}
