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
import { argsOf, loadScript } from '../lua/loader.ts';

const keys = keyspace(config.namespace, config.shards);
const post = loadScript('channel/post');

export interface PostMeta {
  /** The request that led to the message: its handlers log and call under it. */
  readonly requestId?: string;
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
  { requestId }: PostMeta = {},
): Promise<string> {
  const args = argsOf(post, {
    payload: JSON.stringify(payload),
    headers: JSON.stringify(requestId === undefined ? {} : headersOf(requestId)),
  });
  const [, id] = (await run(redis, stream, args)) as [string, string];
  return id;
}

/** What the channels middleware makes the context of a handler from. */
const headersOf = (requestId: string) => ({
  $requestID: requestId,
  $level: '1',
  $tracing: 'false',
  $meta: Buffer.from(JSON.stringify({ requestId })).toString('base64'),
});

async function run(redis: Redis, stream: string, args: (string | number | Buffer)[]) {
  try {
    return await redis.evalsha(post.sha, 1, stream, ...args);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(post.text, 1, stream, ...args);
  }
}
