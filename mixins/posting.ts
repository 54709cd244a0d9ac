/**
 * Puts messages on durable channels from outside the arbiter's own moves: the outbox, and the
 * burial of dead messages. Through a script, because only a script may write when Redis is full,
 * and these messages are what empties it. Whoever posts learns the entry id or an error; after an
 * error the message may still be there, and is posted again: every handler is idempotent.
 */
import type { Redis } from 'ioredis';
import { config } from '../config/index.ts';
import type { ChannelName, Messages } from '../contracts/channels.ts';
import { keyspace } from '../contracts/keys.ts';
import type { Lane } from '../contracts/lane.ts';
import { argsOf, loadScript, type Script, type Value } from '../lua/loader.ts';

const keys = keyspace(config.namespace, config.shards);
const post = loadScript('channel/post');
const repost = loadScript('channel/repost');

export interface PostMeta {
  /** The request that led to the message: its handlers log and call under it. */
  readonly requestId?: string;
  /** And the lane they do it in. */
  readonly lane?: Lane;
}

/**
 * Appends a message to the stream of the sale's shard.
 * @returns the entry id. @throws when Redis did not confirm it.
 */
export async function postMessage<Name extends ChannelName>(
  redis: Redis,
  channel: Name,
  sale: string,
  payload: Messages[Name],
  meta: PostMeta = {},
): Promise<string> {
  return postTo(redis, keys.stream(channel, keys.shardOf(sale)), payload, meta);
}

/** The same for a stream that is known by its name. */
export async function postTo(
  redis: Redis,
  stream: string,
  payload: object,
  meta: PostMeta = {},
): Promise<string> {
  const args = argsOf(post, {
    payload: JSON.stringify(payload),
    headers: JSON.stringify(meta.requestId === undefined ? {} : headersOf(meta)),
  });
  return run(redis, post, stream, args);
}

/**
 * Appends an entry to its own stream again, every field as it was: each group hears it once more.
 * @returns the new entry id. @throws when Redis did not confirm it.
 */
export const postAgain = (
  redis: Redis,
  stream: string,
  fields: readonly string[],
): Promise<string> => run(redis, repost, stream, argsOf(repost, { fields }));

/** What the channels middleware makes the context of a handler from. */
const headersOf = ({ requestId, lane }: PostMeta) => ({
  $requestID: requestId,
  $level: '1',
  $tracing: 'false',
  $meta: Buffer.from(JSON.stringify({ requestId, lane })).toString('base64'),
});

async function run(
  redis: Redis,
  script: Script,
  stream: string,
  args: readonly Value[],
): Promise<string> {
  const asked = async () => {
    try {
      return await redis.evalsha(script.sha, 1, stream, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(script.text, 1, stream, ...args);
    }
  };
  const [, id] = (await asked()) as [string, string];
  return id;
}
