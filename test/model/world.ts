/**
 * The small world that is explored: two locks, and everything about them in the arbiter, in MySQL,
 * at the provider and on the way between. A world is never changed, only followed by another one.
 * The clock is three moments per lock: before its deadline, after it, after the grace.
 */
import type { HoldVerdict, OrderState } from '../../contracts/order.ts';
import type { CloseAnswer } from '../../services/order/decisions.ts';
import type { Word } from '../../services/scheduler/decisions.ts';

export const DEADLINE_MS = 100;
export const GRACE_MS = 100;
export const CLOCK_MS = [50, 150, 250] as const;
/** Everybody may have one seat. */
export const SEATS_PER_BUYER_MAX = 1;
/** Nobody owns the seat. */
export const NOBODY = -1;

/**
 * Which seat and which buyer each lock is of, and whose buyer acts: pays, cancels. The others only
 * wait for their deadline.
 */
export interface Cast {
  readonly seatOf: readonly number[];
  readonly buyerOf: readonly number[];
  readonly acts: readonly boolean[];
}

export type HoldState = 'none' | 'LOCKED' | 'SOLD' | 'RELEASED';
export interface Seat {
  readonly mark: 0 | 1 | 2;
  readonly owner: number;
}
/** The messages about a lock that its streams have and that nobody has acknowledged. */
export type Letter = 'locked' | 'order.paid' | 'order.cancelled';
export interface Hold {
  readonly state: HoldState;
  readonly waiting: Readonly<Record<Letter, boolean>>;
}
/** What a loss of the last second takes back as a whole. */
export interface Arbiter {
  readonly seats: readonly Seat[];
  readonly holds: readonly Hold[];
}

/** A row of the outbox. `again` was posted once, so its message may come at any time. */
export type Outbox = 'none' | 'unposted' | 'posted' | 'again';
/** An event of the provider: not sent, tried until we answer 200, answered. */
export type Event = 'none' | 'sent' | 'answered';

/** What the world outside the arbiter knows of a lock. */
export interface Life {
  /** The client was told that it has the lock. */
  readonly accepted: boolean;
  readonly clock: number;
  /** The lock's message has left the arbiter once: some consumer may have it in its memory. */
  readonly told: boolean;
  readonly verdict: HoldVerdict | undefined;
  /** The states of the order, oldest first; empty without an order. */
  readonly history: readonly OrderState[];
  readonly claim: boolean;
  readonly outbox: Readonly<Record<'order.paid' | 'order.cancelled', Outbox>>;
  /** It may lose a close: what is open can be paid, whatever it answered. */
  readonly provider: 'none' | 'open' | 'captured';
  readonly succeeded: Event;
  readonly refunds: number;
  /** The provider's answer, in the memory of a process that judges the deadline. */
  readonly closing: CloseAnswer | undefined;
}

export interface World {
  readonly arbiter: Arbiter;
  /** What its disk had at the beginning, or after the last loss. */
  readonly before: Arbiter;
  /** What its disk has since, and will have at the next loss. */
  readonly synced: Arbiter | undefined;
  readonly losses: number;
  /** The run of Redis is the recorded one: locks are accepted. */
  readonly adopted: boolean;
  /** Locks that the repair after a loss has not looked at. */
  readonly unseen: readonly boolean[];
  /** What MySQL said of a lock, in the memory of a reconcile that has not acted on it yet. */
  readonly repair: { readonly of: number; readonly word: Word } | undefined;
  readonly lives: readonly Life[];
  /** MySQL's count per buyer. */
  readonly quota: readonly number[];
}

const FREE: Seat = { mark: 0, owner: NOBODY };
const NO_HOLD: Hold = {
  state: 'none',
  waiting: { locked: false, 'order.paid': false, 'order.cancelled': false },
};
const UNBORN: Life = {
  accepted: false,
  clock: 0,
  told: false,
  verdict: undefined,
  history: [],
  claim: false,
  outbox: { 'order.paid': 'none', 'order.cancelled': 'none' },
  provider: 'none',
  succeeded: 'none',
  refunds: 0,
  closing: undefined,
};

/** Before the first lock. */
export function firstWorld({ seatOf, buyerOf }: Cast): World {
  const arbiter: Arbiter = {
    seats: [...new Set(seatOf)].map(() => FREE),
    holds: seatOf.map(() => NO_HOLD),
  };
  return {
    arbiter,
    before: arbiter,
    synced: undefined,
    losses: 0,
    adopted: true,
    unseen: seatOf.map(() => false),
    repair: undefined,
    lives: seatOf.map(() => UNBORN),
    quota: [...new Set(buyerOf)].map(() => 0),
  };
}

/** Without a payment there is no grace to wait for. */
export const lastClock = (cast: Cast, of: number): number => (cast.acts[of] ? 2 : 1);

export const stateOf = (life: Life): OrderState | undefined => life.history.at(-1);
export const isLive = (life: Life): boolean =>
  ['LOCKED', 'PAYING', 'PAID'].includes(stateOf(life) ?? '');
export const wordOf = (life: Life): Word =>
  stateOf(life) ?? (life.verdict === 'ABORTED' ? 'ABORTED' : 'UNKNOWN');

const replaced = <Item>(items: readonly Item[], at: number, item: Item): readonly Item[] =>
  items.map((old, i) => (i === at ? item : old));

export const withLife = (world: World, of: number, change: Partial<Life>): World => ({
  ...world,
  lives: replaced(world.lives, of, { ...world.lives[of]!, ...change }),
});
export const withArbiter = (world: World, arbiter: Arbiter): World =>
  arbiter === world.arbiter ? world : { ...world, arbiter };
export const withSeat = (arbiter: Arbiter, at: number, seat: Seat): Arbiter => ({
  ...arbiter,
  seats: replaced(arbiter.seats, at, seat),
});
export const withHold = (arbiter: Arbiter, of: number, state: HoldState): Arbiter => ({
  ...arbiter,
  holds: replaced(arbiter.holds, of, { ...arbiter.holds[of]!, state }),
});
/** A message is put on its stream, or acknowledged. */
export function withLetter(arbiter: Arbiter, of: number, letter: Letter, is: boolean): Arbiter {
  const hold = arbiter.holds[of]!;
  if (hold.waiting[letter] === is) return arbiter;
  const waiting = { ...hold.waiting, [letter]: is };
  return { ...arbiter, holds: replaced(arbiter.holds, of, { ...hold, waiting }) };
}
export const withQuota = (world: World, buyer: number, added: number): World => ({
  ...world,
  quota: replaced(world.quota, buyer, world.quota[buyer]! + added),
});
export const withSeen = (world: World, of: number): World =>
  world.unseen[of] ? { ...world, unseen: replaced(world.unseen, of, false) } : world;
