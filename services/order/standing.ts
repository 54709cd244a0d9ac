/**
 * What MySQL knows of the seats of a sale, for whoever puts the arbiter right: which orders and
 * blocks are alive, what became of a lock, who reserved, which orders ended lately. Reads only,
 * page by page.
 */
import type { Actions } from '../../contracts/actions.ts';
import { LIVE_ORDER_STATES, type OrderState, orderMachine } from '../../contracts/order.ts';
import type { EndedOrder, LiveOrder, OrderWord } from '../../contracts/repair.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';
import { blockWords, standingBlocks } from './blocks.ts';
import type { OrderRow } from './order.model.ts';

type LiveRow = Pick<LiveOrder, 'orderId' | 'uid' | 'ageMs'> & { readonly state: OrderState } & Pick<
    OrderRow,
    'deadline' | 'requestKey' | 'fingerprint'
  >;

/** Live orders of a sale and its blocks, in the order of their ids, from `after` on. */
export async function liveOrders(
  sale: string,
  after: string,
  limit: number,
): Promise<Actions['order.live']['result']> {
  const found = await Promise.all([
    ordersAlive(sale, after, limit),
    standingBlocks(sale, after, limit),
  ]);
  const items = found
    .flat()
    .sort((a, b) => (a.orderId < b.orderId ? -1 : 1))
    .slice(0, limit);
  return { items, next: items.length < limit ? null : items.at(-1)!.orderId };
}

async function ordersAlive(sale: string, after: string, limit: number): Promise<LiveOrder[]> {
  const sql = statements();
  // An orderId begins with its sale, so this is one stretch of the primary key.
  const rows = await sql.rows<LiveRow>(
    `SELECT orderId, uid, state, deadline, requestKey, fingerprint,
       TIMESTAMPDIFF(MICROSECOND, updatedAt, UTC_TIMESTAMP(3)) DIV 1000 AS ageMs
     FROM orders WHERE orderId > :after AND orderId > :from AND orderId < :to AND state IN (:live)
     ORDER BY orderId LIMIT :limit`,
    { after, from: `${sale}-`, to: `${sale}.`, live: [...LIVE_ORDER_STATES], limit },
  );
  if (rows.length === 0) return [];
  const seats = await sql.rows<{ orderId: string; seat: number }>(
    'SELECT orderId, seat FROM order_seats WHERE orderId IN (:ids) ORDER BY orderId, seat',
    { ids: rows.map(({ orderId }) => orderId) },
  );
  const seatsOf = Map.groupBy(seats, ({ orderId }) => orderId);
  return rows.map(({ deadline, requestKey: key, fingerprint, ...row }) => ({
    ...row,
    ...(key !== null && fingerprint !== null && { request: { key, fingerprint } }),
    deadlineMs: deadline.getTime(),
    seats: (seatsOf.get(row.orderId) ?? []).map(({ seat }) => seat),
  }));
}

/** What MySQL says of locks and blocks, in the order asked; `ageMs`: since it says so. */
export async function wordsOf(
  orderIds: readonly string[],
): Promise<Actions['order.words']['result']> {
  if (orderIds.length === 0) return [];
  const ofBlocks = await blockWords(orderIds);
  const rows = await statements().rows<{
    orderId: string;
    verdict: string;
    state: OrderState | null;
    ageMs: number;
  }>(
    `SELECT v.orderId, v.verdict, o.state,
       TIMESTAMPDIFF(MICROSECOND, COALESCE(o.updatedAt, v.at), UTC_TIMESTAMP(3)) DIV 1000 AS ageMs
     FROM hold_verdicts v LEFT JOIN orders o ON o.orderId = v.orderId WHERE v.orderId IN (:ids)`,
    { ids: [...orderIds] },
  );
  const known = new Map(rows.map((row) => [row.orderId, row]));
  return orderIds.map((orderId) => {
    const ofBlock = ofBlocks.get(orderId);
    if (ofBlock) return { orderId, ...ofBlock };
    const row = known.get(orderId);
    const word: OrderWord =
      row === undefined ? 'UNKNOWN' : (row.state ?? (row.verdict as 'ABORTED'));
    return { orderId, word, ageMs: row?.ageMs ?? 0 };
  });
}

/** Who reserved for a sale since a moment, in the order of their uids, from `after` on. */
export async function reservationsOf(
  sale: string,
  sinceMs: number,
  after: string,
  limit: number,
): Promise<Actions['order.reservations']['result']> {
  const sql = statements();
  const rows = await sql.rows<{ uid: string; reservedAt: Date }>(
    `SELECT uid, reservedAt FROM reservations
     WHERE sessionId = :sale AND uid > :after AND reservedAt >= :since ORDER BY uid LIMIT :limit`,
    { sale, after, since: sqlTime(sinceMs), limit },
  );
  const items = rows.map(({ uid, reservedAt }) => ({ uid, reservedAtMs: reservedAt.getTime() }));
  const next = rows.length < limit ? null : rows.at(-1)!.uid;
  if (after !== '') return { items, next };
  const count = await sql.row<{ total: number }>(
    'SELECT COUNT(*) AS total FROM reservations WHERE sessionId = :sale',
    { sale },
  );
  return { ...count, items, next };
}

const ENDS = orderMachine.states.filter((state) => orderMachine.isEnd(state));

/** Orders that ended at `sinceMs` or later and more than `lateMs` ago, oldest first. */
export async function endedOrders(
  sinceMs: number,
  lateMs: number,
  limit: number,
): Promise<Actions['order.ended']['result']> {
  const sql = statements();
  const nowMs = await sql.nowMs();
  const rows = await sql.rows<Omit<EndedOrder, 'sale' | 'atMs'> & { sessionId: string; at: Date }>(
    `SELECT orderId, sessionId, state, updatedAt AS at FROM orders
     WHERE state IN (:ends) AND updatedAt >= :since AND updatedAt <= :until
     ORDER BY updatedAt LIMIT :limit`,
    { ends: ENDS, since: sqlTime(sinceMs), until: sqlTime(nowMs - lateMs), limit },
  );
  const items = rows.map(({ orderId, sessionId, state, at }) => ({
    orderId,
    sale: sessionId,
    state,
    atMs: at.getTime(),
  }));
  return { items, nowMs };
}
