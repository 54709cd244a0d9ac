/** What is told about orders: to their buyer, to an operator, and about a seat. Reads only. */
import type { Page } from '../../contracts/actions.ts';
import type { HoldVerdict, OrderCause, OrderState } from '../../contracts/order.ts';
import { orderMachine } from '../../contracts/order.ts';
import type { OrderView, PaymentView, RefundView } from '../../contracts/order-view.ts';
import type { SeatInspection } from '../../contracts/sale-view.ts';
import { type Statements, statements } from '../../mixins/statement.ts';
import { cursorAt, readCursor } from './cursor.ts';
import { ACTOR_OF, type OrderRow, type OrderSeatRow, type OrderStepRow } from './order.model.ts';

/** Orders of one seat that an inspection shows. */
const SEAT_HISTORY_MAX = 100;
/** Payments, and refunds, of one order that an inspection shows. */
const MONEY_MAX = 100;

interface PaymentRow {
  readonly orderId: string;
  readonly paymentId: string;
  readonly state: string;
  readonly amountFen: number;
  readonly payUrl: string;
  readonly expiresAt: Date;
}
interface RefundRow {
  readonly orderId: string;
  readonly refundId: string;
  readonly amountFen: number;
  readonly state: string;
  readonly refusal: string | null;
  readonly at: Date;
}

/** An order as its buyer sees it, and whose it is; undefined while MySQL has no such order. */
export async function viewOf(
  orderId: string,
): Promise<{ uid: string; view: OrderView } | undefined> {
  const sql = statements();
  const order = await sql.row<OrderRow>('SELECT * FROM orders WHERE orderId = :orderId', {
    orderId,
  });
  if (!order) return undefined;
  const [view] = await viewsOf(sql, [order]);
  return { uid: order.uid, view: view! };
}

/** Why a lock never became an order; undefined while that is not decided. */
export async function abortReason(orderId: string): Promise<string | undefined> {
  const row = await statements().row<{ verdict: HoldVerdict; reason: string }>(
    'SELECT verdict, reason FROM hold_verdicts WHERE orderId = :orderId',
    { orderId },
  );
  return row?.verdict === 'ABORTED' ? row.reason : undefined;
}

/** The buyer's orders, newest first. `cursor` is the `nextCursor` of the page before. */
export async function listOrders(
  uid: string,
  limit: number,
  cursor?: string,
): Promise<Page<OrderView>> {
  const sql = statements();
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const found = await sql.rows<OrderRow>(
    `SELECT * FROM orders WHERE uid = :uid
     ${after ? 'AND (createdAt, orderId) < (:at, :id)' : ''}
     ORDER BY createdAt DESC, orderId DESC LIMIT :limit`,
    { uid, limit: limit + 1, ...after },
  );
  const orders = found.slice(0, limit);
  const last = orders.at(-1);
  const more = found.length > limit && last !== undefined;
  return {
    items: await viewsOf(sql, orders),
    nextCursor: more ? cursorAt(last.createdAt, last.orderId) : null,
  };
}

/** Every payment ever opened for an order and every refund, oldest first. */
export async function moneyOf(
  orderId: string,
): Promise<{ payments: PaymentView[]; refunds: RefundView[] }> {
  const about = <Row extends object>(table: 'payments' | 'refunds') =>
    statements().rows<Row>(
      `SELECT * FROM ${table} WHERE orderId = :orderId ORDER BY createdAt LIMIT :max`,
      { orderId, max: MONEY_MAX },
    );
  const [payments, refunds] = await Promise.all([
    about<PaymentRow>('payments'),
    about<RefundRow>('refunds'),
  ]);
  return { payments: payments.map(paymentView), refunds: refunds.map(refundView) };
}

/**
 * Four plain reads. One statement with JSON_ARRAYAGG over the parts would save three of them, but
 * MariaDB 10.11 was seen to crash on it under load.
 */
export async function viewsOf(sql: Statements, orders: readonly OrderRow[]): Promise<OrderView[]> {
  if (orders.length === 0) return [];
  const ids = orders.map(({ orderId }) => orderId);
  const about = <Row extends { orderId: string }>(query: string): Promise<Map<string, Row[]>> =>
    sql.rows<Row>(query, { ids }).then((rows) => Map.groupBy(rows, ({ orderId }) => orderId));
  const [seats, steps, payments, refunds] = await Promise.all([
    about<OrderSeatRow>('SELECT * FROM order_seats WHERE orderId IN (:ids) ORDER BY orderId, seat'),
    about<OrderStepRow>(
      'SELECT * FROM order_history WHERE orderId IN (:ids) ORDER BY orderId, seq',
    ),
    about<PaymentRow>('SELECT * FROM payments WHERE orderId IN (:ids) ORDER BY createdAt'),
    about<RefundRow>('SELECT * FROM refunds WHERE orderId IN (:ids) ORDER BY createdAt'),
  ]);
  return orders.map((order) => {
    const { orderId } = order;
    const payment = paymentShown(order, payments.get(orderId) ?? []);
    const refund = refunds.get(orderId)?.at(-1);
    return {
      orderId,
      sessionId: order.sessionId,
      state: order.state,
      seats: (seats.get(orderId) ?? []).map(({ seat, label, tier, priceFen }) => ({
        seat,
        label,
        tier,
        priceFen,
      })),
      amountFen: order.amountFen,
      currency: 'CNY',
      deadline: order.deadline.toISOString(),
      history: historyOf(order.createdAt, steps.get(orderId) ?? []),
      ...(payment && { payment: paymentView(payment) }),
      ...(refund && { refund: refundView(refund) }),
    };
  });
}

/** INIT is the lock itself: it has no row, because nothing in MySQL preceded it. */
const historyOf = (lockedAt: Date, steps: readonly OrderStepRow[]): OrderView['history'] => [
  { state: orderMachine.initial, at: lockedAt.toISOString(), by: ACTOR_OF['seat.locked'] },
  ...steps.map(({ toState, at, cause }) => ({
    state: toState,
    at: at.toISOString(),
    by: ACTOR_OF[cause],
  })),
];

/** The payment that paid the order, else the youngest. */
const paymentShown = (order: OrderRow, payments: readonly PaymentRow[]): PaymentRow | undefined =>
  payments.find(({ paymentId }) => paymentId === order.paidBy) ?? payments.at(-1);

const paymentView = (row: PaymentRow): PaymentView => ({
  paymentId: row.paymentId,
  state: row.state,
  amountFen: row.amountFen,
  payUrl: row.payUrl,
  expiresAt: row.expiresAt.toISOString(),
});

const refundView = ({ refundId, amountFen, state, refusal, at }: RefundRow): RefundView => ({
  refundId,
  amountFen,
  state,
  ...(refusal !== null && { refusal }),
  at: at.toISOString(),
});

/** Every order that ever had the seat, oldest first (the youngest hundred), with how it ended. */
export async function seatHistory(
  sessionId: string,
  seat: number,
): Promise<SeatInspection['history']> {
  const rows = await statements().rows<{
    orderId: string;
    state: OrderState;
    at: Date;
    cause: OrderCause;
  }>(
    `SELECT o.orderId, o.state, h.at, h.cause
     FROM order_seats s
     JOIN orders o ON o.orderId = s.orderId
     JOIN order_history h ON h.orderId = o.orderId
       AND h.seq = (SELECT MAX(seq) FROM order_history WHERE orderId = o.orderId)
     WHERE s.sessionId = :sessionId AND s.seat = :seat
     ORDER BY o.createdAt DESC, o.orderId DESC LIMIT :limit`,
    { sessionId, seat, limit: SEAT_HISTORY_MAX },
  );
  return rows.toReversed().map(({ orderId, state, at, cause }) => ({
    orderId,
    state,
    at: at.toISOString(),
    by: ACTOR_OF[cause],
  }));
}
