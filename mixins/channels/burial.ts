/**
 * Where a message goes that no repetition can help: onto the channel `message.died` of its shard,
 * whole and with the reason, because not everybody who hears messages may touch MySQL. Only then is
 * it acknowledged: a death between the two buries it twice, and the table knows the second.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import type { ChannelName, MessageDied } from '../../contracts/channels.ts';
import { postTo } from '../posting.ts';
import type { ConsumerParts } from './consumer.ts';

/** Buries messages of a channel in the stream given. */
export function buryIn(
  redis: Redis,
  graveyard: string,
  channel: ChannelName,
  logger: Logger,
): ConsumerParts['bury'] {
  return async ({ stream, group }, [entryId, fields], reason) => {
    const died: MessageDied = {
      stream,
      channel,
      group,
      entryId,
      fields: fields ?? [],
      reason,
      atMs: Date.now(),
    };
    await postTo(redis, graveyard, died);
    logger.error('A message died.', { stream, group, entryId, reason });
  };
}
