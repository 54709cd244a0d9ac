/** A sale of a test's own in the shared arbiter, and the eyes to see everything it consists of. */
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { ChannelName } from '../../contracts/channels.ts';
import { type RefusalWord, wordOf } from '../../contracts/errors.ts';
import { type Keyspace, keyspace } from '../../contracts/keys.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import type { SaleTerms } from '../../contracts/sale.ts';
import {
  type Arbiter,
  createArbiter,
  type LockAnswer,
  type LockRequest,
} from '../../lua/arbiter.ts';
import { freshNamespace, servers } from '../support/servers.ts';

export const SALE = '0123456789abcdef';
const MINUTE = 60_000;

/** A sale that opened a minute ago and takes reservations. */
export const termsAt = (nowMs: number): SaleTerms => ({
  reservationRequired: false,
  reservationOpensAtMs: nowMs - 2 * MINUTE,
  reservationClosesAtMs: nowMs + MINUTE,
  opensAtMs: nowMs - MINUTE,
  closesAtMs: nowMs + 60 * MINUTE,
  seatsPerBuyerMax: 6,
  lockMs: 15 * MINUTE,
});

/** 100 fen for tier A, 200 for B, … */
export const pricesOf = (layout: LayoutColumns): Record<string, number> =>
  Object.fromEntries(layout.tiers.map((tier, i) => [tier, 100 * (i + 1)]));

export interface Stage {
  readonly arbiter: Arbiter;
  readonly redis: Redis;
  readonly keys: Keyspace;
  /** Locks for a buyer under a fresh orderId. */
  lock(uid: string, what: Partial<LockRequest>): Promise<LockAnswer>;
  marks(): Promise<string>;
  /** The messages of a channel, oldest first. */
  messages(channel: ChannelName): Promise<Record<string, unknown>[]>;
  /** Everything under the namespace. */
  dump(): Promise<Record<string, unknown>>;
  end(): Promise<void>;
}

let orders = 0;
export const freshOrderId = (): string => `order-${++orders}`;

/** Opens a sale with every seat free, on a run of Redis that is adopted. */
export async function stage(
  layout: LayoutColumns,
  terms: Partial<SaleTerms> = {},
  url = servers().arbiterUrl,
): Promise<Stage> {
  const redis = new Redis(url);
  redis.on('error', () => undefined); // a test that kills its server sees it in the calls
  const keys = keyspace(freshNamespace(), 1);
  const arbiter = createArbiter({ redis, keys });
  await arbiter.adopt(0, 1);
  await arbiter.open(SALE, layout, pricesOf(layout), { ...termsAt(Date.now()), ...terms });
  const prefix = keys.ofShard(0).epoch.slice(0, -'epoch'.length);
  return {
    arbiter,
    redis,
    keys,
    lock: (uid, what) =>
      arbiter.lock({ sale: SALE, uid, orderId: freshOrderId(), requestId: 'r', ...what }),
    marks: async () => (await arbiter.snapshot(SALE)).states,
    messages: async (channel) =>
      (await redis.xrange(keys.stream(channel, 0), '-', '+')).map(([, fields]) =>
        JSON.parse(fields[1]!),
      ),
    dump: () => dump(redis, prefix),
    end: () => arbiter.close(),
  };
}

async function dump(redis: Redis, prefix: string): Promise<Record<string, unknown>> {
  const names = (await redis.keys(`${prefix}*`)).sort();
  const READ: Record<string, (key: string) => Promise<unknown>> = {
    string: async (key) => (await redis.getBuffer(key))!.toString('latin1'),
    hash: (key) => redis.hgetall(key),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, 0, -1, 'WITHSCORES'),
    stream: (key) => redis.xrange(key, '-', '+'),
  };
  const read = async (key: string) => [key, await READ[await redis.type(key)]!(key)] as const;
  return Object.fromEntries(await Promise.all(names.map(read)));
}

/** The refusal an act ends with; it changes nothing, or the test fails. */
export async function refusalOf(
  on: Stage,
  act: () => Promise<unknown>,
): Promise<{ word: RefusalWord; data: unknown }> {
  const before = await on.dump();
  const error = await act().then(
    (answer) => expect.fail(`not refused: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason as { data: unknown },
  );
  const word = wordOf(error);
  if (!word) throw error;
  expect(await on.dump()).toEqual(before);
  return { word, data: error.data };
}
