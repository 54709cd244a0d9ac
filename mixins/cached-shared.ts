/**
 * What processes keep for each other in the cache Redis, and which of them reads what is missing.
 *
 * Always true: it fails nobody. A cache that says no is asked again; one that says nothing is left
 * alone for a second, and then one of those who come tries it, so that no crowd waits for it. What
 * it holds is believed only whole, and from the same code.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type Redis, ReplyError } from 'ioredis';
import { config } from '../config/index.ts';
import { ID_PATTERN } from '../contracts/ids.ts';
import { cacheKey } from '../contracts/keys.ts';

/** There is no answer: the cache is slow, full, or not there. */
export const AWAY = Symbol('away');
export type Away = typeof AWAY;

/** How long a silent cache is left alone. */
const REST_MS = 1_000;
/** Longer than a reading takes: who dies over one holds the others up for so long, no longer. */
export const LOCK_MS = 2_000;
/** More than this is not worth the cache's memory, nor its time. */
const BYTES_MAX = 8 * 1_024 * 1_024;
const SEAL_CHARS = 8;

const GENERATION = cacheKey(config.namespace, 'catalogue:generation');

/** Where the code is that shapes what is kept. */
const CODE = ['services/show', 'services/venue', 'services/session', 'contracts', 'mixins'].map(
  (path) => new URL(`../${path}/`, import.meta.url),
);

/** New with every change of that code: two versions of it do not read each other's answers. */
export function codeVersion(folders: readonly URL[] = CODE): string {
  const hash = createHash('sha256');
  for (const folder of folders)
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts')))
      hash.update(readFileSync(new URL(file, folder)));
  return hash.digest('base64url').slice(0, 12);
}

/** Of its own key: what belongs to another is worth as little as what was cut off. */
const sealOf = (key: string, bytes: Buffer): string =>
  crc32(bytes, crc32(key)).toString(16).padStart(SEAL_CHARS, '0');

/**
 * The reply of a command, if it is there in time. A crowd keeps this process busy for longer than
 * the cache takes: what has come by the end of the time is read before it is given up.
 * @throws when it is not, or what the command throws
 */
function inTime<Reply>(command: Promise<Reply>): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const giveUp = () => reject(new Error('the cache is silent'));
  const timer = setTimeout(() => setImmediate(giveUp), config.cacheCommandMs);
  command.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}

export class SharedCache {
  readonly #redis: Redis;
  readonly #prefix = `${cacheKey(config.namespace, 'catalogue:kept')}:${codeVersion()}:`;
  readonly counts = { hits: 0, misses: 0, broken: 0, failures: 0 };
  /** Until when nobody asks; above 0 since the last silence. */
  #restsUntil = 0;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** The generation of the catalogue now; undefined when nobody can say. */
  async generation(): Promise<string | undefined> {
    const id = await this.#ask(() => this.#redis.get(GENERATION));
    return typeof id === 'string' && ID_PATTERN.test(id) ? id : undefined;
  }

  /** What is kept under a key. */
  async get(key: string): Promise<Buffer | undefined | Away> {
    const name = this.#prefix + key;
    // What is no string is nothing to this command, and an error to GET.
    const kept = await this.#ask(() => this.#redis.mgetBuffer(name));
    if (kept === AWAY) return AWAY;
    const bytes = this.#opened(name, kept[0]);
    this.counts[bytes ? 'hits' : 'misses']++;
    return bytes;
  }

  /**
   * Asks to be the one who reads what is missing: `mine`, or `taken`, unless it is there by now.
   * Whoever got it gives it back with `put` or `release`.
   */
  async claim(key: string): Promise<Buffer | 'mine' | 'taken' | Away> {
    const name = this.#prefix + key;
    const replies = await this.#ask(() =>
      this.#redis.multi().set(`${name}:lock`, '1', 'PX', LOCK_MS, 'NX').getBuffer(name).exec(),
    );
    if (replies === AWAY || !replies) return AWAY;
    const [[, locked], [, kept]] = replies as [
      [unknown, unknown],
      [unknown, Buffer | null | undefined],
    ];
    const bytes = this.#opened(name, kept);
    if (bytes && locked) await this.release(key);
    return bytes ?? (locked ? 'mine' : 'taken');
  }

  /** Keeps something, and ends the claim. */
  async put(key: string, bytes: Buffer, lifeMs: number): Promise<void> {
    if (bytes.length > BYTES_MAX) return this.release(key);
    const name = this.#prefix + key;
    const sealed = Buffer.concat([Buffer.from(sealOf(name, bytes)), bytes]);
    await this.#ask(() =>
      this.#redis.multi().set(name, sealed, 'PX', lifeMs).del(`${name}:lock`).exec(),
    );
  }

  /** Ends a claim without anything to keep. Another's, when ours was too old: it costs a query. */
  async release(key: string): Promise<void> {
    await this.#ask(() => this.#redis.del(`${this.#prefix}${key}:lock`));
  }

  close(): void {
    this.#redis.disconnect();
  }

  #opened(name: string, kept: Buffer | null | undefined): Buffer | undefined {
    if (!Buffer.isBuffer(kept)) return undefined;
    const bytes = kept.subarray(SEAL_CHARS);
    if (kept.toString('latin1', 0, SEAL_CHARS) === sealOf(name, bytes)) return bytes;
    this.counts.broken++;
    return undefined;
  }

  async #ask<Reply>(command: () => Promise<Reply>): Promise<Reply | Away> {
    const now = performance.now();
    if (now < this.#restsUntil) return AWAY;
    // After a silence one goes ahead; the others need not wait to see whether it is over.
    if (this.#restsUntil > 0) this.#restsUntil = now + REST_MS;
    try {
      const reply = await inTime(command());
      this.#restsUntil = 0;
      return reply;
    } catch (error) {
      this.counts.failures++;
      if (!(error instanceof ReplyError)) this.#restsUntil = performance.now() + REST_MS;
      return AWAY;
    }
  }
}
