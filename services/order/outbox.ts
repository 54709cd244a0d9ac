/**
 * The outbox: a message is a row of the transaction that made it true, and is posted to the
 * arbiter's streams after the commit, at least once.
 *
 * Always true: `postedAt` is set only after the stream answered with an entry id. A row is taken by
 * moving its `nextAt` ahead, so that several processes share the work without waiting for each
 * other, and what a killed or paused one had taken comes up again by itself.
 */
import type { Redis } from 'ioredis';
import { config } from '../../config/index.ts';
import type { ChannelName, Messages } from '../../contracts/channels.ts';
import { LANES, type Lane } from '../../contracts/lane.ts';
import { inTransaction } from '../../mixins/database.ts';
import { laneNow } from '../../mixins/lanes.ts';
import { postMessage } from '../../mixins/posting.ts';
import { type Statements, statements } from '../../mixins/statement.ts';

/** How long a row that is being posted is left alone; doubled by each failure up to the cap. */
const LEASE_MS = 1_000;
const LEASE_MAX_MS = 8_000;
const TAKE_MAX = 200;

interface OutboxRow {
  readonly id: number;
  readonly channel: ChannelName;
  readonly sale: string;
  readonly payload: unknown;
  readonly requestId: string;
  readonly lane: Lane;
}

/** One message to be posted. `eventId` says what it tells, and is told once however often asked. */
export interface Letter<Name extends ChannelName = ChannelName> {
  readonly eventId: string;
  readonly channel: Name;
  readonly payload: Messages[Name] & { readonly sale: string };
  readonly requestId: string;
}

/**
 * Writes messages in the caller's transaction, and in the lane of the request that is being
 * handled. One that was written before is armed again when it
 * had been posted: whoever asks twice has reason to think that it was not heard.
 */
export async function enqueue(
  sql: Statements,
  letters: readonly Letter[],
  at: string,
): Promise<void> {
  if (letters.length === 0) return;
  await sql.change(
    `INSERT INTO outbox (eventId, channel, sale, payload, requestId, lane, createdAt, nextAt)
     VALUES :rows
     ON DUPLICATE KEY UPDATE
       nextAt = IF(postedAt IS NULL, nextAt, VALUES(nextAt)),
       attempts = IF(postedAt IS NULL, attempts, 0),
       postedAt = NULL`,
    {
      rows: letters.map(({ eventId, channel, payload, requestId }) => [
        eventId,
        channel,
        payload.sale,
        JSON.stringify(payload),
        requestId,
        laneNow(),
        at,
        at,
      ]),
    },
  );
}

/** A gray process sends what its lane has to send, a stable one everything. */
const OURS: readonly Lane[] = config.lane === 'gray' ? ['gray'] : LANES;

/** Takes up to `limit` unsent rows older than `lateMs` for this process. */
function take(lateMs: number, limit: number): Promise<OutboxRow[]> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const rows = await sql.rows<OutboxRow>(
      `SELECT id, channel, sale, payload, requestId, lane FROM outbox
       WHERE postedAt IS NULL AND nextAt <= UTC_TIMESTAMP(3) AND lane IN (:lanes)
         AND createdAt <= UTC_TIMESTAMP(3) - INTERVAL :lateUs MICROSECOND
       ORDER BY nextAt LIMIT :limit FOR UPDATE SKIP LOCKED`,
      { lateUs: lateMs * 1_000, limit, lanes: OURS },
    );
    if (rows.length > 0)
      await sql.change(
        `UPDATE outbox SET
           nextAt = UTC_TIMESTAMP(3) + INTERVAL
             LEAST(:leaseMs * POW(2, LEAST(attempts, 8)), :maxMs) * 1000 MICROSECOND,
           attempts = attempts + 1
         WHERE id IN (:ids)`,
        { ids: rows.map(({ id }) => id), leaseMs: LEASE_MS, maxMs: LEASE_MAX_MS },
      );
    return rows;
  });
}

/**
 * Posts unsent rows until none is left (or `limit` is reached), and answers how many were posted.
 * @throws the first failure to post, after the others were marked; what failed stays unsent.
 */
export async function relay(redis: Redis, lateMs: number, limit: number): Promise<number> {
  let posted = 0;
  while (posted < limit) {
    const rows = await take(lateMs, Math.min(TAKE_MAX, limit - posted));
    if (rows.length === 0) break;
    const answers = await Promise.allSettled(rows.map((row) => post(redis, row)));
    const done = rows.filter((_, i) => answers[i]!.status === 'fulfilled').map(({ id }) => id);
    if (done.length > 0)
      await inTransaction((transaction) =>
        statements(transaction).change(
          'UPDATE outbox SET postedAt = UTC_TIMESTAMP(3) WHERE id IN (:done) AND postedAt IS NULL',
          { done },
        ),
      );
    posted += done.length;
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (failure) throw failure.reason;
  }
  return posted;
}

/**
 * Forgets up to `limit` messages that were posted more than `olderMs` ago. Whoever needs one again
 * writes it anew from what made it true.
 * @returns how many
 */
export const forget = (olderMs: number, limit: number): Promise<number> =>
  inTransaction((transaction) =>
    statements(transaction).change(
      `DELETE FROM outbox WHERE postedAt <= UTC_TIMESTAMP(3) - INTERVAL :us MICROSECOND
       ORDER BY postedAt LIMIT :limit`,
      { us: olderMs * 1_000, limit },
    ),
  );

async function post(redis: Redis, row: OutboxRow): Promise<void> {
  // MariaDB's JSON is text; MySQL's arrives parsed
  const payload = typeof row.payload === 'string' ? JSON.parse(row.payload) : row.payload;
  const { channel, sale, requestId, lane } = row;
  await postMessage(redis, channel, sale, payload, { requestId, lane });
}
