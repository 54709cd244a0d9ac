/**
 * Files messages that died into the table `dead_letters`: worn by the one service with MySQL that
 * `contracts/channels.ts` names for `message.died`.
 *
 * A letter is what was said, where, and who could not take it; so a message that is replayed and
 * dies again is the same letter. Each of its deaths opens it again; a death reported twice is one.
 */
import { createHash } from 'node:crypto';
import type { Context, ServiceSchema } from 'moleculer';
import type { MessageDied } from '../contracts/channels.ts';
import { inTransaction } from './database.ts';
import { sqlTime, statements } from './statement.ts';

const idOf = ({ stream, group, fields }: MessageDied): string =>
  createHash('sha256')
    .update(JSON.stringify([stream, group, fields]))
    .digest('hex');

export async function fileDeadLetter(died: MessageDied): Promise<void> {
  const id = idOf(died);
  const entryId = died.entryId.slice(0, 64);
  await inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const news = await sql.change(
      `INSERT IGNORE INTO dead_letter_deaths (id, entryId, filedAt)
       VALUES (:id, :entryId, UTC_TIMESTAMP(3))`,
      { id, entryId },
    );
    if (news === 0) return;
    await sql.change(
      `INSERT INTO dead_letters (id, channel, service, stream, entryId, fields, reason, diedAt,
         filedAt) VALUES (:id, :channel, :service, :stream, :entryId, :fields, :reason, :diedAt,
         UTC_TIMESTAMP(3))
       ON DUPLICATE KEY UPDATE deaths = deaths + 1, entryId = VALUES(entryId),
         reason = VALUES(reason), diedAt = VALUES(diedAt),
         state = 'open', resolvedAt = NULL, resolvedBy = NULL, resolution = NULL`,
      {
        id,
        channel: died.channel.slice(0, 64),
        service: died.group.slice(0, 64),
        stream: died.stream.slice(0, 255),
        entryId,
        fields: JSON.stringify(died.fields),
        reason: died.reason.slice(0, 10_000),
        diedAt: sqlTime(died.atMs),
      },
    );
  });
}

/**
 * Forgets deaths counted more than `olderMs` ago; the letters stay. A death that is reported once
 * more after that opens its letter, which is better than one that nobody sees.
 * @returns how many
 */
export const forgetDeaths = (olderMs: number, limit: number): Promise<number> =>
  inTransaction((transaction) =>
    statements(transaction).change(
      `DELETE FROM dead_letter_deaths
       WHERE filedAt <= UTC_TIMESTAMP(3) - INTERVAL :us MICROSECOND ORDER BY filedAt LIMIT :limit`,
      { us: olderMs * 1_000, limit },
    ),
  );

export const deadLetters: Partial<ServiceSchema> = {
  channels: {
    'message.died': {
      context: true,
      handler: (ctx: Context<MessageDied>) => fileDeadLetter(ctx.params),
    },
  },
};
