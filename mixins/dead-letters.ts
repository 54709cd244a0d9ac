/**
 * Files messages that died into the table `dead_letters`: worn by the one service with MySQL that
 * `contracts/channels.ts` names for `message.died`. Filing twice changes nothing.
 */
import { createHash } from 'node:crypto';
import type { Context, ServiceSchema } from 'moleculer';
import type { MessageDied } from '../contracts/channels.ts';
import { database } from './database.ts';

/** One death has one id, however often it is reported. */
const idOf = ({ stream, group, entryId, fields }: MessageDied): string =>
  createHash('sha256')
    .update(JSON.stringify([stream, group, entryId, fields]))
    .digest('hex');

export async function fileDeadLetter(died: MessageDied): Promise<void> {
  await database().query(
    `INSERT IGNORE INTO dead_letters (id, channel, service, stream, entryId, fields, reason, diedAt)
     VALUES (?, ?, ?, ?, ?, ?, ?, FROM_UNIXTIME(? / 1000))`,
    {
      replacements: [
        idOf(died),
        died.channel.slice(0, 64),
        died.group.slice(0, 64),
        died.stream.slice(0, 255),
        died.entryId.slice(0, 64),
        JSON.stringify(died.fields),
        died.reason.slice(0, 10_000),
        died.atMs,
      ],
    },
  );
}

export const deadLetters: Partial<ServiceSchema> = {
  channels: {
    'message.died': {
      context: true,
      handler: (ctx: Context<MessageDied>) => fileDeadLetter(ctx.params),
    },
  },
};
