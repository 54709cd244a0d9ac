/**
 * What a session sold, step by step and tier by tier, and where its orders stand: from MySQL, where
 * a payment is a fact. PAID is an end, so an order's last change is the moment it was paid.
 */
import type { SalesAnswer } from '../../contracts/admin.ts';
import type { OrderState } from '../../contracts/order.ts';
import { statements } from '../../mixins/statement.ts';

/** Steps times tiers, so that an answer fits into one message. */
const ITEMS_MAX = 2_000;

/** No more than this many seats of a hall are ever paid, so nothing here reads more than a hall. */
const PAID = `FROM orders o FORCE INDEX (bySession)
  JOIN order_seats s ON s.orderId = o.orderId
  WHERE o.sessionId = :sessionId AND o.state = 'PAID'`;
/** Milliseconds since 1970, whatever the time zone of the connection. */
const PAID_AT = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', o.updatedAt) DIV 1000";

interface Extent {
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly tiers: number;
}
interface Row {
  readonly atMs: number;
  readonly tier: string;
  readonly orders: number;
  readonly seats: number;
  readonly amountFen: number | string;
}

/** The step asked for, or the smallest multiple of it that makes few enough steps. */
export function stepOf(stepMs: number, { firstMs, lastMs, tiers }: Extent): number {
  const stepsMax = Math.max(1, Math.floor(ITEMS_MAX / Math.max(1, tiers)) - 1);
  const spanMs = firstMs === null || lastMs === null ? 0 : lastMs - firstMs;
  return stepMs * Math.max(1, Math.ceil(spanMs / stepMs / stepsMax));
}

export async function salesOf(sessionId: string, askedMs: number): Promise<SalesAnswer> {
  const sql = statements();
  const extent = await sql.row<Extent>(
    `SELECT MIN(${PAID_AT}) AS firstMs, MAX(${PAID_AT}) AS lastMs,
       COUNT(DISTINCT s.tier) AS tiers ${PAID}`,
    { sessionId },
  );
  const stepMs = stepOf(askedMs, extent!);
  const [rows, states] = await Promise.all([
    sql.rows<Row>(
      `SELECT ${PAID_AT} DIV :stepMs * :stepMs AS atMs, s.tier,
         COUNT(DISTINCT o.orderId) AS orders, COUNT(*) AS seats, SUM(s.priceFen) AS amountFen
       ${PAID} GROUP BY atMs, s.tier ORDER BY atMs, s.tier`,
      { sessionId, stepMs },
    ),
    sql.rows<{ state: OrderState; orders: number }>(
      `SELECT state, COUNT(*) AS orders FROM orders FORCE INDEX (bySession)
       WHERE sessionId = :sessionId GROUP BY state`,
      { sessionId },
    ),
  ]);
  return {
    sessionId,
    stepMs,
    items: rows.map(({ atMs, amountFen, ...row }) => ({
      at: new Date(atMs).toISOString(),
      ...row,
      amountFen: Number(amountFen),
    })),
    orders: Object.fromEntries(states.map(({ state, orders }) => [state, orders])),
  };
}
