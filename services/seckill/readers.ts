/**
 * What everybody may know of a sale, read from the arbiter at most so often per process, however
 * many ask.
 */
import type { ServiceBroker } from 'moleculer';
import { call, type Health } from '../../contracts/actions.ts';
import { refuse, wordOf } from '../../contracts/errors.ts';
import type { Keyspace } from '../../contracts/keys.ts';
import type { SaleAnswer } from '../../contracts/sale-view.ts';
import type { Arbiter, SaleView, SeatSnapshot } from '../../lua/arbiter.ts';
import { live } from '../../mixins/live-config.ts';
import { Fresh } from './fresh.ts';

/** A hall as it is; packed when somebody first wants it so. */
export type Hall = SeatSnapshot & { bits?: string };

export interface SaleReaders {
  /** @throws NOT_FOUND for a sale that is not open in the arbiter */
  readonly views: Fresh<SaleView>;
  readonly answers: Fresh<SaleAnswer>;
  readonly halls: Fresh<Hall>;
  /** This process has just changed the sale: the next reader sees it. */
  forgetSale(sale: string): void;
}

/** Sales remembered at once, those that do not exist among them. */
const SALES_MAX = 1_000;
const HALLS_MAX = 100;

const isMissing = (error: unknown): boolean => wordOf(error) === 'NOT_FOUND';

export function saleReaders(arbiter: Arbiter, keys: Keyspace, broker: ServiceBroker): SaleReaders {
  const common = { isAnswer: isMissing, now: () => performance.now() };
  const freshMs = (sale: string) => live(sale).saleFreshMs;
  const views = new Fresh({
    ...common,
    freshMs,
    max: SALES_MAX,
    load: (sale) => unlessFrozen(arbiter, keys, sale, arbiter.view(sale)),
  });
  const answers = new Fresh({
    ...common,
    freshMs,
    max: SALES_MAX,
    load: (sale) => saleAnswer(sale, arbiter, keys, broker),
  });
  const halls = new Fresh<Hall>({
    ...common,
    freshMs: (sale) => live(sale).seatsFreshMs,
    max: HALLS_MAX,
    load: (sale) => unlessFrozen(arbiter, keys, sale, arbiter.snapshot(sale)),
  });
  const forgetSale = (sale: string) => {
    for (const reader of [views, answers, halls]) reader.forget(sale);
  };
  return { views, answers, halls, forgetSale };
}

/** The run of Redis that answers is the one the shard is good on: locks are being given. */
async function isAdopted(arbiter: Arbiter, shard: number): Promise<boolean> {
  const [runId, recorded] = await Promise.all([arbiter.runId(), arbiter.epoch(shard)]);
  return recorded?.runId === runId;
}

/** @throws ARBITER_AWAY while the shard of the sale may still be missing something */
export async function refuseIfFrozen(
  arbiter: Arbiter,
  keys: Keyspace,
  sale: string,
): Promise<void> {
  if (!(await isAdopted(arbiter, keys.shardOf(sale)))) refuse('ARBITER_AWAY');
}

/** What a frozen shard does not know may only not be there yet: that is no answer. */
export async function unlessFrozen<Answer>(
  arbiter: Arbiter,
  keys: Keyspace,
  sale: string,
  asked: Promise<Answer>,
): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) await refuseIfFrozen(arbiter, keys, sale);
    throw error;
  }
}

/** What the arbiter has no sale of may be a draft; only the catalogue knows. */
async function saleAnswer(
  sale: string,
  arbiter: Arbiter,
  keys: Keyspace,
  broker: ServiceBroker,
): Promise<SaleAnswer> {
  try {
    const { state, left, epoch, version } = await arbiter.view(sale);
    return { state, left, epoch, version };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const { stage } = await call(broker, 'session.stage', { id: sale });
  // Published, and the arbiter has lost it: it is being rebuilt.
  if (stage !== 'DRAFT') refuse('ARBITER_AWAY');
  const recorded = await arbiter.epoch(keys.shardOf(sale));
  return { state: 'DRAFT', left: {}, epoch: recorded?.epoch ?? 0, version: 0 };
}

/** The arbiter answers, and every shard has recorded the run that does: locks are being given. */
export async function arbiterHealth(arbiter: Arbiter, shards: number): Promise<Health> {
  try {
    await arbiter.ping();
    const all = Array.from({ length: shards }, (_, shard) => isAdopted(arbiter, shard));
    const adopted = (await Promise.all(all)).every((known) => known);
    return adopted ? { ok: true } : { ok: false, missing: ['epoch of the arbiter'] };
  } catch (error) {
    if (wordOf(error) === 'ARBITER_AWAY') return { ok: false, missing: ['arbiter'] };
    throw error;
  }
}
