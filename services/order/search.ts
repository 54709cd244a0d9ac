/**
 * Orders as an operator looks for them, newest first. Every question goes by an index that has its
 * answers in their order already, so that a page costs what it shows and no filter reads the table:
 * the first road that fits is the one that leaves least to look through.
 */
import type { Page } from '../../contracts/actions.ts';
import type { KnownOrder, OrderSearch } from '../../contracts/admin.ts';
import { refuse } from '../../contracts/errors.ts';
import { fitting } from '../../mixins/page.ts';
import { statements } from '../../mixins/statement.ts';
import { cursorAt, readCursor } from './cursor.ts';
import type { OrderRow } from './order.model.ts';
import { viewsOf } from './reading.ts';

type Filter = 'seat' | 'uid' | 'sessionId' | 'state';

/** The condition of each filter that was given. */
const CONDITIONS: Readonly<Record<Filter, string>> = {
  seat: 's.seat = :seat AND s.sessionId = :sessionId',
  uid: 'o.uid = :uid',
  // an id begins with its session: the primary key holds a session's orders by their time
  sessionId: 'o.sessionId = :sessionId AND o.orderId > :first AND o.orderId < :last',
  state: 'o.state = :state',
};

/** How the answers of an index are ordered, and where its next page begins. */
const BY_ID = { order: 'o.orderId DESC', after: 'o.orderId < :id' };
const BY_TIME = {
  order: 'o.createdAt DESC, o.orderId DESC',
  // the first half is for the index, which cannot be entered by a pair
  after: 'o.createdAt <= :at AND (o.createdAt, o.orderId) < (:at, :id)',
};
const BY_SEAT = { order: 's.orderId DESC', after: 's.orderId < :id' };

const orders = (index: string) => `orders o FORCE INDEX (${index})`;
const ofSeat = 'order_seats s FORCE INDEX (bySeat) STRAIGHT_JOIN orders o ON o.orderId = s.orderId';

const ROADS: readonly { given: readonly Filter[]; from: string; by: typeof BY_ID }[] = [
  { given: ['seat'], from: ofSeat, by: BY_SEAT },
  { given: ['uid'], from: orders('byBuyer'), by: BY_TIME },
  { given: ['sessionId', 'state'], from: orders('bySession'), by: BY_ID },
  { given: ['sessionId'], from: orders('PRIMARY'), by: BY_ID },
  { given: ['state'], from: orders('byState'), by: BY_TIME },
  { given: [], from: orders('byTime'), by: BY_TIME },
];

/** The statement of a search, and its values. */
export function searchStatement({ limit = 20, cursor, ...filters }: OrderSearch) {
  const given = (Object.keys(CONDITIONS) as Filter[]).filter((name) => filters[name] !== undefined);
  const road = ROADS.find((row) => row.given.every((name) => given.includes(name)))!;
  const conditions = given.map((name) => CONDITIONS[name]);
  if (cursor !== undefined) conditions.push(road.by.after);
  const { sessionId } = filters;
  return {
    sql: `SELECT o.* FROM ${road.from}
      ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
      ORDER BY ${road.by.order} LIMIT :limit`,
    values: {
      ...filters,
      ...(sessionId !== undefined && { first: `${sessionId}-`, last: `${sessionId}.` }),
      ...(cursor !== undefined && readCursor(cursor)),
      limit: limit + 1,
    },
  };
}

/** @throws VALIDATION_FAILED for a seat of no session */
export async function searchOrders(asked: OrderSearch): Promise<Page<KnownOrder>> {
  if (asked.seat !== undefined && asked.sessionId === undefined) {
    const detail = 'is needed where a seat is named';
    return refuse('VALIDATION_FAILED', {
      errors: [{ pointer: '/sessionId', code: 'required', detail }],
    });
  }
  const { sql, values } = searchStatement(asked);
  const found = await statements().rows<OrderRow>(sql, values);
  const shown = found.slice(0, values.limit - 1);
  const views = await viewsOf(statements(), shown);
  const items = fitting(views.map((view, i) => ({ ...view, uid: shown[i]!.uid })));
  const last = shown[items.length - 1];
  const more = found.length > items.length && last !== undefined;
  return { items, nextCursor: more ? cursorAt(last.createdAt, last.orderId) : null };
}
