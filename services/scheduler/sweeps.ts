/**
 * Everything that happens because time passes, as a table: what is done, how often, and how long
 * one turn may take. Every row but the first two is a slow road: what it finds, a message or a
 * timer should have done before, and it works with those switched off. Any number of schedulers may
 * run; none leads, because every row asks for something that may be asked twice.
 */
import type { Logger } from 'moleculer';
import { call } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import type { Late, ReconcileReport } from '../../contracts/repair.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import { live } from '../../mixins/live-config.ts';
import { Followers } from './followers.ts';
import type { Job } from './job.ts';
import { type Rebuild, rebuildShard, rebuildShards } from './rebuild.ts';
import { reconcileSale } from './reconcile.ts';

/** Until a new run of the arbiter is adopted nobody can lock: it is looked for often. */
const REBUILD_EVERY_MS = 250;
/** Sales whose deadlines are looked at side by side. */
const ABREAST = 32;
/** More per turn than is posted in the time between two, on a day of many sales. */
const TIDY_MAX = 1_000;
/** Differences a line of the log names; the report of the incident or the operator has all. */
const LOGGED_MAX = 20;

const LIMIT_MS = { due: 5_000, sweep: 60_000, rebuild: 120_000, reconcile: 120_000 } as const;

/** @param hot the arbiter for what must not wait long */
export function jobs(rebuild: Rebuild, hot: Arbiter, log: Logger): Job[] {
  const { caller } = rebuild;
  const late = (): Late => ({ lateMs: live().sweepLateMs, limit: live().sweepBatch });
  const patient = { timeout: LIMIT_MS.sweep };
  const followers = new Followers(caller, hot);
  const sweep = (name: string, run: () => Promise<unknown>): Job => ({
    name,
    everyMs: () => live().sweepEveryMs,
    limitMs: LIMIT_MS.sweep,
    run,
  });
  return [
    {
      name: 'due',
      everyMs: () => live().dueEveryMs,
      limitMs: LIMIT_MS.due,
      run: () => postDue(hot),
    },
    {
      name: 'rebuild',
      everyMs: () => REBUILD_EVERY_MS,
      limitMs: LIMIT_MS.rebuild,
      run: async () => {
        for (const report of await rebuildShards(rebuild))
          log[report.sales.some((sale) => 'broken' in sale) ? 'error' : 'warn'](
            'The arbiter was rebuilt from MySQL.',
            { ...report },
          );
      },
    },
    sweep('overdue orders', () => call(caller, 'order.overdue', late(), patient)),
    sweep('orphans', () => call(caller, 'order.orphans', late(), patient)),
    sweep('unsent outbox', () => call(caller, 'order.relay', late(), patient)),
    sweep('old outbox', () =>
      call(caller, 'order.tidy', { olderMs: live().outboxKeepMs, limit: TIDY_MAX }, patient),
    ),
    sweep('payments nobody told of', () => call(caller, 'payment.poll', late(), patient)),
    sweep('refunds nobody gave', () => call(caller, 'order.refundAgain', late(), patient)),
    sweep('unsold paid, unreleased cancelled', () => followers.look(late())),
    {
      name: 'reconcile',
      everyMs: () => live().reconcileEveryMs,
      limitMs: LIMIT_MS.reconcile,
      run: () => reconcileAll(rebuild, log),
    },
  ];
}

/** Announces due deadlines of every sale; one sale that fails keeps none of the others. */
async function postDue(arbiter: Arbiter): Promise<void> {
  const sales = await arbiter.sales();
  let failure: PromiseRejectedResult | undefined;
  for (let i = 0; i < sales.length; i += ABREAST) {
    const answers = await Promise.allSettled(
      sales
        .slice(i, i + ABREAST)
        .map((sale) => arbiter.due(sale, live().dueBatch, live().dueRepeatMs)),
    );
    failure ??= answers.find((answer) => answer.status === 'rejected');
  }
  if (failure) throw failure.reason;
}

/** Every sale in its turn; one that fails keeps none of the others. */
async function reconcileAll(rebuild: Rebuild, log: Logger): Promise<void> {
  let failure: unknown;
  for (const { id } of await call(rebuild.caller, 'session.onSale', {}))
    try {
      const report = await reconcileOne(rebuild, id, false);
      if (report && isNews(report))
        log.warn('The arbiter and MySQL said different things.', {
          ...report,
          differences: report.differences.slice(0, LOGGED_MAX),
        });
    } catch (error) {
      failure ??= error;
    }
  if (failure) throw failure;
}

const isNews = ({ differences, corrected, books }: ReconcileReport): boolean =>
  differences.length > 0 || corrected > 0 || books.length > 0;

/**
 * One sale that must be in the arbiter. One that is not, while its shard is in force, was lost
 * within a run of Redis: then the shard is rebuilt as after any loss.
 * @param whole compare what moved just now too, and count everything
 * @returns undefined while the shard is being rebuilt
 */
export async function reconcileOne(
  rebuild: Rebuild,
  sale: string,
  whole: boolean,
): Promise<ReconcileReport | undefined> {
  const { caller, arbiter, keys } = rebuild;
  const shard = keys.shardOf(sale);
  const [runId, known] = await Promise.all([arbiter.runId(), arbiter.epoch(shard)]);
  if (known?.runId !== runId) return undefined;
  const { whole: there } = await arbiter.count(sale);
  if (!there && !(await rebuildShard(rebuild, shard, runId, known))) return undefined;
  const lateMs = whole ? 0 : live().sweepLateMs;
  return reconcileSale(caller, arbiter, sale, { lateMs, recount: whole, quiet: false });
}

/** What an operator asks for. @throws NOT_FOUND for what is not on sale, ARBITER_AWAY */
export async function reconcileNow(rebuild: Rebuild, sale: string): Promise<ReconcileReport> {
  const onSale = await call(rebuild.caller, 'session.onSale', {});
  if (!onSale.some(({ id }) => id === sale)) return refuse('NOT_FOUND');
  return (await reconcileOne(rebuild, sale, true)) ?? refuse('ARBITER_AWAY');
}
