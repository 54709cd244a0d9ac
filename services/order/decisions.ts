/**
 * What to do with a lock, a deadline, a payment event: every decision about an order's life, as a
 * function of facts. Nothing here reads a clock or a table: the callers gather facts inside a
 * transaction, act on the decision in the same transaction, and an explorer may drive these same
 * functions through every order of events.
 */
import {
  type AbortReason,
  type HoldVerdict,
  type OrderCause,
  type OrderState,
  orderMachine,
} from '../../contracts/order.ts';

export interface CreateFacts {
  /** The verdict that was there before ours; undefined when ours is the first. */
  readonly verdict: HoldVerdict | undefined;
  readonly nowMs: number;
  readonly deadlineMs: number;
  /** Seats the buyer would have, this lock's included. */
  readonly heldAfter: number;
  readonly seatsPerBuyerMax: number;
  /** A live order has one of the seats. */
  readonly claimed: boolean;
}
export type CreateDecision =
  | { readonly do: 'create' }
  | { readonly do: 'ignore' }
  | { readonly do: 'abort'; readonly reason: AbortReason };

/** A lock was announced: does it become an order? */
export function decideCreate(facts: CreateFacts): CreateDecision {
  if (facts.verdict !== undefined) return { do: 'ignore' };
  if (facts.nowMs >= facts.deadlineMs) return { do: 'abort', reason: 'expired' };
  if (facts.heldAfter > facts.seatsPerBuyerMax) return { do: 'abort', reason: 'quota' };
  if (facts.claimed) return { do: 'abort', reason: 'claimed' };
  return { do: 'create' };
}

/** What the provider said when asked to close: `taken`, it has the money already. */
export type CloseAnswer = 'none' | 'closed' | 'taken' | 'unknown';

export interface TimeoutFacts {
  readonly state: OrderState | undefined;
  /** Who has the verdict when there is no order; undefined: nobody yet. */
  readonly verdict: HoldVerdict | undefined;
  readonly nowMs: number;
  readonly deadlineMs: number;
  readonly payGraceMs: number;
  readonly payment: CloseAnswer;
}
export type TimeoutDecision =
  /** Too early; `untilMs` when it is known how long. */
  | { readonly do: 'wait'; readonly untilMs?: number }
  /** No order, and never one: the seats go back. */
  | { readonly do: 'abort' }
  | { readonly do: 'move'; readonly by: OrderCause }
  /** It ended long ago and the arbiter has not heard: tell it again. */
  | { readonly do: 'repeat' };

/**
 * A deadline came due. An open payment is asked to close first. A provider that says it has the
 * money gets the grace for its event to arrive; one that cannot be reached gets nothing, because
 * waiting for it would let a dead provider keep seats, and late money is given back anyway.
 */
export function decideTimeout(facts: TimeoutFacts): TimeoutDecision {
  const { state, nowMs, deadlineMs } = facts;
  if (state === undefined) {
    if (facts.verdict === 'ABORTED') return { do: 'repeat' };
    if (facts.verdict === 'ORDERED') return { do: 'wait' };
    return nowMs >= deadlineMs ? { do: 'abort' } : { do: 'wait', untilMs: deadlineMs };
  }
  if (orderMachine.isEnd(state)) return { do: 'repeat' };
  const graced = state !== 'LOCKED' || facts.payment === 'taken';
  const untilMs = graced ? deadlineMs + facts.payGraceMs : deadlineMs;
  if (nowMs < untilMs) return { do: 'wait', untilMs };
  return { do: 'move', by: state === 'LOCKED' ? 'deadline' : 'grace' };
}

export interface SettleFacts {
  readonly type: 'payment.started' | 'payment.succeeded' | 'payment.failed';
  /** This event was settled before. */
  readonly seen: boolean;
  /** The money of this payment is accounted for: it paid an order, or goes back. */
  readonly spent: boolean;
  /** The payment was opened for another order. */
  readonly foreign: boolean;
  readonly amountFen: number;
  readonly order: { readonly state: OrderState; readonly amountFen: number } | undefined;
}
export type RefundReason = 'mismatch' | 'duplicate' | 'late' | 'unknown';
export type SettleDecision =
  /** `note`: the table has no such move and somebody should see that it was asked for. */
  | { readonly do: 'none'; readonly note?: string }
  | { readonly do: 'move'; readonly by: readonly OrderCause[] }
  | { readonly do: 'refund'; readonly reason: RefundReason };

/** A payment event arrived, for an order whose row is locked by us (or that does not exist). */
export function decideSettle(facts: SettleFacts): SettleDecision {
  const { order, type } = facts;
  if (facts.seen || type === 'payment.failed') return { do: 'none' };
  if (type === 'payment.started') return decideStarted(facts);
  if (facts.spent) return { do: 'none' };
  if (order === undefined) return { do: 'refund', reason: 'unknown' };
  if (facts.foreign || order.amountFen !== facts.amountFen)
    return { do: 'refund', reason: 'mismatch' };
  const path = WAYS_TO_PAID.get(order.state);
  if (path) return { do: 'move', by: path };
  return { do: 'refund', reason: order.state === 'PAID' ? 'duplicate' : 'late' };
}

function decideStarted({ order, foreign, amountFen }: SettleFacts): SettleDecision {
  if (order === undefined) return { do: 'none', note: 'started for no order' };
  if (foreign || order.amountFen !== amountFen) return { do: 'none', note: 'started mismatched' };
  if (orderMachine.next(order.state, 'payment.started') !== undefined)
    return { do: 'move', by: ['payment.started'] };
  // PAYING and PAID have started already: an event that was overtaken, no surprise.
  const overtaken = order.state === 'PAYING' || order.state === 'PAID';
  return overtaken ? { do: 'none' } : { do: 'none', note: `started while ${order.state}` };
}

/** The causes that lead from a state to PAID, read from the machine; at most two steps. */
const WAYS_TO_PAID: ReadonlyMap<OrderState, readonly OrderCause[]> = new Map(
  orderMachine.states.flatMap((state) => {
    if (orderMachine.next(state, 'payment.succeeded')) return [[state, ['payment.succeeded']]];
    const started = orderMachine.next(state, 'payment.started');
    return started && orderMachine.next(started, 'payment.succeeded')
      ? [[state, ['payment.started', 'payment.succeeded']]]
      : [];
  }),
);

/** The message an order that entered this state must send, so that its seats follow it. */
export function decideRelease(
  state: OrderState | 'ABORTED',
): 'order.paid' | 'order.cancelled' | undefined {
  return ENDINGS[state];
}

const ENDINGS: Readonly<
  Record<OrderState | 'ABORTED', 'order.paid' | 'order.cancelled' | undefined>
> = {
  INIT: undefined,
  LOCKED: undefined,
  PAYING: undefined,
  PAID: 'order.paid',
  CANCELLED: 'order.cancelled',
  TIMEOUT_CANCELLED: 'order.cancelled',
  ABORTED: 'order.cancelled',
};
