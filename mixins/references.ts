/**
 * What refers to what in the catalogue. A row that is removed stays in its table, so MySQL's
 * foreign keys no longer guard it: who refers locks what it refers to, shared, and who removes
 * locks what it removes; of two at once one waits and sees what the other did.
 */
import { refuse } from '../contracts/errors.ts';
import type { Statements } from './statement.ts';

interface Reference {
  readonly from: string;
  readonly column: string;
  readonly to: string;
  /** What the audit log calls the one that refers. */
  readonly kind: string;
}
const REFERENCES: readonly Reference[] = [
  { from: 'seat_templates', column: 'venueId', to: 'venues', kind: 'seat-template' },
  { from: 'sessions', column: 'venueId', to: 'venues', kind: 'session' },
  { from: 'sessions', column: 'showId', to: 'shows', kind: 'session' },
  { from: 'sessions', column: 'seatTemplateId', to: 'seat_templates', kind: 'session' },
];
/** How many of those that refer a refusal names. */
const NAMED_MAX = 10;

/**
 * Holds everything that written columns refer to until the transaction ends.
 * @throws VALIDATION_FAILED for what does not exist, or no longer
 */
export async function holdReferred(
  sql: Statements,
  from: string,
  written: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const { column, to } of REFERENCES.filter((reference) => reference.from === from)) {
    const id = written[column];
    if (typeof id !== 'string') continue;
    const held = `SELECT id FROM ${to} WHERE id = :id AND removedAt IS NULL LOCK IN SHARE MODE`;
    if (await sql.row(held, { id })) continue;
    const detail = 'refers to something that does not exist';
    refuse('VALIDATION_FAILED', { errors: [{ pointer: `/${column}`, code: 'unknown', detail }] });
  }
}

/**
 * Refuses to let a row go that something still refers to. The row is locked by the caller.
 * @param ownerUid names only what this organiser owns; undefined names all
 * @throws IN_USE with `usedBy`, some of what refers to it
 */
export async function refuseReferred(
  sql: Statements,
  table: string,
  id: string,
  ownerUid: string | undefined,
): Promise<void> {
  for (const { from, column, kind } of REFERENCES.filter(({ to }) => to === table)) {
    const rows = await sql.rows<{ id: string; ownerUid: string }>(
      `SELECT id, ownerUid FROM ${from} WHERE ${column} = :id AND removedAt IS NULL
       ORDER BY id LIMIT ${NAMED_MAX}`,
      { id },
    );
    if (rows.length === 0) continue;
    const own = rows.filter((row) => ownerUid === undefined || row.ownerUid === ownerUid);
    refuse('IN_USE', { usedBy: own.map((row) => ({ kind, id: row.id })) });
  }
}
