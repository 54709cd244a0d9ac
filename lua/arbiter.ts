/**
 * The typed door to the arbiter: the only file that runs the scripts of `lua/sale` and `lua/shard`.
 * A refusal of a script is thrown as `refuse(word, data)`; weather (Redis away, full, loading) is
 * thrown as `ARBITER_AWAY`.
 */
import type { Redis } from 'ioredis';
import type { LockedSeat } from '../contracts/channels.ts';
import { refuse } from '../contracts/errors.ts';
import type { Keyspace } from '../contracts/keys.ts';
import type { Lane } from '../contracts/lane.ts';
import type { LayoutColumns } from '../contracts/layout.ts';
import type { SaleState, SaleSwitch, SaleTerms } from '../contracts/sale.ts';
import type { InspectedSeatState } from '../contracts/seat.ts';
import { argsOf, keysOf, loadScript, type Script, type Value } from './loader.ts';
import { isOffset, lockCall, type Origin, openArgs, plain, reserveArgs } from './questions.ts';
import { type Repairs, repairsOf } from './repairs.ts';
import { accepted, changed, readAnswer, readHold, readSeat, readView } from './replies.ts';
import { inWeather, type Reply, runScript } from './runner.ts';
import { type Run, runOf, type Shards, shardsOf } from './shards.ts';

export interface SaleView {
  readonly sale: string;
  readonly switch: SaleSwitch;
  readonly state: Exclude<SaleState, 'DRAFT'>;
  readonly terms: SaleTerms;
  readonly left: Readonly<Record<string, number>>;
  readonly leftTotal: number;
  readonly epoch: number;
  readonly version: number;
}
export interface SeatSnapshot {
  readonly epoch: number;
  readonly version: number;
  readonly states: string;
}
export interface LockRequest {
  readonly sale: string;
  readonly uid: string;
  readonly orderId: string;
  readonly requestId: string;
  /** Of the request, and so of the message it leads to. */
  readonly lane?: Lane;
  /** Exactly one of the two. */
  readonly seats?: readonly number[];
  readonly best?: { readonly count: number; readonly tier: string; readonly section?: string };
  readonly idempotencyKey?: string;
  /** Tests only: the clock instead of `TIME`. */
  readonly nowMs?: number;
}
export interface LockAnswer {
  readonly orderId: string;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly deadlineMs: number;
  readonly version: number;
  /** True when all seats stand side by side in one row (one seat is). */
  readonly adjacent: boolean;
  /** True when this answers a repeated Idempotency-Key: nothing was locked now. */
  readonly replayed: boolean;
}
export type HoldState = 'LOCKED' | 'SOLD' | 'RELEASED' | 'BLOCKED';
export interface Hold {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly deadlineMs: number;
  readonly state: HoldState;
}
export interface SeatView {
  readonly seat: number;
  readonly label: string;
  readonly tier: string;
  readonly state: InspectedSeatState;
  /** Of the order that has it; a block has none. */
  readonly orderId?: string;
  readonly uid?: string;
  readonly deadlineMs?: number;
}

export interface Arbiter extends Shards, Repairs {
  /**
   * Opens every seat of a sale under its terms, its switch as told (OPEN). Again: changes nothing,
   * `created` false; a sale that has lost a part of itself is opened anew.
   */
  open(
    sale: string,
    layout: LayoutColumns,
    pricesFen: Readonly<Record<string, number>>,
    terms: SaleTerms,
    to?: SaleSwitch,
  ): Promise<{ created: boolean }>;
  /** Turns the switch. CLOSED is final: turning it back refuses SALE_CLOSED. */
  turn(sale: string, to: SaleSwitch): Promise<SaleView>;
  /** @throws NOT_FOUND, RESERVATION_CLOSED */
  reserve(
    sale: string,
    uid: string,
    nowMs?: number,
    from?: Origin,
  ): Promise<{ reservedAtMs: number; created: boolean }>;
  isReserved(sale: string, uid: string): Promise<boolean>;
  /**
   * Locks all seats or none.
   * @throws NOT_FOUND, SALE_NOT_OPEN, SALE_PAUSED, SALE_CLOSED, SOLD_OUT, SEAT_TAKEN, SEAT_UNKNOWN,
   * SEAT_REPEATED, LIMIT_REACHED, IDEMPOTENCY_CONFLICT, ARBITER_AWAY
   */
  lock(request: LockRequest): Promise<LockAnswer>;
  /** SOLD when this orderId holds the seats; `changed` false when late or repeated. */
  sell(sale: string, orderId: string): Promise<{ changed: boolean }>;
  /** AVAILABLE when this orderId or blockId holds them unsold; `changed` false when late. */
  release(sale: string, orderId: string, reason: string): Promise<{ changed: boolean }>;
  /**
   * Posts `deadline.due` for up to `limit` holds that are due; they are due again `repeatMs` later,
   * and later each time: after as long as they are late, at most 30 times `repeatMs`.
   */
  due(sale: string, limit: number, repeatMs: number, nowMs?: number): Promise<{ posted: number }>;
  /** @throws NOT_FOUND */
  view(sale: string, nowMs?: number): Promise<SaleView>;
  /** @throws NOT_FOUND */
  snapshot(sale: string): Promise<SeatSnapshot>;
  hold(sale: string, orderId: string): Promise<Hold | undefined>;
  /** @throws NOT_FOUND, SEAT_UNKNOWN */
  seat(sale: string, seat: number): Promise<SeatView>;
  /** Holds whose deadline passed more than `lateMs` ago and that are still LOCKED, oldest first. */
  late(sale: string, lateMs: number, limit: number): Promise<Hold[]>;
  /** Round trip; throws ARBITER_AWAY. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** How many deadlines one look for late holds goes through, per sale. */
const LATE_SCAN = 2_000;

const SCRIPTS = {
  open: loadScript('sale/open'),
  turn: loadScript('sale/turn'),
  reserve: loadScript('sale/reserve'),
  lock: loadScript('sale/lock'),
  best: loadScript('sale/best'),
  sell: loadScript('sale/sell'),
  release: loadScript('sale/release'),
  due: loadScript('sale/due'),
  late: loadScript('sale/late'),
  view: loadScript('sale/view'),
  snapshot: loadScript('sale/snapshot'),
  seat: loadScript('sale/seat'),
  count: loadScript('sale/count'),
  occupied: loadScript('sale/occupied'),
  restore: loadScript('sale/restore'),
  enrol: loadScript('sale/enrol'),
  recount: loadScript('sale/recount'),
  announce: loadScript('sale/announce'),
  freeze: loadScript('shard/freeze'),
  adopt: loadScript('shard/adopt'),
} satisfies Record<string, Script>;

/** Empty: the script asks `TIME`. */
const clockOf = (nowMs?: number) => nowMs ?? '';

type Ask = (
  name: keyof typeof SCRIPTS,
  sale: string,
  args: Readonly<Record<string, Value | Value[]>>,
) => Promise<Reply>;

/**
 * The arbiter behind a connection, which stays the caller's until `close`.
 * @param redis its settings decide how long a call may take before it is `ARBITER_AWAY`
 */
export function createArbiter({ redis, keys }: { redis: Redis; keys: Keyspace }): Arbiter {
  const run = runOf(redis);
  const ask: Ask = (name, sale, args) => {
    const script = SCRIPTS[name];
    const known = script.args.includes('sale') ? { sale: plain('sale', sale), ...args } : args;
    return runScript(redis, script, keysOf(script, keys, sale), argsOf(script, known));
  };
  return {
    ...saleOf(ask),
    ...seatMoves(ask, run),
    ...looks(ask, redis, keys),
    ...repairsOf(ask, run),
    ...shardsOf(redis, keys, run, SCRIPTS),
    ping: () => inWeather(async () => void (await redis.ping())),
    close: async () => {
      run.forget();
      if (redis.status === 'ready') await redis.quit();
      else redis.disconnect();
    },
  };
}

/** A sale's own life. */
function saleOf(ask: Ask): Pick<Arbiter, 'open' | 'turn' | 'reserve' | 'view'> {
  const view = async (sale: string, nowMs?: number) =>
    readView(sale, accepted(await ask('view', sale, { nowMs: clockOf(nowMs) })));
  return {
    view,
    open: async (sale, layout, pricesFen, terms, to = 'OPEN') => ({
      created: changed(await ask('open', sale, openArgs(layout, pricesFen, terms, to))),
    }),
    turn: async (sale, to) => {
      accepted(await ask('turn', sale, { to }));
      return view(sale);
    },
    reserve: async (sale, uid, nowMs, from) => {
      const args = { ...reserveArgs(uid, from), nowMs: clockOf(nowMs) };
      const [at, created] = accepted(await ask('reserve', sale, args));
      return { reservedAtMs: Number(at), created: created === 1 };
    },
  };
}

/** What moves seats, and what reminds of those that must move. */
function seatMoves(ask: Ask, run: Run): Pick<Arbiter, 'lock' | 'sell' | 'release' | 'due'> {
  return {
    lock: async (request) => {
      const { script, args } = lockCall(request);
      const known = { ...args, runId: await run.id(), nowMs: clockOf(request.nowMs) };
      const [hold] = accepted(await ask(script, request.sale, known));
      return readAnswer(String(hold), request.orderId);
    },
    sell: async (sale, orderId) => ({
      changed: changed(await ask('sell', sale, { orderId, runId: await run.id(), nowMs: '' })),
    }),
    release: async (sale, orderId, reason) => {
      const known = { orderId, runId: await run.id(), nowMs: '' };
      const args = { ...known, reason: plain('reason', reason) };
      return { changed: changed(await ask('release', sale, args)) };
    },
    due: async (sale, limit, repeatMs, nowMs) => {
      const reply = await ask('due', sale, { limit, repeatMs, nowMs: clockOf(nowMs) });
      return { posted: reply[0] === 'NOT_FOUND' ? 0 : Number(accepted(reply)[0]) };
    },
  };
}

type Looks = Pick<Arbiter, 'snapshot' | 'hold' | 'seat' | 'late' | 'isReserved'>;

function looks(ask: Ask, redis: Redis, keys: Keyspace): Looks {
  return {
    isReserved: (sale, uid) =>
      inWeather(async () => (await redis.hexists(keys.ofSale(sale).reserved, uid)) === 1),
    snapshot: async (sale) => {
      const [epoch, version, states] = accepted(await ask('snapshot', sale, {}));
      return { epoch: Number(epoch), version: Number(version), states: String(states) };
    },
    hold: (sale, orderId) =>
      inWeather(async () => {
        const json = await redis.hget(keys.ofSale(sale).holds, orderId);
        return json === null ? undefined : readHold(json);
      }),
    seat: async (sale, seat) => {
      if (!isOffset(seat)) refuse('SEAT_UNKNOWN', { seats: [seat] });
      return readSeat(accepted(await ask('seat', sale, { seat })));
    },
    late: async (sale, lateMs, limit) => {
      const reply = await ask('late', sale, { lateMs, limit, scan: LATE_SCAN, nowMs: '' });
      return reply[0] === 'NOT_FOUND' ? [] : accepted(reply).map((json) => readHold(String(json)));
    },
  };
}
