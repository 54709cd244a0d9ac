/**
 * How this project talks to Redis: one place for what a connection does when Redis is slow or away.
 * A command of the hot path fails at once and is never sent twice, because somebody is waiting and
 * a repeated move is his to decide; work in the background waits until Redis is back.
 */
import { Redis, type RedisOptions } from 'ioredis';
import { config } from '../config/index.ts';

/**
 * - `hot`: somebody waits for the answer. Fails within `redisCommandMs`; nothing is queued while
 *   Redis is away, once it has been reached for the first time.
 * - `cache`: somebody waits, and can do without. As `hot`, but how long to wait is theirs to say
 *   (mixins/cached-shared.ts).
 * - `consumer`: work in the background (acknowledge, claim, post). Waits for Redis to come back,
 *   but a single command gives up after {@link BACKGROUND_MS}, so that a loop never hangs on it.
 * - `patient`: as `consumer`, for moves of seats: what was on its way when the connection broke
 *   fails, because the Redis that comes back may be another run, and the move was meant for the one
 *   before.
 * - `reader`: sits in a blocking command, without a limit in time. A connection that is lost fails
 *   it, so that its loop can look for what the lost reply may have held; one that says nothing for
 *   {@link SILENT_MS} is cut.
 * - `aside`: asked on the way of something that can do without the answer. Fails within
 *   {@link ASIDE_MS}.
 */
export type RedisPurpose = 'hot' | 'cache' | 'aside' | 'consumer' | 'patient' | 'reader';

/** The longest `BLOCK` a reader may ask for, ms. */
export const BLOCK_MS = 5_000;
const BACKGROUND_MS = 5_000;
const SILENT_MS = 3 * BLOCK_MS;
const ASIDE_MS = 50;

const again = (firstMs: number, maxMs: number) => (attempt: number) =>
  Math.min(firstMs * attempt, maxMs) + Math.random() * firstMs;

const AWAITED: RedisOptions = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: again(50, 500),
};
const UNHURRIED: RedisOptions = {
  commandTimeout: BACKGROUND_MS,
  maxRetriesPerRequest: null,
  retryStrategy: again(100, 1_000),
};
const OPTIONS: Readonly<Record<RedisPurpose, RedisOptions>> = {
  hot: { ...AWAITED, commandTimeout: config.redisCommandMs },
  cache: { ...AWAITED, commandTimeout: BACKGROUND_MS },
  aside: { ...AWAITED, commandTimeout: ASIDE_MS },
  consumer: UNHURRIED,
  patient: { ...UNHURRIED, autoResendUnfulfilledCommands: false },
  reader: {
    socketTimeout: SILENT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: again(100, 1_000),
  },
};

/**
 * A connection to a Redis, made at once and kept for ever.
 * @param heard what to do with a connection error; the commands that fail of it fail either way.
 */
export function redisClient(
  url: string,
  purpose: RedisPurpose,
  heard: (error: Error) => void = () => undefined,
): Redis {
  const client = new Redis(url, { connectTimeout: 1_000, ...OPTIONS[purpose] });
  client.on('error', heard);
  // Commands issued while the process starts wait for the first connection; later ones do not.
  if (purpose === 'hot' || purpose === 'cache' || purpose === 'aside')
    client.once('ready', () => {
      client.options.enableOfflineQueue = false;
    });
  return client;
}
