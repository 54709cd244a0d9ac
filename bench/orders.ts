/**
 * `npm run bench:orders [-- --json]`: how fast accepted locks become orders. The order service runs
 * as in production; it is paused while real locks fill the stream, and the clock runs from its
 * waking until all are acknowledged. The same rows are then written again by bare multi-row
 * inserts, through the same library, as many orders in a transaction. The two take turns, so that a
 * busy machine slows them alike; the first round warms up, of the others the median counts. Also:
 * how long a buyer's order takes to be there, at rates a rush has.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePortBase } from '../bin/supervisor/ports.ts';
import { Supervisor } from '../bin/supervisor/supervisor.ts';
import { SETTINGS } from '../config/schema.ts';
import { newId } from '../contracts/ids.ts';
import { median, percentile } from './figures.ts';
import type { Stage } from './order-stage.ts';

const ROUNDS = 11;
const LOCKS = 2_000;
const LEAST = 0.5;
const RATES = [100, 300, 500];
const RATE_MS = 5_000;
const TICK_MS = 5;
const LATEST_MS = 10_000;

const runDir = resolve(import.meta.dirname, `../.run/bench-${process.pid}`);
const keyrings = Object.values(SETTINGS).filter(({ type }) => type === 'keyring');
Object.assign(process.env, {
  MODE: 'sandbox',
  NAMESPACE: 'bench',
  LOG_LEVEL: 'warn',
  RUN_DIR: runDir,
  PORT_BASE: String(await freePortBase()),
  ...Object.fromEntries(keyrings.map(({ env }) => [env, `k1:${randomBytes(32).toString('hex')}`])),
});
// what reads the configuration is read after it is made
const { config } = await import('../config/index.ts');
const { setStage } = await import('./order-stage.ts');
const { batchesOf, writeBare } = await import('./order-rows.ts');
const { closeDatabase } = await import('../mixins/database.ts');
const { statements } = await import('../mixins/statement.ts');

interface Round {
  readonly drained: number;
  readonly bare: number;
  readonly ratio: number;
}

/** One turn of each: orders per second. */
async function turn(stage: Stage): Promise<Round> {
  const perSecond = (ms: number) => Math.round((LOCKS * 1_000) / ms);
  const orderIds = await stage.lockUnheard(LOCKS);
  const drainMs = await stage.drain();
  const other = newId(Date.now(), randomBytes);
  const bareMs = await writeBare(
    await batchesOf(orderIds.toSorted(), stage.sale, other, config.orderBatchMax),
  );
  return { drained: perSecond(drainMs), bare: perSecond(bareMs), ratio: bareMs / drainMs };
}

/** Offers locks at a rate, whether or not the former were answered: lock → row visible, ms. */
async function latencies(stage: Stage, rate: number): Promise<number[]> {
  const waits: number[] = [];
  const unseen = new Map<string, number>();
  const locks: Promise<void>[] = [];
  const lock = async (askedMs: number) => void unseen.set(await stage.lock(), askedMs);
  const startedMs = performance.now();
  const offered = (rate * RATE_MS) / 1_000;
  while (waits.length < offered) {
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs > RATE_MS + LATEST_MS) throw new Error('locks did not become orders');
    const due = Math.min(offered, Math.floor((elapsedMs * rate) / 1_000));
    while (locks.length < due) locks.push(lock(performance.now()));
    for (const orderId of await visibleOf([...unseen.keys()])) {
      waits.push(performance.now() - unseen.get(orderId)!);
      unseen.delete(orderId);
    }
    await sleep(TICK_MS);
  }
  await Promise.all(locks);
  return waits;
}

async function visibleOf(orderIds: readonly string[]): Promise<string[]> {
  if (orderIds.length === 0) return [];
  const query = 'SELECT orderId FROM orders WHERE orderId IN (:orderIds)';
  const rows = await statements().rows<{ orderId: string }>(query, { orderIds });
  return rows.map(({ orderId }) => orderId);
}

const supervisor = new Supervisor(runDir, process.env);
process.once('exit', () => supervisor.killAll());
try {
  const stage = await setStage(supervisor);
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round++) rounds.push(await turn(stage));
  rounds.shift();
  const visible = [];
  for (const rate of RATES) {
    const waits = await latencies(stage, rate);
    const [p50Ms, p99Ms] = [0.5, 0.99].map((share) => Math.round(percentile(waits, share)));
    visible.push({ rate, p50Ms, p99Ms });
  }
  await Promise.all([stage.end(), closeDatabase()]);
  const ratio = median(rounds.map((round) => round.ratio));
  const say = (text: string) => process.stdout.write(`${text}\n`);
  if (process.argv.includes('--json')) say(JSON.stringify({ ratio, rounds, visible }));
  else {
    say(`orders per second, ${LOCKS} locks, ${config.orderBatchMax} in a transaction, median`);
    say(`  drained into MariaDB  ${median(rounds.map((round) => round.drained))}`);
    say(`  bare inserts          ${median(rounds.map((round) => round.bare))}`);
    say(`  ratio                 ${ratio.toFixed(2)} (goal: at least ${LEAST})`);
    say(`  each                  ${rounds.map((round) => round.ratio.toFixed(2)).join(' ')}`);
    for (const { rate, p50Ms, p99Ms } of visible)
      say(`lock → order visible, ${rate} locks/s  p50 ${p50Ms} ms  p99 ${p99Ms} ms`);
  }
  if (ratio < LEAST) process.exitCode = 1;
} finally {
  await supervisor.stopAll();
  rmSync(runDir, { recursive: true, force: true });
}
