/**
 * Runs a script on Redis and says what went wrong in the project's three kinds: a word of refusal
 * is returned to the caller, weather is thrown as `ARBITER_AWAY`, and a fault of a script is a bug
 * and thrown as it is.
 */
import type { Redis } from 'ioredis';
import { refusal } from '../contracts/errors.ts';
import type { Script, Value } from './loader.ts';

/** What a script answers: a word, then what belongs to it. */
export type Reply = [word: string, ...rest: unknown[]];

/** Error replies that say something of Redis at this moment, and nothing of the request. */
const WEATHER = new Set([
  ...['LOADING', 'MISCONF', 'OOM', 'BUSY', 'READONLY', 'MASTERDOWN', 'NOREPLICAS'],
  ...['CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK', 'NOAUTH', 'WRONGPASS', 'NOPERM'],
]);

/** An error reply begins with a word. */
const wordIn = (error: Error) => error.message.split(' ', 1)[0]!;

/** True for an answer Redis itself gave; anything else that a call throws is the connection. */
const isReply = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError';

/** Runs any call to the arbiter; a connection that fails, or is full or loading, is weather. */
export async function inWeather<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isReply(error) && !WEATHER.has(wordIn(error))) throw error;
    // The cause stays in this process: it names hosts and ports.
    throw Object.assign(refusal('ARBITER_AWAY'), { cause: error });
  }
}

/** Runs a script by its hash; a Redis that does not know it yet is given its text. */
export async function runScript(
  redis: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly Value[],
): Promise<Reply> {
  const values = [...keys, ...args];
  return inWeather(async () => {
    try {
      return (await redis.evalsha(script.sha, keys.length, ...values)) as Reply;
    } catch (error) {
      if (!isReply(error) || wordIn(error) !== 'NOSCRIPT') throw error;
      return (await redis.eval(script.text, keys.length, ...values)) as Reply;
    }
  });
}
