/**
 * A system whose parts a test may take away, and the eyes to see what became of a seat: Redis and
 * MariaDB themselves, never a service. Locks are short, sweeps are quick.
 */
import { Redis } from 'ioredis';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ChannelName } from '../../contracts/channels.ts';
import { type Keyspace, keyspace } from '../../contracts/keys.ts';
import { buildHall, type Hall, plainPlan, until } from '../flow/visitor.ts';
import { type Stack, useStack } from '../support/stack.ts';

/** The shortest a lock may live. */
export const LOCK_MS = 5_000;
export const GRACE_MS = 1_000;
/** A deadline that passed this long ago has been acted on, if anybody acts at all. */
export const PAST_MS = 4_000;
/** For what must happen in the end, on a machine that may be busy. */
export const PATIENCE_MS = 30_000;

const env = {
  PAY_GRACE_MS: String(GRACE_MS),
  SWEEP_EVERY_MS: '1000',
  SWEEP_LATE_MS: '1000',
  RECONCILE_EVERY_MS: '3000',
  CHANNEL_IDLE_MS: '3000',
};

export interface Failing {
  readonly stack: Stack;
  readonly hall: Hall;
  readonly redis: Redis;
  readonly keys: Keyspace;
  stream(channel: ChannelName): string;
  rows(sql: string, ...values: unknown[]): Promise<RowDataPacket[]>;
  /** Takes processes or servers away, for good. */
  takeAway(...names: string[]): Promise<void>;
  bringBack(...names: string[]): Promise<void>;
  /** The mark of a seat, and which order has it. */
  seat(sale: string, seat: number): Promise<{ mark: string; orderId: string | null }>;
  seatBecomes(sale: string, seat: number, mark: string): Promise<void>;
  /** What MySQL says of a lock. */
  verdict(orderId: string): Promise<{ verdict: string; reason: string | null } | undefined>;
  verdictIs(orderId: string, verdict: string, reason?: string): Promise<void>;
  stateOf(orderId: string): Promise<string | undefined>;
}

interface Life {
  mend(): Promise<void>;
  end(): Promise<void>;
}

/** One such system for all tests of a file. */
export function useFailing(): () => Failing {
  const stack = useStack({ env });
  let failing: (Failing & Life) | undefined;
  beforeAll(async () => {
    failing = await open(stack());
  });
  // A test that failed half-way must not fail those after it.
  afterEach(() => failing?.mend());
  afterAll(() => failing?.end());
  return () => failing!;
}

async function open(stack: Stack): Promise<Failing & Life> {
  const { config, supervisor } = stack;
  const redis = new Redis(config.arbiterUrl, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined); // a test that takes it away sees it in what it asks
  const keys = keyspace(config.namespace, config.shards);
  let mysql: Connection | undefined;
  const rows: Failing['rows'] = async (sql, ...values) => {
    // It may have been taken away since the last question.
    const stale =
      mysql &&
      (await mysql.ping().then(
        () => false,
        () => true,
      ));
    if (stale) mysql = undefined;
    mysql ??= await createConnection({ uri: config.mysqlUrl, timezone: 'Z' });
    return (await mysql.query<RowDataPacket[]>(sql, values))[0];
  };
  const verdict: Failing['verdict'] = async (orderId) => {
    const found = await rows(
      'SELECT verdict, reason FROM hold_verdicts WHERE orderId = ?',
      orderId,
    );
    return found[0] as { verdict: string; reason: string | null } | undefined;
  };
  const away = new Set<string>();
  const bringBack = async (...names: string[]) => {
    await Promise.all(names.map((name) => supervisor.restart(name)));
    for (const name of names) away.delete(name);
  };
  const seat: Failing['seat'] = async (sale, number) => {
    const of = keys.ofSale(sale);
    const mark = await redis.getrange(of.seats, number, number);
    return { mark, orderId: await redis.hget(of.owners, String(number)) };
  };
  return {
    stack,
    hall: await buildHall(stack.url, plainPlan(3, 10)),
    redis,
    keys,
    stream: (channel) => keys.stream(channel, 0),
    rows,
    takeAway: async (...names) => {
      for (const name of names) away.add(name);
      await Promise.all(names.map((name) => supervisor.stop(name)));
    },
    bringBack,
    seat,
    seatBecomes: async (sale, number, mark) => {
      const wanted = (now: { mark: string }) => now.mark === mark;
      await until(`seat ${number} marked ${mark}`, PATIENCE_MS, () => seat(sale, number), wanted);
    },
    verdict,
    verdictIs: async (orderId, word, reason) => {
      const wanted = (now: Awaited<ReturnType<typeof verdict>>) =>
        now?.verdict === word && (reason === undefined || now.reason === reason);
      await until(`${word} ${reason ?? ''}`, PATIENCE_MS, () => verdict(orderId), wanted);
    },
    stateOf: async (orderId) =>
      (await rows('SELECT state FROM orders WHERE orderId = ?', orderId))[0]?.state,
    mend: () => bringBack(...away),
    end: async () => {
      redis.disconnect();
      await mysql?.end();
    },
  };
}
