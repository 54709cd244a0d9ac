/** What is told about orders: to their buyer, to an operator, and about a seat. Reads only. */
import { Errors } from 'moleculer';
import type { OrderView, Page, PaymentView, SeatInspection } from '../../contracts/actions.ts';
import type { LockedSeat } from '../../contracts/channels.ts';
import type { HoldVerdict, OrderCause, OrderState } from '../../contracts/order.ts';
import { orderMachine } from '../../contracts/order.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';
import { ACTOR_OF, type OrderRow } from './order.model.ts';

/** Orders of one seat that an inspection shows. */
const SEAT_HISTORY_MAX = 100;

/** A moment inside a JSON column: `2026-01-31 23:59:59.123000`, UTC. */
type JsonTime = string;

interface PaymentPart {
  readonly paymentId: string;
  readonly state: string;
  readonly amountFen: number;
  readonly payUrl: string;
  readonly expiresAt: JsonTime;
  readonly createdAt: JsonTime;
}
interface RefundPart {
  readonly refundId: string;
  readonly amountFen: number;
  readonly state: string;
  readonly at: JsonTime;
  readonly createdAt: JsonTime;
}
interface StepPart {
  readonly seq: number;
  readonly toState: OrderState;
  readonly cause: OrderCause;
  readonly at: JsonTime;
}
/** An order with everything about it: MariaDB gives a JSON column as text, MySQL parsed. */
type WholeRow = OrderRow & {
  readonly [Part in keyof typeof PARTS]: string | readonly object[] | null;
};

/** The tables around an order, and what of them a buyer is told. */
const PARTS = {
  seats: { table: 'order_seats', columns: ['seat', 'label', 'tier', 'priceFen'] },
  steps: { table: 'order_history', columns: ['seq', 'toState', 'cause', 'at'] },
  payments: {
    table: 'payments',
    columns: ['paymentId', 'state', 'amountFen', 'payUrl', 'expiresAt', 'createdAt'],
  },
  refunds: { table: 'refunds', columns: ['refundId', 'amountFen', 'state', 'at', 'createdAt'] },
} as const;

/** One round trip for all of it: orders are read far more often than they move. */
const WHOLE = `orders.*, ${Object.entries(PARTS)
  .map(([part, { table, columns }]) => {
    const members = columns.map((column) => `'${column}', ${table}.${column}`).join(', ');
    return `(SELECT JSON_ARRAYAGG(JSON_OBJECT(${members})) FROM ${table}
      WHERE ${table}.orderId = orders.orderId) AS ${part}`;
  })
  .join(', ')}`;

/** An order as its buyer sees it, and whose it is; undefined while MySQL has no such order. */
export async function viewOf(
  orderId: string,
): Promise<{ uid: string; view: OrderView } | undefined> {
  const order = await statements().row<WholeRow>(
    `SELECT ${WHOLE} FROM orders WHERE orderId = :orderId`,
    { orderId },
  );
  return order && { uid: order.uid, view: viewFrom(order) };
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
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const found = await statements().rows<WholeRow>(
    `SELECT ${WHOLE} FROM orders WHERE uid = :uid
     ${after ? 'AND (createdAt, orderId) < (:createdAt, :orderId)' : ''}
     ORDER BY createdAt DESC, orderId DESC LIMIT :limit`,
    { uid, limit: limit + 1, ...after },
  );
  const orders = found.slice(0, limit);
  const last = orders.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items: orders.map(viewFrom), nextCursor: more ? cursorOf(last) : null };
}

const cursorOf = ({ createdAt, orderId }: OrderRow): string =>
  Buffer.from(`${createdAt.getTime()} ${orderId}`).toString('base64url');

function readCursor(cursor: string): { createdAt: string; orderId: string } {
  const parts = /^(\d{1,13}) ([0-9a-z-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!parts)
    throw new Errors.ValidationError('Parameters validation error!', 'VALIDATION_ERROR', [
      { type: 'cursor', field: 'cursor', message: 'Not a cursor of this list' },
    ]);
  return { createdAt: sqlTime(Number(parts[1])), orderId: parts[2]! };
}

/** The rows of a part, by what orders them (JSON_ARRAYAGG promises no order). */
function partOf<Part>(json: WholeRow['seats'], key: keyof Part): Part[] {
  const rows = (typeof json === 'string' ? JSON.parse(json) : (json ?? [])) as Part[];
  return rows.toSorted((a, b) => (a[key] < b[key] ? -1 : Number(a[key] > b[key])));
}

const isoOf = (time: JsonTime): string => new Date(`${time.replace(' ', 'T')}Z`).toISOString();

function viewFrom(order: WholeRow): OrderView {
  const payment = paymentShown(order, partOf<PaymentPart>(order.payments, 'createdAt'));
  const refund = partOf<RefundPart>(order.refunds, 'createdAt').at(-1);
  return {
    orderId: order.orderId,
    sessionId: order.sessionId,
    state: order.state,
    seats: partOf<LockedSeat>(order.seats, 'seat'),
    amountFen: order.amountFen,
    currency: 'CNY',
    deadline: order.deadline.toISOString(),
    history: historyOf(order.createdAt, partOf<StepPart>(order.steps, 'seq')),
    ...(payment && { payment: paymentView(payment) }),
    ...(refund && { refund: refundView(refund) }),
  };
}

/** INIT is the lock itself: it has no row, because nothing in MySQL preceded it. */
const historyOf = (lockedAt: Date, steps: readonly StepPart[]): OrderView['history'] => [
  { state: orderMachine.initial, at: lockedAt.toISOString(), by: ACTOR_OF['seat.locked'] },
  ...steps.map(({ toState, at, cause }) => ({
    state: toState,
    at: isoOf(at),
    by: ACTOR_OF[cause],
  })),
];

/** The payment that paid the order, else the youngest. */
const paymentShown = (order: OrderRow, payments: readonly PaymentPart[]): PaymentPart | undefined =>
  payments.find(({ paymentId }) => paymentId === order.paidBy) ?? payments.at(-1);

const paymentView = (row: PaymentPart): PaymentView => ({
  paymentId: row.paymentId,
  state: row.state,
  amountFen: row.amountFen,
  payUrl: row.payUrl,
  expiresAt: isoOf(row.expiresAt),
});

const refundView = ({ refundId, amountFen, state, at }: RefundPart) => ({
  refundId,
  amountFen,
  state,
  at: isoOf(at),
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
