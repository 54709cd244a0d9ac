/**
 * The generation of the catalogue: one id in the cache Redis that is new after every change of what
 * everybody may see. What the edge keeps of the catalogue it keeps under that id, so a new one
 * makes all of it unreachable at once. Coarse on purpose: a show shows its sessions, a list shows
 * all shows, and changes are rare beside reads. What processes keep (mixins/cached.ts) they keep
 * under it too.
 *
 * Always true: an id is written only after the change was committed, so whoever asks under it reads
 * the change; no id comes twice, also when the cache was flushed; an id that could not be written
 * is owed until it is, by this process or, when it dies first, by the next that starts. A cache
 * that is away fails nobody's change.
 */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger, ServiceSchema } from 'moleculer';
import { config } from '../config/index.ts';
import { newId } from '../contracts/ids.ts';
import { cacheKey } from '../contracts/keys.ts';
import { redisClient } from './redis.ts';

const KEY = cacheKey(config.namespace, 'catalogue:generation');
/** How often what is owed is tried again, and what the cache has lost is put back. */
const LOOK_EVERY_MS = 1_000;

interface Writer {
  readonly redis: Redis;
  readonly logger: Logger;
  readonly looking: NodeJS.Timeout;
  /** Services of this process that wear it: all write through one. */
  wearers: number;
  /** Changes so far, and how many of them the cache has been told of. */
  changes: number;
  told: number;
}
let writer: Writer | undefined;

const freshId = () => newId(Date.now(), randomBytes);

/** Tells of every change so far. @throws when the cache did not confirm it */
async function tell(by: Writer): Promise<void> {
  const { changes, redis } = by;
  const id = freshId();
  await redis.set(KEY, id);
  by.told = Math.max(by.told, changes);
  await redis.publish(KEY, id);
}

async function look(by: Writer): Promise<void> {
  try {
    if (by.told < by.changes) await tell(by);
    else await by.redis.set(KEY, freshId(), 'NX');
  } catch (error) {
    by.logger.debug('The cache is away.', { err: error });
  }
}

/**
 * Says that something of the catalogue has changed; call it after the commit. Resolves when the
 * cache has been told, or within `redisCommandMs` or two when it cannot be.
 */
export async function catalogueChanged(): Promise<void> {
  const by = writer;
  if (!by) return;
  by.changes++;
  try {
    await tell(by);
  } catch (error) {
    by.logger.warn('The cache will be told later that the catalogue changed.', { err: error });
  }
}

/**
 * Whether the cache may not know yet of a change of this process: then the id it has is an old one,
 * and so is what is kept under it.
 */
export const owesChange = (): boolean => writer !== undefined && writer.told < writer.changes;

function open(logger: Logger): Writer {
  const opened: Writer = {
    redis: redisClient(config.cacheUrl, 'hot'),
    logger,
    looking: setInterval(() => void look(opened), LOOK_EVERY_MS),
    wearers: 0,
    // Whoever ran here before may have died between a commit and its word to the cache.
    changes: 1,
    told: 0,
  };
  void look(opened);
  return opened;
}

/** What a service wears whose objects everybody may see. */
export const movesGeneration: Partial<ServiceSchema> = {
  async started() {
    writer ??= open(this.logger);
    writer.wearers++;
  },
  async stopped() {
    if (!writer || --writer.wearers > 0) return;
    clearInterval(writer.looking);
    writer.redis.disconnect();
    writer = undefined;
  },
};
