/**
 * A seat freed by hand: the unpaid order that has it is cancelled, and the seat follows its order
 * as always. Nobody reaches past the order to the seat, so both are told the same.
 */
import type { FreedSeat } from '../../contracts/admin.ts';
import { type RefusalWord, refuse } from '../../contracts/errors.ts';
import { readBlockId } from '../../contracts/ids.ts';
import type { OrderState } from '../../contracts/order.ts';
import type { SeatInspection } from '../../contracts/sale-view.ts';
import { type Auditor, writeAudit } from '../../mixins/audit.ts';
import { inTransaction } from '../../mixins/database.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';
import { moveOrder } from './moves.ts';
import { lockOrder, seatsOf } from './order.model.ts';

/** Why an order in this state is left as it is; the others have no seat any more. */
const LEFT_ALONE: Readonly<Partial<Record<OrderState, RefusalWord>>> = {
  PAYING: 'ORDER_NOT_CANCELLABLE',
  PAID: 'SEAT_SOLD',
};

/**
 * The order that has a seat: by MySQL's books, or, while it is no order yet, by the arbiter.
 * @throws SEAT_SOLD, SEAT_NOT_HELD, SEAT_BLOCKED
 */
export async function holderOf(
  sessionId: string,
  seat: number,
  inspect: () => Promise<Pick<SeatInspection, 'state' | 'orderId'>>,
): Promise<string> {
  const claim = await statements().row<{ orderId: string }>(
    'SELECT orderId FROM seat_claims WHERE sessionId = :sessionId AND seat = :seat',
    { sessionId, seat },
  );
  if (claim) return readBlockId(claim.orderId) ? refuse('SEAT_BLOCKED') : claim.orderId;
  const { state, orderId } = await inspect();
  if (state === 'SOLD' || state === 'BLOCKED') return refuse(`SEAT_${state}`);
  return state === 'LOCKED' && orderId !== undefined ? orderId : refuse('SEAT_NOT_HELD');
}

/**
 * Cancels an order for the sake of its seats, with the audit row of who wanted it and why.
 * @throws SEAT_SOLD, SEAT_NOT_HELD, ORDER_NOT_CANCELLABLE
 */
export const cancelByHand = (
  orderId: string,
  reason: string,
  operator: Auditor,
): Promise<FreedSeat> =>
  inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const order = (await lockOrder(sql, orderId)) ?? refuse('SEAT_NOT_HELD');
    const state = await moveOrder(sql, order, 'operator', sqlTime(await sql.nowMs()));
    if (state === undefined) return refuse(LEFT_ALONE[order.state] ?? 'SEAT_NOT_HELD');
    const seats = await seatsOf(sql, orderId);
    const { uid, sessionId } = order;
    const before = { state: order.state, uid, sessionId, seats };
    const change = { action: 'order.cancel', target: orderId, before, after: { state, reason } };
    await writeAudit(operator, change, transaction);
    return { orderId, state, seats };
  });
