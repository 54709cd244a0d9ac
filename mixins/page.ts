/**
 * Pages of a list: where the next one begins, and how much fits into one. A page crosses the bus as
 * one message, so it ends early where its items grow too big for that; whoever follows the cursor
 * misses nothing.
 */
import type { Page } from '../contracts/actions.ts';
import { refuse } from '../contracts/errors.ts';
import { ID_PATTERN } from '../contracts/ids.ts';

export const PAGE_PARAMS = {
  $$strict: true,
  limit: { type: 'number', integer: true, min: 1, max: 100, convert: true, default: 20 },
  cursor: { type: 'string', optional: true, max: 200 },
} as const;

/** NATS carries 1 MiB by default; the rest is for what Moleculer puts around an answer. */
const PAGE_BYTES_MAX = 768 * 1_024;

/** An opaque cursor: the id after which the next page begins. */
export const cursorAfter = (id: string): string => Buffer.from(id).toString('base64url');
/** @throws VALIDATION_FAILED for a cursor that no page answered */
export function idOfCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  return ID_PATTERN.test(id) ? id : refuseCursor();
}
/** @throws VALIDATION_FAILED */
export function refuseCursor(): never {
  const detail = 'is not a cursor that a page of this list answered';
  return refuse('VALIDATION_FAILED', { errors: [{ pointer: '/cursor', code: 'unknown', detail }] });
}

/** The first items that fit into one message; always one, if there is any. */
export function fitting<Item>(items: readonly Item[]): Item[] {
  let bytes = 0;
  const tooMuch = items.findIndex((item, i) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return i > 0 && bytes > PAGE_BYTES_MAX;
  });
  return tooMuch < 0 ? [...items] : items.slice(0, tooMuch);
}

/** A page of rows that were read one beyond its limit. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item,
  cursorOf: (last: Row) => string,
): Page<Item> {
  const items = fitting(rows.slice(0, limit).map(view));
  const more = rows.length > items.length;
  return { items, nextCursor: more ? cursorOf(rows[items.length - 1]!) : null };
}
