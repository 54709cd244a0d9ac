/**
 * How buyers look through shows: filters, three orders, and pages that begin where the last ended.
 *
 * Always true: no page counts off the pages before it; a show that nobody changes meanwhile stands
 * on exactly one page, whatever is added between two; a cursor goes on with the list it came from
 * and no other; a search reads a bounded stretch of the list, and a page may for that end early.
 */
import { createHash } from 'node:crypto';
import type { Page, PageQuery } from '../../contracts/actions.ts';
import type { ShowText } from '../../contracts/catalogue-view.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { fromMs, untilMs } from '../../contracts/moment.ts';
import { pageOf, refuseCursor } from '../../mixins/page.ts';
import { sqlTime, statements, type Values } from '../../mixins/statement.ts';

export type Sort = 'newest' | 'soonest' | 'title';
export interface Browse extends PageQuery {
  /** Part of a title or of an artist. */
  readonly q?: string;
  readonly artist?: string;
  readonly city?: string;
  readonly category?: string;
  /** Shows with a published session that starts in between. */
  readonly from?: string;
  readonly to?: string;
  readonly sort?: Sort;
}

interface Order {
  readonly tables: string;
  /** What is looked at first; newer rows have greater ids, so the newest need nothing else. */
  readonly key?: string;
  readonly tie: string;
  readonly down?: true;
}
const ORDERS: Readonly<Record<Sort, Order>> = {
  newest: { tables: 'shows h', tie: 'h.id', down: true },
  title: { tables: 'shows h', key: 'h.title', tie: 'h.id' },
  soonest: {
    // Straight: in the order of the starts, until the page is full.
    tables: 'sessions s STRAIGHT_JOIN shows h ON h.id = s.showId',
    key: 's.startsAt',
    tie: 's.id',
  },
};
export const SORTS = Object.keys(ORDERS) as Sort[];

/** How much of a list one search reads. */
const SEARCHED_MAX = 50_000;
const COLUMNS = 'title titleEn artist artistEn category city description descriptionEn'.split(' ');

/** A row's place in its order: a title, or a moment in milliseconds, and an id. */
interface Place {
  readonly key: string | number | null;
  readonly tie: string;
}
/** What a cursor says: of which list it is, a place in it, and from when on "soonest" looks. */
type Mark = readonly [list: string, key: string | number | null, tie: string, since: number];
type Row = ShowText & { id: string; placeKey: string | Date | null; placeTie: string };

const listOf = ({ limit: _limit, cursor: _cursor, sort = 'newest', ...filters }: Browse) =>
  createHash('sha256')
    .update(JSON.stringify([sort, Object.entries(filters).sort()]))
    .digest('base64url')
    .slice(0, 12);

const written = (mark: Mark): string => Buffer.from(JSON.stringify(mark)).toString('base64url');

/** @throws VALIDATION_FAILED for anything but a cursor of this list */
function read(cursor: string, list: string, sort: Sort): Mark {
  let mark: unknown;
  try {
    mark = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return refuseCursor();
  }
  if (!Array.isArray(mark) || mark.length !== 4 || mark[0] !== list) return refuseCursor();
  const [, key, tie, since] = mark;
  const right = {
    newest: key === null,
    title: typeof key === 'string',
    soonest: isMoment(key),
  }[sort];
  if (!right || typeof tie !== 'string' || !ID_PATTERN.test(tie)) return refuseCursor();
  return isMoment(since) ? (mark as unknown as Mark) : refuseCursor();
}
/** As far as MySQL's calendar goes. */
const isMoment = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 253_402_300_800_000;

/** `%` and `_` of a searcher mean themselves. */
const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

const keyValue = ({ key }: Place) => (typeof key === 'number' ? sqlTime(key) : key);
/** Rows that stand after a place. */
const after = ({ key, tie, down }: Order) =>
  key
    ? `${key} >= :afterKey AND (${key} > :afterKey OR ${tie} > :afterTie)`
    : `${tie} ${down ? '<' : '>'} :afterTie`;
/** Rows up to a place. */
const upTo = ({ key, tie, down }: Order) =>
  key
    ? `${key} <= :lastKey AND (${key} < :lastKey OR ${tie} <= :lastTie)`
    : `${tie} ${down ? '>=' : '<='} :lastTie`;

const IN_RANGE = `stage = 'PUBLISHED' AND startsAt >= :since AND startsAt < :until`;
/** Of the sessions of a show, the first that counts. */
const IS_FIRST = `NOT EXISTS (SELECT 1 FROM sessions e
  WHERE e.showId = s.showId AND e.stage = 'PUBLISHED' AND e.startsAt >= :since
    AND (e.startsAt < s.startsAt OR (e.startsAt = s.startsAt AND e.id < s.id)))`;
const HAS_ONE = `EXISTS (SELECT 1 FROM sessions WHERE showId = h.id AND ${IN_RANGE})`;

function conditionsOf({ sort = 'newest', city, category, from, to }: Browse): string[] {
  const dated = from !== undefined || to !== undefined;
  return [
    'h.removedAt IS NULL',
    ...(city ? ['h.city = :city'] : []),
    ...(category ? ['h.category = :category'] : []),
    ...(sort === 'soonest'
      ? [IN_RANGE.replace(/\b(stage|startsAt)\b/g, 's.$1'), IS_FIRST]
      : dated
        ? [HAS_ONE]
        : []),
  ];
}

function searchOf({ q, artist }: Browse): string[] {
  const any = (columns: string[], value: string) =>
    `(${columns.map((column) => `h.${column} LIKE :${value}`).join(' OR ')})`;
  return [
    ...(q ? [any(['title', 'titleEn', 'artist', 'artistEn'], 'q')] : []),
    ...(artist ? [any(['artist', 'artistEn'], 'artist')] : []),
  ];
}

/** The statement of a page. */
function statementOf(asked: Browse, conditions: readonly string[], limit: number): string {
  const order = ORDERS[asked.sort ?? 'newest'];
  const { tables, key, tie, down } = order;
  const direction = down ? 'DESC' : 'ASC';
  return `SELECT h.id, ${COLUMNS.map((column) => `h.${column}`).join(', ')},
      ${key ?? 'NULL'} AS placeKey, ${tie} AS placeTie
    FROM ${tables} WHERE ${conditions.join(' AND ')}
    ORDER BY ${key ? `${key} ${direction}, ` : ''}${tie} ${direction} LIMIT ${limit}`;
}

const placeOf = ({ placeKey, placeTie }: Pick<Row, 'placeKey' | 'placeTie'>): Place => ({
  key: placeKey instanceof Date ? placeKey.getTime() : placeKey,
  tie: placeTie,
});

/** The moments a page is about; "soonest" looks from now on unless it is told from when. */
function rangeOf({ from, to, sort }: Browse, nowMs: number): { since: number; until: number } {
  const since = from === undefined ? (sort === 'soonest' ? nowMs : 0) : fromMs(from);
  const until = to === undefined ? LAST_MS : untilMs(to);
  if (from !== undefined && since >= until) {
    const detail = 'must be later than the beginning of the range';
    refuse('VALIDATION_FAILED', { errors: [{ pointer: '/to', code: 'window', detail }] });
  }
  return { since, until };
}
const LAST_MS = Date.UTC(9999, 11, 31);

/** A page of shows. @throws VALIDATION_FAILED */
export async function browse<Item>(
  asked: Browse,
  nowMs: number,
  view: (row: ShowText & { id: string }) => Item,
): Promise<Page<Item>> {
  const { limit = 20, cursor, sort = 'newest', q, artist, city = '', category = '' } = asked;
  const order = ORDERS[sort];
  const list = listOf(asked);
  const range = rangeOf(asked, nowMs);
  const mark = cursor === undefined ? undefined : read(cursor, list, sort);
  const since = mark?.[3] ?? range.since;
  const cursorAt = ({ key, tie }: Place) => written([list, key, tie, since]);
  const start: Place | undefined = mark && { key: mark[1], tie: mark[2] };
  const values: Record<string, Values[string]> = {
    ...{ city, category, since: sqlTime(since), until: sqlTime(range.until) },
    ...(q && { q: containing(q) }),
    ...(artist && { artist: containing(artist) }),
    ...(start && { afterKey: keyValue(start), afterTie: start.tie }),
  };
  const conditions = [...conditionsOf(asked), ...(start ? [after(order)] : [])];
  const search = searchOf(asked);
  const end = search.length > 0 ? await stretchEnd(order, conditions, values) : undefined;
  if (end) Object.assign(values, { lastKey: keyValue(end), lastTie: end.tie });
  const bounded = [...conditions, ...search, ...(end ? [upTo(order)] : [])];
  const rows = await statements().rows<Row>(statementOf(asked, bounded, limit + 1), values);
  const page = pageOf(rows, limit, view, (row) => cursorAt(placeOf(row)));
  return end && page.nextCursor === null ? { ...page, nextCursor: cursorAt(end) } : page;
}

/** Where the stretch ends that a search may read; undefined when the list ends first. */
async function stretchEnd(
  { tables, key, tie, down }: Order,
  conditions: readonly string[],
  values: Values,
): Promise<Place | undefined> {
  const direction = down ? 'DESC' : 'ASC';
  const row = await statements().row<Pick<Row, 'placeKey' | 'placeTie'>>(
    `SELECT ${key ?? 'NULL'} AS placeKey, ${tie} AS placeTie
     FROM ${tables} WHERE ${conditions.join(' AND ')}
     ORDER BY ${key ? `${key} ${direction}, ` : ''}${tie} ${direction}
     LIMIT 1 OFFSET ${SEARCHED_MAX - 1}`,
    values,
  );
  return row && placeOf(row);
}
