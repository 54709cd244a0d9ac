/**
 * What must always be true of a sale, compared over facts that were loaded before. Pure: the same
 * facts give the same breaches. The numbers are those of the design.
 */
import { LIVE_ORDER_STATES, type OrderState, orderMachine } from '../../contracts/order.ts';
import { SEAT_MARK } from '../../contracts/seat.ts';
import type { AcceptedLock } from './tally.ts';

export interface HoldFact {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  readonly deadlineMs: number;
  readonly state: string;
}
export interface OrderFact {
  readonly orderId: string;
  readonly uid: string;
  readonly state: OrderState;
  readonly deadlineMs: number;
  readonly seats: readonly number[];
  /** States in the order they were entered, the first one included. */
  readonly path: readonly OrderState[];
  readonly amountFen: number;
  /** The payment that paid it. */
  readonly paidBy: string | null;
}
/** A payment in the books of the provider, and what it gave back of it. */
export interface PaymentFact {
  readonly paymentId: string;
  readonly orderId: string;
  readonly state: string;
  readonly amountFen: number;
  readonly backFen: number;
}
/** Money that we asked the provider to give back. */
export interface RefundFact {
  readonly refundId: string;
  readonly paymentId: string;
  readonly state: string;
}
/** Messages of the sale that are not where they should be. */
export interface LetterFacts {
  /** Written and not yet posted. */
  readonly unposted: number;
  /** Not yet taken by a group, or not acknowledged; who and how many. */
  readonly waiting: readonly string[];
  /** In the dead letters; the reason. */
  readonly dead: readonly string[];
}
export interface Facts {
  readonly nowMs: number;
  readonly graceMs: number;
  readonly seatsPerBuyerMax: number;
  // the arbiter
  readonly states: string;
  readonly owners: ReadonlyMap<number, string>;
  readonly holds: ReadonlyMap<string, HoldFact>;
  /** uid → seats held and bought, as counted by the scripts. */
  readonly buyers: ReadonlyMap<string, number>;
  readonly left: ReadonlyMap<string, number>;
  // the layout
  readonly tierOf: ReadonlyMap<number, string>;
  // MySQL
  readonly orders: ReadonlyMap<string, OrderFact>;
  readonly claims: readonly { readonly seat: number; readonly orderId: string }[];
  /** Seats that the house keeps back, and by which block. */
  readonly blocks: ReadonlyMap<number, string>;
  readonly quotas: ReadonlyMap<string, number>;
  readonly verdicts: ReadonlyMap<string, { readonly verdict: string; readonly reason?: string }>;
  readonly refunds: readonly RefundFact[];
  // the provider
  readonly payments: readonly PaymentFact[];
  // the messages
  readonly letters: LetterFacts;
  // the buyers
  readonly accepted: readonly AcceptedLock[];
  /** What contradicted itself on the live stream, as those saw it who watched. */
  readonly watched: readonly string[];
}

export type Invariant = `I${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`;
export interface Breach {
  readonly invariant: Invariant;
  readonly what: string;
}

const LIVE: ReadonlySet<OrderState> = new Set(LIVE_ORDER_STATES);
const isLive = (order: OrderFact | undefined): order is OrderFact =>
  order !== undefined && LIVE.has(order.state);

/** Each invariant in words, and the check that yields what breaks it. */
export const INVARIANTS: Readonly<
  Record<Invariant, { means: string; breaches(facts: Facts): Iterable<string> }>
> = {
  I1: { means: 'no seat has two orders that are not cancelled', breaches: doubleSold },
  I2: { means: 'a locked seat has a live order before its deadline', breaches: stuck },
  I3: { means: 'a paid order or a block ⇔ its seats are sold, no other is', breaches: paidAndSold },
  I4: { means: 'nobody holds and owns more than allowed', breaches: overLimit },
  I5: { means: 'an order’s history is a path of its machine', breaches: strayed },
  I6: { means: 'every accepted lock is an order, or has a reason', breaches: lost },
  I7: { means: 'deltas on a snapshot = the later snapshot', breaches: ({ watched }) => watched },
  I8: { means: 'money in = paid orders + refunds, each once', breaches: unsettled },
  I9: { means: 'left per tier = its available seats', breaches: miscounted },
  I10: { means: 'no message is lost', breaches: undelivered },
};

/** Every breach of every invariant; empty when all hold. */
export function breachesOf(facts: Facts): Breach[] {
  return (Object.keys(INVARIANTS) as Invariant[]).flatMap((invariant) =>
    [...INVARIANTS[invariant].breaches(facts)].map((what) => ({ invariant, what })),
  );
}

function* doubleSold({ orders, claims, blocks }: Facts): Iterable<string> {
  const takenBy = new Map(blocks);
  for (const order of orders.values()) {
    if (!isLive(order)) continue;
    for (const seat of order.seats) {
      const first = takenBy.get(seat);
      if (first) yield `seat ${seat} has two owners: ${first} and ${order.orderId}`;
      takenBy.set(seat, order.orderId);
    }
  }
  for (const { seat, orderId } of claims) {
    if (takenBy.get(seat) !== orderId) yield `seat ${seat} is claimed by ${orderId}, not alive`;
    takenBy.delete(seat);
  }
  for (const [seat, orderId] of takenBy) yield `seat ${seat} of live ${orderId} has no claim`;
}

function* stuck({ states, owners, holds, orders, nowMs, graceMs }: Facts): Iterable<string> {
  for (let seat = 0; seat < states.length; seat++) {
    if (states[seat] !== SEAT_MARK.LOCKED) continue;
    const orderId = owners.get(seat);
    const hold = orderId === undefined ? undefined : holds.get(orderId);
    if (!hold?.seats.includes(seat)) yield `seat ${seat} is locked by nobody (${orderId})`;
    else if (nowMs > hold.deadlineMs + graceMs)
      yield `seat ${seat} is locked ${nowMs - hold.deadlineMs} ms after the deadline of ${orderId}`;
    else if (!isLive(orders.get(hold.orderId))) yield `seat ${seat} is locked, and no live order`;
  }
}

/** What the house keeps back counts as its own for good: nobody else can have it either. */
function* paidAndSold({ states, owners, orders, blocks }: Facts): Iterable<string> {
  const paidFor = new Map(blocks);
  for (const { orderId, state, seats } of orders.values())
    if (state === 'PAID') for (const seat of seats) paidFor.set(seat, orderId);
  for (const [seat, orderId] of paidFor) {
    if (states[seat] !== SEAT_MARK.SOLD) yield `seat ${seat} of ${orderId} is not sold`;
    else if (owners.get(seat) !== orderId)
      yield `seat ${seat} of ${orderId} is owned by ${owners.get(seat)}`;
  }
  for (let seat = 0; seat < states.length; seat++)
    if (states[seat] === SEAT_MARK.SOLD && !paidFor.has(seat))
      yield `seat ${seat} is sold to ${owners.get(seat)}, and nobody paid`;
}

function* overLimit(facts: Facts): Iterable<string> {
  const { states, owners, holds, buyers, orders, quotas, seatsPerBuyerMax } = facts;
  const inArbiter = new Map<string, number>();
  for (const [seat, orderId] of owners) {
    const uid = states[seat] === SEAT_MARK.AVAILABLE ? undefined : holds.get(orderId)?.uid;
    // The house is no buyer.
    if (uid) inArbiter.set(uid, (inArbiter.get(uid) ?? 0) + 1);
  }
  const inOrders = new Map<string, number>();
  for (const order of orders.values())
    if (isLive(order)) inOrders.set(order.uid, (inOrders.get(order.uid) ?? 0) + order.seats.length);
  const counted = [inArbiter, inOrders, buyers, quotas].flatMap((counts) => [...counts.keys()]);
  for (const uid of new Set(counted)) {
    const counts = [inArbiter.get(uid) ?? 0, inOrders.get(uid) ?? 0];
    if (Math.max(...counts) > seatsPerBuyerMax) yield `${uid} has ${Math.max(...counts)} seats`;
    if ((buyers.get(uid) ?? 0) !== counts[0])
      yield `${uid} holds ${counts[0]} seats, the arbiter counts ${buyers.get(uid) ?? 0}`;
    if ((quotas.get(uid) ?? 0) !== counts[1])
      yield `${uid} has ${counts[1]} seats in live orders, its quota says ${quotas.get(uid) ?? 0}`;
  }
}

function* strayed({ orders }: Facts): Iterable<string> {
  for (const { orderId, state, path } of orders.values())
    if (!orderMachine.isPath(path) || path.at(-1) !== state)
      yield `${orderId} is ${state} by ${path.join(' → ')}`;
}

function* lost({ accepted, orders, verdicts, holds, nowMs, graceMs }: Facts): Iterable<string> {
  for (const { orderId, seats } of accepted) {
    const verdict = verdicts.get(orderId);
    const order = orders.get(orderId);
    if (!verdict) {
      const hold = holds.get(orderId);
      const pending = hold?.state === 'LOCKED' && nowMs <= hold.deadlineMs + graceMs;
      if (!pending) yield `${orderId} was accepted and has no verdict`;
    } else if (verdict.verdict === 'ABORTED' && !verdict.reason)
      yield `${orderId} was aborted without a reason`;
    else if ((verdict.verdict === 'ORDERED') !== (order !== undefined))
      yield `${orderId} has the verdict ${verdict.verdict} and ${order ? 'an' : 'no'} order`;
    else if (order && String(order.seats) !== String(seats.toSorted((a, b) => a - b)))
      yield `${orderId} was told ${seats}, its order has ${order.seats}`;
  }
}

function* unsettled({ orders, payments, refunds }: Facts): Iterable<string> {
  const taken = new Map(payments.map((payment) => [payment.paymentId, payment]));
  for (const { paymentId, orderId, state, amountFen, backFen } of payments) {
    const order = orders.get(orderId);
    const bought = order?.state === 'PAID' && order.paidBy === paymentId;
    const owedFen = state === 'SUCCEEDED' && !bought ? amountFen : 0;
    const what = `payment ${paymentId} is ${state}, its order ${order?.state}`;
    if (backFen !== owedFen)
      yield `${what}${bought ? ' by it' : ''}: ${owedFen} fen owed, ${backFen} given back`;
    if (bought && amountFen !== order.amountFen)
      yield `${orderId} costs ${order.amountFen} fen, ${amountFen} were paid`;
  }
  for (const { orderId, state, paidBy } of orders.values())
    if (state === 'PAID' && taken.get(paidBy ?? '')?.state !== 'SUCCEEDED')
      yield `${orderId} is paid by ${paidBy}, and the provider has no such money`;
  for (const { refundId, state } of refunds)
    if (state !== 'REFUNDED') yield `refund ${refundId} is ${state}`;
}

function* undelivered({ letters: { unposted, waiting, dead } }: Facts): Iterable<string> {
  if (unposted > 0) yield `${unposted} messages of the outbox are not posted`;
  yield* waiting;
  for (const reason of dead) yield `a message died: ${reason}`;
}

function* miscounted({ states, left, tierOf }: Facts): Iterable<string> {
  const available = new Map([...left.keys(), ...tierOf.values()].map((tier) => [tier, 0]));
  for (const [seat, tier] of tierOf)
    if (states[seat] === SEAT_MARK.AVAILABLE) available.set(tier, (available.get(tier) ?? 0) + 1);
  for (const [tier, count] of available)
    if (left.get(tier) !== count) yield `${tier}: left says ${left.get(tier)}, ${count} available`;
  for (let seat = 0; seat < states.length; seat++)
    if (states[seat] !== '-' && !tierOf.has(seat)) yield `seat ${seat} is not in the layout`;
}
