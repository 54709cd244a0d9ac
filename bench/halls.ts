/**
 * The halls `bench:lock` locks in: a fresh one, and one where free and taken seats alternate and
 * one pair is left, in the worst row. Every lock is released again by `EVAL`, which Redis counts
 * apart from `EVALSHA`.
 */
import type { ChainableCommander, Redis } from 'ioredis';
import { keyspace } from '../contracts/keys.ts';
import type { LockRequest } from '../lua/arbiter.ts';
import { createArbiter } from '../lua/arbiter.ts';
import { argsOf, keysOf, loadScript } from '../lua/loader.ts';
import { lockCall } from '../lua/questions.ts';
import { plainHall } from '../test/lua/hall.ts';

export type Kind = 'trivialUs' | 'chosenUs' | 'bestUs' | 'bestLastUs';
export const KINDS: readonly Kind[] = ['trivialUs', 'chosenUs', 'bestUs', 'bestLastUs'];

export const benchKeys = keyspace('bench', 1);
const ROW = 30;
const HOUR = 3_600_000;
const TIER = 'A';
const scripts = { lock: loadScript('sale/lock'), best: loadScript('sale/best') };
const release = loadScript('sale/release');
/** The least a script of this project does: it notes who has a seat, and answers a word. */
const ONE_WRITE = "#!lua\nredis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) return { 'OK', ARGV[2] }";

export interface Hall {
  readonly seats: number;
  /** Makes so many calls of a kind, each undone at once. */
  run(kind: Kind, calls: number): Promise<void>;
}

/** Opens a sale of plain rows, one tier. */
export async function openSale(redis: Redis, sale: string, seats: number) {
  const arbiter = createArbiter({ redis, keys: benchKeys });
  const nowMs = Date.now();
  await arbiter.adopt(0, 1);
  await arbiter.open(
    sale,
    plainHall(seats, ROW),
    { [TIER]: 38_000 },
    {
      reservationRequired: false,
      reservationOpensAtMs: nowMs,
      reservationClosesAtMs: nowMs,
      opensAtMs: nowMs - HOUR,
      closesAtMs: nowMs + HOUR,
      seatsPerBuyerMax: 6,
      lockMs: HOUR,
    },
  );
  return arbiter;
}

/** The first seat of pair `n` of a hall; pairs never cross an aisle. */
export const pairAt = (seats: number, n: number) => {
  const pair = n % Math.floor(seats / 2);
  return Math.floor((2 * pair) / ROW) * (ROW + 1) + ((2 * pair) % ROW);
};

/** Both halls of one size. */
export async function openHalls(redis: Redis, seats: number): Promise<Hall> {
  const [fresh, left] = [`fresh${seats}`, `left${seats}`];
  const arbiter = await openSale(redis, fresh, seats);
  await openSale(redis, left, seats);
  await leaveOnePair(redis, left, await arbiter.runId());
  const runId = await arbiter.runId();
  const writeSha = String(await redis.script('LOAD', ONE_WRITE));
  for (const { text } of [scripts.lock, scripts.best]) await redis.script('LOAD', text);
  let calls = 0;

  const ask = (line: ChainableCommander, sale: string, what: Partial<LockRequest>) => {
    const orderId = `order-${seats}-${calls++}`;
    const who = { sale, uid: `buyer${calls}`, orderId, requestId: `request${calls}` };
    queue(line, { ...who, ...what }, runId);
    return orderId;
  };
  const undo = (line: ChainableCommander, sale: string, orderId: string) => {
    const args = argsOf(release, { sale, orderId, reason: 'CANCELLED', nowMs: '' });
    const keys = keysOf(release, benchKeys, sale);
    line.eval(release.text, keys.length, ...keys, ...args);
  };
  // Undone at once: every call meets the same hall.
  const lock = (line: ChainableCommander, sale: string, what: Partial<LockRequest>) =>
    undo(line, sale, ask(line, sale, what));
  const { owners } = benchKeys.ofSale(fresh);
  const best = { count: 2, tier: TIER };
  const oneCall: Record<Kind, (line: ChainableCommander) => void> = {
    trivialUs: (line) => line.evalsha(writeSha, 1, `${owners}-alone`, calls, `order-${calls++}`),
    chosenUs: (line) => {
      // A step that is no divisor of the hall: who comes next does not sit next.
      const first = pairAt(seats, calls * 7_919);
      lock(line, fresh, { seats: [first, first + 1] });
    },
    bestUs: (line) => lock(line, fresh, { best }),
    bestLastUs: (line) => lock(line, left, { best }),
  };
  const run = async (kind: Kind, times: number) => {
    const line = redis.pipeline();
    for (let n = 0; n < times; n++) oneCall[kind](line);
    await confirmed(line);
  };
  return { seats, run };
}

function queue(line: ChainableCommander, request: LockRequest, runId: string): void {
  const { script, args } = lockCall(request);
  const keys = keysOf(scripts[script], benchKeys, request.sale);
  const given = argsOf(scripts[script], { sale: request.sale, ...args, runId, nowMs: '' });
  line.evalsha(scripts[script].sha, keys.length, ...keys, ...given);
}

/** Takes every second seat but the last of all, which with the one before it is the last pair. */
async function leaveOnePair(redis: Redis, sale: string, runId: string): Promise<void> {
  const keys = benchKeys.ofSale(sale);
  const marks = String(await redis.get(keys.seats));
  const wanted = [...marks].flatMap((mark, seat) => {
    const place = seat % (ROW + 1);
    return mark === '0' && place % 2 === 1 && seat !== marks.length - 1 ? [seat] : [];
  });
  await redis.script('LOAD', scripts.lock.text);
  const line = redis.pipeline();
  for (let n = 0; n < wanted.length; n += 6) {
    const seats = wanted.slice(n, n + 6);
    const who = { uid: `early${n}`, orderId: `early-${n}`, requestId: '' };
    queue(line, { sale, ...who, seats }, runId);
  }
  await confirmed(line);
  const runs = String(await redis.get(keys.runs));
  if (!/^1*21*$/.test(runs)) throw new Error(`not one pair is left, but runs are ${runs}`);
}

/** Sends a pipeline; every script in it must have said yes. */
async function confirmed(line: ChainableCommander): Promise<void> {
  for (const [error, reply] of (await line.exec()) ?? []) {
    if (error) throw error;
    if ((reply as unknown[])[0] !== 'OK')
      throw new Error(`a lock of the bench was refused: ${String(reply)}`);
  }
}
