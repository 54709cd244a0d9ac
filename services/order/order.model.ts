/**
 * The rows of an order as MySQL keeps them, and the reads that several rules share. Writers live
 * with their rule: creation, moves, settling, outbox.
 */
import type { OrderCause, OrderState } from '../../contracts/order.ts';
import type { Statements } from '../../mixins/statement.ts';

export interface OrderRow {
  readonly orderId: string;
  readonly sessionId: string;
  readonly uid: string;
  readonly state: OrderState;
  readonly amountFen: number;
  readonly deadline: Date;
  readonly paidBy: string | null;
  readonly requestId: string;
  readonly requestKey: string | null;
  readonly fingerprint: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export interface OrderSeatRow {
  readonly orderId: string;
  readonly seat: number;
  readonly label: string;
  readonly tier: string;
  readonly priceFen: number;
}
export interface OrderStepRow {
  readonly orderId: string;
  readonly toState: OrderState;
  readonly cause: OrderCause;
  readonly at: Date;
}

/** Who brought a state about, as the buyer is told (`by` of a history step). */
export const ACTOR_OF: Readonly<Record<OrderCause, string>> = {
  'seat.locked': 'seckill',
  'payment.started': 'payment',
  'payment.succeeded': 'payment',
  cancel: 'buyer',
  operator: 'operator',
  deadline: 'deadline',
  grace: 'grace',
};

/** The order, and nobody else may change it until our transaction ends. */
export const lockOrder = (sql: Statements, orderId: string): Promise<OrderRow | undefined> =>
  sql.row<OrderRow>('SELECT * FROM orders WHERE orderId = :orderId FOR UPDATE', { orderId });

export const readOrder = (sql: Statements, orderId: string): Promise<OrderRow | undefined> =>
  sql.row<OrderRow>('SELECT * FROM orders WHERE orderId = :orderId', { orderId });

/** The seat numbers of an order, in order. */
export async function seatsOf(sql: Statements, orderId: string): Promise<number[]> {
  const rows = await sql.rows<{ seat: number }>(
    'SELECT seat FROM order_seats WHERE orderId = :orderId ORDER BY seat',
    { orderId },
  );
  return rows.map(({ seat }) => seat);
}
