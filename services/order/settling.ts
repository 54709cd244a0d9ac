/**
 * What a payment event does to an order, in one transaction: the event once, the order's row
 * locked, the move or the refund with the message it owes. Whatever commits first, payment or
 * timeout, the other finds a row that no longer allows its move.
 */
import type { PaymentEvent, SettleAnswer } from '../../contracts/actions.ts';
import { inTransaction } from '../../mixins/database.ts';
import { type Statements, sqlTime, statements } from '../../mixins/statement.ts';
import { decideSettle } from './decisions.ts';
import { moveOrder } from './moves.ts';
import { lockOrder, type OrderRow } from './order.model.ts';
import { requestRefund } from './refunds.ts';

/** A verified event, and which order we opened its payment for when we know the payment. */
export type Settlement = PaymentEvent & { readonly openedFor?: string };

export interface Settled extends SettleAnswer {
  /** An event that asked for a move the table does not have, in words for the log. */
  readonly note?: string;
}

/**
 * Settles one event, whole or not at all; again, it changes nothing.
 * @param mintRefundId called only when money goes back.
 */
export function settle(
  event: Settlement,
  requestId: string,
  mintRefundId: () => string,
): Promise<Settled> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const at = sqlTime(await sql.nowMs());
    const seen = (await recordEvent(sql, event, at)) === 0;
    const order = await lockOrder(sql, event.orderId);
    const spent = !seen && (await isSpent(sql, event.paymentId));
    const { openedFor, orderId } = event;
    const foreign = openedFor !== undefined && openedFor !== orderId;
    const decision = decideSettle({ ...event, seen, spent, foreign, order });
    switch (decision.do) {
      case 'none':
        return { effect: 'none', state: order?.state, note: decision.note };
      case 'move': {
        let moving: OrderRow = order!;
        for (const by of decision.by) {
          const paidBy = by === 'payment.succeeded' ? event.paymentId : null;
          const state = await moveOrder(sql, moving, by, at, paidBy);
          // the row is locked and the table was asked: only a bug comes here, and it rolls back
          if (state === undefined) throw new Error(`${orderId} could not move by ${by}`);
          moving = { ...moving, state };
        }
        return { effect: 'moved', state: moving.state };
      }
      case 'refund':
        await requestRefund(
          sql,
          { ...event, refundId: mintRefundId(), reason: decision.reason },
          requestId,
          at,
        );
        return { effect: 'refunded', state: order?.state };
    }
  });
}

function recordEvent(sql: Statements, event: Settlement, at: string): Promise<number> {
  const { eventId, paymentId, orderId, type, amountFen } = event;
  return sql.change(
    `INSERT IGNORE INTO payment_events
       (eventId, paymentId, orderId, type, amountFen, raw, receivedAt)
     VALUES (:eventId, :paymentId, :orderId, :type, :amountFen, :raw, :at)`,
    { eventId, paymentId, orderId, type, amountFen, raw: JSON.stringify(event), at },
  );
}

/** True when a payment's money was given back or has paid an order. Waits for its other events. */
async function isSpent(sql: Statements, paymentId: string): Promise<boolean> {
  const events = await sql.rows<{ paidBy: string | null }>(
    `SELECT orders.paidBy FROM payment_events LEFT JOIN orders USING (orderId)
     WHERE payment_events.paymentId = :paymentId FOR UPDATE`,
    { paymentId },
  );
  if (events.some(({ paidBy }) => paidBy === paymentId)) return true;
  const refund = await sql.row('SELECT refundId FROM refunds WHERE paymentId = :paymentId', {
    paymentId,
  });
  return refund !== undefined;
}
