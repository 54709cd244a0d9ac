/**
 * The settings of the edge that may change while it runs. nginx knows rates only as they were when
 * it read its configuration, so the supervisor looks at what the config centre wrote for the edge,
 * writes the edge's directory anew and lets nginx read it: no request is lost, streams are asked to
 * come again. Whatever cannot be read, or is out of bounds, leaves the edge as it is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Config } from '../../config/index.ts';
import { EDGE_NAMES } from '../../config/live.ts';
import { SETTINGS } from '../../config/schema.ts';
import { faultOf } from '../../config/value.ts';
import { cacheKey } from '../../contracts/keys.ts';

type EdgeValues = Pick<Config, (typeof EDGE_NAMES)[number]>;

const EVERY_MS = 250;
const COMMAND_MS = 500;

/**
 * Looks until it is ended, four times a second.
 * @param warn told once of a trouble that stays
 * @param apply called when a value is another one than the edge was told last
 * @returns ends it
 */
export function followEdgeSettings(
  config: Config,
  apply: (config: Config) => void,
  warn: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  const redis = new Redis(config.cacheUrl, {
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => EVERY_MS,
  });
  // A cache that is away is a question without an answer: the next one is asked soon.
  redis.on('error', () => undefined);
  const key = cacheKey(config.namespace, 'edge:config');
  let told = config;
  let trouble = '';
  const running = (async () => {
    while (!signal.aborted) {
      const values = await read(redis, key).catch(() => ({}));
      const next = { ...told, ...values };
      if (!signal.aborted && EDGE_NAMES.some((name) => next[name] !== told[name]))
        try {
          apply(next);
          told = next;
        } catch (error) {
          // A full disk, say. Tried again at the next look.
          if (trouble !== String(error)) warn(`the edge keeps its settings: ${String(error)}`);
          trouble = String(error);
        }
      await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  })();
  return async () => {
    ending.abort();
    redis.disconnect();
    await running;
  };
}

/** What is written for the edge, of what may be in force. */
async function read(redis: Redis, key: string): Promise<Partial<EdgeValues>> {
  const texts = await redis.hmget(key, ...EDGE_NAMES);
  return Object.fromEntries(
    EDGE_NAMES.flatMap((name, i) => {
      const value = Number(texts[i] ?? Number.NaN);
      return faultOf(SETTINGS[name], value) === undefined ? [[name, value]] : [];
    }),
  );
}
