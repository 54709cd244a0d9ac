/**
 * Dead letters in the hands of operators: what is open, what one says, and its end. It is posted
 * again as it was, or given up with a reason; whoever does that leaves a row in the audit log.
 *
 * Always true: a letter is marked as replayed only after its stream answered, and its row is ours
 * until then. So of two operators one wins, a death by the replay is filed after the mark and opens
 * the letter again, and a process killed between the two leaves the letter open: a second replay is
 * heard by handlers that are idempotent.
 */
import type { Redis } from 'ioredis';
import type { Page, PageQuery } from '../../contracts/actions.ts';
import type { DeadLetter, LetterState, WholeLetter } from '../../contracts/dead-letter.ts';
import { refuse } from '../../contracts/errors.ts';
import { type Auditor, writeAudit } from '../../mixins/audit.ts';
import { inTransaction } from '../../mixins/database.ts';
import { postAgain } from '../../mixins/posting.ts';
import { statements } from '../../mixins/statement.ts';
import { cursorAt, readCursor } from './cursor.ts';

/** Of a reason, in a list. */
const REASON_SHOWN = 500;
/** Enough of an id to type. */
const ID_BEGINNING = /^[0-9a-f]{8,64}$/;

interface LetterRow {
  readonly id: string;
  readonly state: LetterState;
  readonly channel: string;
  readonly service: string;
  readonly stream: string;
  readonly entryId: string;
  readonly fields: string;
  readonly reason: string;
  readonly deaths: number;
  readonly diedAt: Date;
  readonly filedAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolvedBy: string | null;
  readonly resolution: string | null;
}
type ListedRow = Omit<LetterRow, 'fields' | 'entryId'>;

/** Letters in a state, the last to die first. */
export async function listLetters(
  state: LetterState,
  { limit = 20, cursor }: PageQuery,
): Promise<Page<DeadLetter>> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const found = await statements().rows<ListedRow>(
    `SELECT id, state, channel, service, stream, LEFT(reason, :shown) AS reason, deaths, diedAt,
       filedAt, resolvedAt, resolvedBy, resolution
     FROM dead_letters WHERE state = :state ${after ? 'AND (diedAt, id) < (:at, :id)' : ''}
     ORDER BY diedAt DESC, id DESC LIMIT :limit`,
    { state, shown: REASON_SHOWN, limit: limit + 1, ...after },
  );
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items: rows.map(viewOf), nextCursor: more ? cursorAt(last.diedAt, last.id) : null };
}

/** One letter, whole. @throws NOT_FOUND, VALIDATION_FAILED as {@link idOf} */
export async function readLetter(beginning: string): Promise<WholeLetter> {
  const id = await idOf(beginning);
  const row = await statements().row<LetterRow>('SELECT * FROM dead_letters WHERE id = :id', {
    id,
  });
  if (!row) return refuse('NOT_FOUND');
  const fields = fieldsOf(row);
  return { ...viewOf(row), entryId: row.entryId, fields, content: contentOf(fields) };
}

/** Posts a letter again, to every group of its stream. @throws BUSY when the arbiter is away */
export function replayLetter(redis: Redis, beginning: string, who: Auditor): Promise<DeadLetter> {
  return resolveLetter(beginning, who, 'replayed', async (letter) => {
    try {
      return `posted as ${await postAgain(redis, letter.stream, fieldsOf(letter))}`;
    } catch (error) {
      return refuse('BUSY', { reason: (error as Error).message });
    }
  });
}

/** Gives a letter up. */
export const discardLetter = (
  beginning: string,
  reason: string,
  who: Auditor,
): Promise<DeadLetter> => resolveLetter(beginning, who, 'discarded', async () => reason);

/**
 * Ends an open letter.
 * @param end does what the state says, and tells it in words
 * @throws LETTER_RESOLVED when somebody was faster
 */
async function resolveLetter(
  beginning: string,
  who: Auditor,
  state: LetterState,
  end: (letter: LetterRow) => Promise<string>,
): Promise<DeadLetter> {
  const id = await idOf(beginning);
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const before = await sql.row<LetterRow>(
      'SELECT * FROM dead_letters WHERE id = :id FOR UPDATE',
      {
        id,
      },
    );
    if (!before) return refuse('NOT_FOUND');
    if (before.state !== 'open')
      refuse('LETTER_RESOLVED', { state: before.state, resolvedBy: before.resolvedBy ?? '' });
    const resolution = await end(before);
    await sql.change(
      `UPDATE dead_letters SET state = :state, resolution = :resolution, resolvedBy = :uid,
         resolvedAt = UTC_TIMESTAMP(3) WHERE id = :id`,
      { id, state, resolution, uid: who.uid },
    );
    const after = await sql.row<LetterRow>('SELECT * FROM dead_letters WHERE id = :id', { id });
    const change = { before: viewOf(before), after: viewOf(after!) };
    await writeAudit(who, { action: `dead-letter.${state}`, target: id, ...change }, transaction);
    return change.after;
  });
}

/**
 * The id that begins so.
 * @throws NOT_FOUND, VALIDATION_FAILED when several do
 */
async function idOf(beginning: string): Promise<string> {
  if (!ID_BEGINNING.test(beginning)) return refuse('NOT_FOUND');
  const found = await statements().rows<{ id: string }>(
    'SELECT id FROM dead_letters WHERE id LIKE :like LIMIT 2',
    { like: `${beginning}%` },
  );
  if (found.length > 1) {
    const detail = 'several ids begin so: give more of it';
    refuse('VALIDATION_FAILED', { errors: [{ pointer: '/id', code: 'ambiguous', detail }] });
  }
  return found[0]?.id ?? refuse('NOT_FOUND');
}

const viewOf = (row: ListedRow): DeadLetter => ({
  id: row.id,
  state: row.state,
  channel: row.channel,
  service: row.service,
  stream: row.stream,
  reason: row.reason,
  deaths: row.deaths,
  diedAt: row.diedAt.toISOString(),
  filedAt: row.filedAt.toISOString(),
  resolvedAt: row.resolvedAt?.toISOString() ?? null,
  resolvedBy: row.resolvedBy,
  resolution: row.resolution,
});

const fieldsOf = ({ fields }: LetterRow): string[] => JSON.parse(fields);

function contentOf(fields: readonly string[]): Record<string, unknown> {
  const pairs: [string, unknown][] = [];
  for (let i = 0; i + 1 < fields.length; i += 2)
    pairs.push([fields[i]!, readValue(fields[i + 1]!)]);
  return Object.fromEntries(pairs);
}

/** A value that is no JSON is what a dead letter may well have: it is shown as it is. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
