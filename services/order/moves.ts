/**
 * The one way an order changes its state: a guarded update built from the table of
 * `contracts/order.ts`, with its history row, the seats and quota it gives back, and the message it
 * owes, in one transaction. Who asks for a move that the table does not have gets `false`.
 */
import type { OrderCancelled, OrderPaid } from '../../contracts/channels.ts';
import { type OrderCause, type OrderState, orderMachine } from '../../contracts/order.ts';
import type { Statements } from '../../mixins/statement.ts';
import { decideRelease } from './decisions.ts';
import { type OrderRow, seatsOf } from './order.model.ts';
import { enqueue, type Letter } from './outbox.ts';

/**
 * Moves an order whose row the caller has locked.
 * @param at now, by MySQL's clock, as SQL time.
 * @param paidBy the payment that paid it, when it is paid by this move.
 * @returns the new state, or undefined when the table has no such move (nothing was changed).
 */
export async function moveOrder(
  sql: Statements,
  order: OrderRow,
  by: OrderCause,
  at: string,
  paidBy: string | null = order.paidBy,
): Promise<OrderState | undefined> {
  const { orderId } = order;
  const to = orderMachine.next(order.state, by);
  if (to === undefined) return undefined;
  const moved = await sql.change(
    `UPDATE orders SET state = :to, paidBy = :paidBy, updatedAt = :at
     WHERE orderId = :orderId AND state IN (:sources)`,
    { to, paidBy, at, orderId, sources: [...orderMachine.sourcesOf(by)] },
  );
  if (moved === 0) return undefined;
  await sql.change(
    `INSERT INTO order_history (orderId, seq, fromState, toState, cause, at)
     SELECT :orderId, COUNT(*) + 1, :from, :to, :by, :at
     FROM order_history WHERE orderId = :orderId`,
    { orderId, from: order.state, to, by, at },
  );
  const owed = decideRelease(to);
  if (owed === undefined) return to;
  const seats = await seatsOf(sql, orderId);
  if (owed === 'order.cancelled') await giveBack(sql, order, seats);
  await enqueue(sql, lettersOf({ ...order, state: to }, seats), at);
  return to;
}

/** Quota before claims, as creation takes them: two transactions never wait for each other. */
async function giveBack(sql: Statements, order: OrderRow, seats: readonly number[]): Promise<void> {
  const { sessionId, uid, orderId } = order;
  await sql.change(
    'UPDATE buyer_quotas SET held = held - :count WHERE sessionId = :sessionId AND uid = :uid',
    { count: seats.length, sessionId, uid },
  );
  await sql.change(
    `DELETE FROM seat_claims
     WHERE sessionId = :sessionId AND seat IN (:seats) AND orderId = :orderId`,
    { sessionId, seats: [...seats], orderId },
  );
}

/** What an order in this state owes the arbiter and the hall; nothing while it is alive unpaid. */
export function lettersOf(order: OrderRow, seats: readonly number[]): Letter[] {
  const channel = decideRelease(order.state);
  if (channel === undefined) return [];
  const about = { sale: order.sessionId, orderId: order.orderId, uid: order.uid, seats };
  const payload: OrderPaid | OrderCancelled =
    channel === 'order.paid'
      ? about
      : { ...about, reason: order.state as OrderCancelled['reason'] };
  const eventId = `${order.orderId}:${channel === 'order.paid' ? 'paid' : 'cancelled'}`;
  return [{ eventId, channel, payload, requestId: order.requestId }];
}
