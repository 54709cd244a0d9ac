/**
 * Whether the books of a sale add up: claims and quotas against live orders, money against orders
 * and refunds. Nothing of ours can make them differ, so nothing here mends: what is found is shown,
 * and a human looks.
 */
import { LIVE_ORDER_STATES } from '../../contracts/order.ts';
import type { BookFault } from '../../contracts/repair.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';

/** Rows of one kind that a report names. */
const SHOWN_MAX = 50;

/** Each answers `about` and `detail`; `:sale`, `:live`, `:from`, `:to`, `:until` are filled in. */
const FAULTS: Readonly<Record<string, string>> = {
  'live seat without a claim': `
    SELECT o.orderId AS about, s.seat AS detail FROM orders o
    JOIN order_seats s ON s.orderId = o.orderId
    LEFT JOIN seat_claims c
      ON c.sessionId = o.sessionId AND c.seat = s.seat AND c.orderId = o.orderId
    WHERE o.orderId > :from AND o.orderId < :to AND o.state IN (:live) AND c.orderId IS NULL`,
  'claim of an order that is not alive': `
    SELECT c.orderId AS about, c.seat AS detail FROM seat_claims c
    LEFT JOIN orders o ON o.orderId = c.orderId AND o.state IN (:live)
    LEFT JOIN seat_blocks b ON b.blockId = c.orderId AND b.endedAt IS NULL
    WHERE c.sessionId = :sale AND o.orderId IS NULL AND b.blockId IS NULL`,
  'blocked seat without a claim': `
    SELECT b.blockId AS about, b.seat AS detail FROM seat_blocks b
    LEFT JOIN seat_claims c
      ON c.sessionId = b.sessionId AND c.seat = b.seat AND c.orderId = b.blockId
    WHERE b.sessionId = :sale AND b.endedAt IS NULL AND c.orderId IS NULL`,
  'quota that is not the seats of live orders': `
    SELECT q.uid AS about, CONCAT(q.held, ', not ', COUNT(s.seat)) AS detail
    FROM buyer_quotas q
    LEFT JOIN orders o ON o.uid = q.uid AND o.sessionId = q.sessionId AND o.state IN (:live)
    LEFT JOIN order_seats s ON s.orderId = o.orderId
    WHERE q.sessionId = :sale GROUP BY q.uid, q.held HAVING q.held <> COUNT(s.seat)`,
  'paid order without its money': `
    SELECT o.orderId AS about, COALESCE(o.paidBy, 'no payment') AS detail FROM orders o
    LEFT JOIN payment_events e ON e.orderId = o.orderId AND e.paymentId = o.paidBy
      AND e.type = 'payment.succeeded' AND e.amountFen = o.amountFen
    WHERE o.orderId > :from AND o.orderId < :to AND o.state = 'PAID' AND e.eventId IS NULL`,
  'money that neither paid nor went back': `
    SELECT DISTINCT e.paymentId AS about, e.orderId AS detail FROM payment_events e
    LEFT JOIN orders o ON o.orderId = e.orderId AND o.paidBy = e.paymentId
    LEFT JOIN refunds r ON r.paymentId = e.paymentId
    WHERE e.orderId > :from AND e.orderId < :to AND e.type = 'payment.succeeded'
      AND o.orderId IS NULL AND r.refundId IS NULL`,
  'payment with two amounts': `
    SELECT paymentId AS about, GROUP_CONCAT(DISTINCT amountFen) AS detail FROM payment_events
    WHERE orderId > :from AND orderId < :to AND type = 'payment.succeeded'
    GROUP BY paymentId HAVING COUNT(DISTINCT amountFen) > 1`,
  'refund that is not given': `
    SELECT refundId AS about, CONCAT(state, ' for ', orderId) AS detail FROM refunds
    WHERE orderId > :from AND orderId < :to AND state <> 'REFUNDED' AND createdAt <= :until`,
};

/** Everything that does not add up, the first of each kind. All of it is of one moment each. */
export async function bookFaults(sale: string, lateMs: number): Promise<BookFault[]> {
  const sql = statements();
  const values = {
    sale,
    live: [...LIVE_ORDER_STATES],
    from: `${sale}-`,
    to: `${sale}.`,
    until: sqlTime((await sql.nowMs()) - lateMs),
    most: SHOWN_MAX,
  };
  const found = await Promise.all(
    Object.entries(FAULTS).map(async ([fault, query]) => {
      const rows = await sql.rows<{ about: string; detail: unknown }>(
        `${query} LIMIT :most`,
        values,
      );
      return rows.map(({ about, detail }) => ({ fault, about, detail: String(detail) }));
    }),
  );
  return found.flat();
}
