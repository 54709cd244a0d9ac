/**
 * `npm run bench:lock [-- --json]`: what a lock costs inside Redis, and how many of them a second
 * one client gets. Times are those Redis itself takes (`INFO commandstats`), so the road to it does
 * not count; sizes and kinds take turns, so that a busy machine slows them all alike; the first
 * round warms up, of the others the median counts. A round takes the quickest of a few short
 * batches: whatever made another slower was not Redis.
 */
import type { Redis } from 'ioredis';
import { type Hall, KINDS, type Kind, openHalls, openSale, pairAt } from './halls.ts';
import { benchRedis } from './redis.ts';

const SIZES = [1_000, 5_000, 20_000, 60_000, 100_000];
const ROUNDS = 5;
const BATCHES = 4;
const CALLS = 100;

type Row = Record<Kind, number>;
type Table = Record<string, Row>;

interface Goal {
  readonly says: string;
  readonly most: number;
  readonly ratio: (table: Table) => number;
}

const worst = (table: Table, ratio: (row: Row) => number) =>
  Math.max(...Object.values(table).map(ratio));

const GOALS: readonly Goal[] = [
  {
    says: 'two chosen seats ÷ one write, worst size',
    most: 12,
    ratio: (table) => worst(table, ({ chosenUs, trivialUs }) => chosenUs / trivialUs),
  },
  {
    says: 'two chosen seats, 100,000 ÷ 1,000',
    most: 1.2,
    ratio: (table) => table[100_000]!.chosenUs / table[1_000]!.chosenUs,
  },
  {
    says: 'best pair ÷ chosen, 60,000, fresh hall',
    most: 3,
    ratio: (table) => table[60_000]!.bestUs / table[60_000]!.chosenUs,
  },
  {
    says: 'best pair ÷ chosen, 60,000, one pair left',
    most: 3,
    ratio: (table) => table[60_000]!.bestLastUs / table[60_000]!.chosenUs,
  },
];

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const rounded = (value: number) => Math.round(value * 100) / 100;

/** Every kind at every size, in turns. */
async function timeScripts(): Promise<Table> {
  const { redis, end } = await benchRedis({ appendonly: 'no' });
  try {
    const halls: Hall[] = [];
    for (const seats of SIZES) halls.push(await openHalls(redis, seats));
    const taken = new Map<string, number[]>();
    for (let round = 0; round <= ROUNDS; round++)
      for (const hall of halls)
        for (const kind of KINDS) {
          const us = await quickest(redis, () => hall.run(kind, CALLS));
          const key = `${hall.seats} ${kind}`;
          if (round > 0) taken.set(key, [...(taken.get(key) ?? []), us]);
        }
    const row = (seats: number) =>
      Object.fromEntries(
        KINDS.map((kind) => [kind, rounded(median(taken.get(`${seats} ${kind}`)!))]),
      ) as Row;
    return Object.fromEntries(SIZES.map((seats) => [seats, row(seats)]));
  } finally {
    await end();
  }
}

/** The mean time of the `EVALSHA`s that some work makes, as Redis measured it. */
async function usPerCall(redis: Redis, work: () => Promise<void>): Promise<number> {
  await redis.config('RESETSTAT');
  await work();
  const stats = await redis.info('commandstats');
  const [, calls, usec] = /^cmdstat_evalsha:calls=(\d+),usec=(\d+)/m.exec(stats) ?? [];
  return Number(usec) / Number(calls);
}

async function quickest(redis: Redis, work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) best = Math.min(best, await usPerCall(redis, work));
  return best;
}

const RATE_SEATS = 60_000;
const RATE_MS = 3_000;
const IN_FLIGHT = 100;

/** Locks per second through one client, as the product asks for them. */
async function locksPerSecond(appendfsync: string): Promise<number> {
  const { redis, end } = await benchRedis({ appendonly: 'yes', appendfsync });
  try {
    const arbiter = await openSale(redis, 'rate', RATE_SEATS);
    let next = 0;
    const buyer = async (untilMs: number) => {
      while (performance.now() < untilMs && next < RATE_SEATS / 2) {
        const n = next++;
        const first = pairAt(RATE_SEATS, n);
        const who = { sale: 'rate', uid: `buyer${n}`, orderId: `order-${n}`, requestId: `${n}` };
        await arbiter.lock({ ...who, seats: [first, first + 1] });
      }
    };
    const startedMs = performance.now();
    const buyers = Array.from({ length: IN_FLIGHT }, () => buyer(startedMs + RATE_MS));
    await Promise.all(buyers);
    return Math.round((next * 1_000) / (performance.now() - startedMs));
  } finally {
    await end();
  }
}

const line = (cells: readonly (string | number)[]) =>
  cells.map((cell, i) => (i === 0 ? String(cell).padEnd(44) : String(cell).padStart(12))).join('');

function print(table: Table, rates: Readonly<Record<string, number>>): void {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(line(['seats (µs inside Redis per call)', 'one write', 'two chosen', 'best', 'best, last']));
  for (const [seats, row] of Object.entries(table))
    say(line([seats, ...KINDS.map((kind) => row[kind].toFixed(2))]));
  say('');
  say(line(['goal', 'at most', 'measured', '']));
  for (const { says, most, ratio } of GOALS) {
    const measured = ratio(table);
    say(line([says, most, measured.toFixed(2), measured <= most ? 'ok' : 'MISSED']));
  }
  say('');
  for (const [appendfsync, rate] of Object.entries(rates))
    say(line([`locks per second, one client, ${appendfsync}`, rate]));
}

const seats = await timeScripts();
const locks = {
  always: await locksPerSecond('always'),
  everysec: await locksPerSecond('everysec'),
};
if (process.argv.includes('--json'))
  process.stdout.write(`${JSON.stringify({ seats, locksPerSecond: locks })}\n`);
else print(seats, locks);
if (GOALS.some(({ most, ratio }) => ratio(seats) > most)) process.exitCode = 1;
