/**
 * `npm run bench:rebuild [-- --json]`: how long nobody can lock a seat after the arbiter has lost
 * everything. The whole system runs; a hall of 60,000 seats is full in MySQL (two seats an order,
 * two orders of three paid, the others locked); Redis is emptied; the clock runs until the epoch is
 * adopted. What the scheduler took for it by itself is kept with the incident. Five times; the
 * median counts.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { seed } from '../bin/seed.ts';
import { freePortBase } from '../bin/supervisor/ports.ts';
import { createSystem } from '../bin/supervisor/system.ts';
import type { Config } from '../config/index.ts';
import { keyspace } from '../contracts/keys.ts';

const ROUNDS = 5;
const MOST_MS = 5_000;
const EDGE_OFFSET = 99;
const CHUNK = 2_000;
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

interface Round {
  readonly frozenMs: number;
  readonly scheduler: { readonly tookMs: number };
}

/** An orderId of the right form: nobody asks whose it is here. */
const orderIdOf = (sale: string, n: number) => {
  const digits = Array.from({ length: 25 }, (_, i) => BASE32[Math.floor(n / 32 ** (24 - i)) % 32]);
  return `${sale}-${digits.join('')}-00000000`;
};

/** Fills a sale in MySQL with pairs of seats, as if all had been locked and most been paid. */
async function fill(mysql: Connection, sale: string, seats: readonly number[]): Promise<number> {
  const orders = Array.from({ length: seats.length / 2 }, (_, n) => n);
  const insert = (columns: string, rows: readonly unknown[][]) =>
    mysql.query(`INSERT INTO ${columns} VALUES ?`, [rows]);
  const seatsOf = (n: number) => [seats[2 * n]!, seats[2 * n + 1]!];
  const deadline = new Date(Date.now() + 3_600_000);
  const now = new Date();
  for (let from = 0; from < orders.length; from += CHUNK) {
    const some = orders.slice(from, from + CHUNK).map((n) => ({ n, id: orderIdOf(sale, n) }));
    const each = (row: (id: string, seat: number, n: number) => unknown[]) =>
      some.flatMap(({ id, n }) => seatsOf(n).map((seat) => row(id, seat, n)));
    await insert(
      'hold_verdicts (orderId, verdict, at)',
      some.map(({ id }) => [id, 'ORDERED', now]),
    );
    await insert(
      `orders (orderId, sessionId, uid, state, amountFen, currency, seatsPerBuyerMax, deadline,
         requestId, createdAt, updatedAt)`,
      some.map(({ id, n }) => [
        ...[id, sale, `buyer-${n}`, n % 3 === 0 ? 'LOCKED' : 'PAID', 2, 'CNY', 6, deadline],
        ...['bench', now, now],
      ]),
    );
    await insert(
      'order_seats (orderId, seat, sessionId, label, tier, priceFen)',
      each((id, seat) => [id, seat, sale, `${seat}`, 'A', 1]),
    );
    await insert(
      'seat_claims (sessionId, seat, orderId)',
      each((id, seat) => [sale, seat, id]),
    );
    await insert(
      'buyer_quotas (sessionId, uid, held)',
      some.map(({ n }) => [sale, `buyer-${n}`, 2]),
    );
  }
  return orders.length;
}

/** The biggest hall of the demo, and the numbers of its seats. */
async function biggest(config: Config, redis: Redis, mysql: Connection) {
  const [rows] = await mysql.query<RowDataPacket[]>(
    'SELECT id, seatCount FROM sessions WHERE stage = ? ORDER BY seatCount DESC LIMIT 1',
    ['PUBLISHED'],
  );
  const { id: sale } = rows[0]!;
  const keys = keyspace(config.namespace, config.shards);
  const marks = (await redis.get(keys.ofSale(sale).seats))!;
  const seats = [...marks].flatMap((mark, seat) => (mark === '0' ? [seat] : []));
  return { sale: sale as string, seats, epoch: keys.ofShard(keys.shardOf(sale)).epoch };
}

async function emptyOnce(redis: Redis, mysql: Connection, epochKey: string): Promise<Round> {
  const before = Number(await redis.hget(epochKey, 'epoch'));
  const startedMs = performance.now();
  await redis.flushall();
  for (;;) {
    const { epoch, runId } = await redis.hgetall(epochKey);
    if (runId && Number(epoch) > before) break;
    await sleep(10);
  }
  const frozenMs = Math.round(performance.now() - startedMs);
  const [rows] = await mysql.query<RowDataPacket[]>(
    'SELECT report FROM arbiter_incidents ORDER BY epoch DESC LIMIT 1',
  );
  const { report } = rows[0]!;
  return { frozenMs, scheduler: typeof report === 'string' ? JSON.parse(report) : report };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const runDir = resolve(import.meta.dirname, `../.run/bench-${process.pid}`);
const portBase = await freePortBase();
const system = createSystem(runDir, {
  MODE: 'sandbox',
  PORT_BASE: String(portBase),
  EDGE_PORT: String(portBase + EDGE_OFFSET),
});
process.once('exit', () => system.supervisor.killAll());
try {
  await system.start((_title, work) => work(() => undefined));
  await seed(system.config);
  const redis = new Redis(system.config.arbiterUrl);
  const mysql = await createConnection(system.config.mysqlUrl);
  const { sale, seats, epoch } = await biggest(system.config, redis, mysql);
  const orders = await fill(mysql, sale, seats);
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await emptyOnce(redis, mysql, epoch));
    await sleep(2_500); // a repair that has just ended is not begun again
  }
  const free = await redis.hget(epoch.replace(/epoch$/, `sale:${sale}:meta`), 'left:0');
  const frozenMs = median(rounds.map((one) => one.frozenMs));
  const schedulerMs = median(rounds.map((one) => one.scheduler.tookMs));
  const report = { seats: seats.length, orders, left: free, frozenMs, schedulerMs, rounds };
  const say = (text: string) => process.stdout.write(`${text}\n`);
  if (process.argv.includes('--json')) say(JSON.stringify(report));
  else {
    say(`${seats.length} seats in ${orders} orders, arbiter emptied ${ROUNDS} times`);
    say(`locks refused, median       ${frozenMs} ms (goal: at most ${MOST_MS} ms)`);
    say(`  of it the scheduler's work ${schedulerMs} ms`);
    say(`each: ${rounds.map((one) => one.frozenMs).join(', ')} ms`);
  }
  await Promise.all([redis.quit(), mysql.end()]);
  if (frozenMs > MOST_MS) process.exitCode = 1;
} finally {
  await system.stop();
  rmSync(runDir, { recursive: true, force: true });
}
