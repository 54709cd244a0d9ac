/**
 * What many read and few change, near at hand: in the memory of this process, behind that in the
 * cache Redis (mixins/cached-shared.ts), behind that in MySQL. Only what is everybody's and holds
 * nothing live.
 *
 * Always true: whoever asks after a change was answered reads the change. Every reading asks the
 * cache Redis for the generation first, and what was read is kept under the generation of before
 * it: a message that is lost, late or out of order harms nothing, because there is none. When the
 * generation is not known, MySQL is asked, and nothing is kept.
 *
 * However many miss the same thing, one of a process reads it, and one process of all as long as
 * the cache lives and the reading takes no longer than others wait.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import type { ServiceSchema } from 'moleculer';
import { config } from '../config/index.ts';
import { Flights } from './cached-flights.ts';
import { AWAY, LOCK_MS, SharedCache } from './cached-shared.ts';
import { owesChange } from './generation.ts';
import { live } from './live-config.ts';
import { redisClient } from './redis.ts';

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** Lifetimes differ by up to this part, so that what was read together does not end together. */
export const JITTER = 0.15;
/** How often a process looks whether another has read what both miss. */
const LOOK_MS = 15;
/** What an entry takes beside its value, and how much more an object takes than its text. */
const ENTRY_BYTES = 256;
const OBJECT_PER_TEXT = 4;

/** How long what is read lives here and in the cache Redis, by what it is. */
const LIVES = {
  object: () => ({ here: live().cachedMs, shared: live().cachedSharedMs }),
  page: () => ({ here: live().cachedPageMs, shared: live().cachedPageMs }),
  unknown: () => ({ here: live().cachedUnknownMs, shared: live().cachedUnknownMs }),
  /** What never changes stays as long as there is room. */
  fixed: () => ({ here: 0, shared: live().cachedSharedMs }),
} as const;

interface Lived {
  readonly lives: keyof typeof LIVES;
}
interface Kind<Value> extends Lived {
  /** First word of its keys. */
  readonly name: string;
  pack(value: Value): Promise<Buffer>;
  /** @throws for bytes that say no such thing */
  unpack(bytes: Buffer): Promise<Kept>;
  /** What is kept of a value that was just read: what `unpack` would make of it. */
  settle(value: Value): Kept;
}
interface Kept {
  /** Undefined: there is no such thing. */
  readonly value: unknown;
  /** Of memory. */
  readonly bytes: number;
}
const NOTHING: Kept = { value: undefined, bytes: 0 };

/** One object for all who ask: nobody may write into it. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null)
    for (const member of Object.values(Object.freeze(value))) frozen(member);
  return value;
}

const objectFrom = (text: string): Kept => ({
  value: frozen(JSON.parse(text)),
  bytes: Buffer.byteLength(text) * OBJECT_PER_TEXT,
});

/** Answers that are objects. They come as JSON would bring them, wherever they were found. */
export const objects = <Value extends object>(
  name: string,
  lives: 'object' | 'page' = 'object',
): Kind<Value> => ({
  name,
  lives,
  pack: async (value) => Buffer.from(JSON.stringify(value)),
  unpack: async (bytes) => objectFrom(bytes.toString()),
  settle: (value) => objectFrom(JSON.stringify(value)),
});

const bytesAsTheyAre = (value: Buffer): Kept => ({ value, bytes: value.length });

/** Bytes that never change once they are there. */
export const fixedBytes = (name: string): Kind<Buffer> => ({
  name,
  lives: 'fixed',
  pack: (value) => zip(value),
  unpack: async (bytes) => bytesAsTheyAre(await unzip(bytes)),
  settle: bytesAsTheyAre,
});

/** A lifetime, give or take. @param random in [0, 1) */
export const jittered = (ms: number, random: number): number =>
  Math.ceil(ms * (1 - JITTER + 2 * JITTER * random));

type Read<Value> = () => Promise<Value | undefined>;

export class Cached {
  readonly #shared: SharedCache;
  readonly #random: () => number;
  readonly #kept: LRUCache<string, Kept>;
  readonly #flights = new Flights<Kept>();
  readonly #counts = { hits: 0, misses: 0, reads: 0 };
  #generation: Promise<string | undefined> | undefined;

  constructor(shared: SharedCache, maxBytes: number, random: () => number = Math.random) {
    this.#shared = shared;
    this.#random = random;
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => bytes + ENTRY_BYTES,
    });
  }

  /** How often something was found here, in the cache Redis, or read; and what is kept. */
  report(): object {
    const { size: entries, calculatedSize: bytes } = this.#kept;
    const { joined } = this.#flights;
    return { here: { ...this.#counts, joined, entries, bytes }, shared: this.#shared.counts };
  }

  /**
   * The value of a kind that `id` names: kept, or as `read` answers it.
   * @returns undefined when there is none
   * @throws what `read` throws; that is never kept
   */
  async get<Value>(kind: Kind<Value>, id: string, read: Read<Value>): Promise<Value | undefined> {
    const generation = kind.lives === 'fixed' ? 'fixed' : await this.#generationNow();
    const kept =
      generation === undefined
        ? await this.#flights.next(`${kind.name}:${id}`, () => this.#read(kind, read))
        : await this.#under(generation, kind, id, read);
    return kept.value as Value | undefined;
  }

  async #under<Value>(
    generation: string,
    kind: Kind<Value>,
    id: string,
    read: Read<Value>,
  ): Promise<Kept> {
    const key = `${generation}:${kind.name}:${id}`;
    const found = this.#kept.get(key);
    this.#counts[found ? 'hits' : 'misses']++;
    return found ?? this.#flights.any(key, () => this.#found(kind, key, read));
  }

  close(): void {
    this.#shared.close();
  }

  /**
   * The generation at a moment not before the call. Whoever calls within one turn of the event loop
   * shares a question; nobody shares one that was sent before they called.
   */
  #generationNow(): Promise<string | undefined> {
    this.#generation ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#generation = undefined;
        resolve(this.#shared.generation().then((id) => (owesChange() ? undefined : id)));
      });
    });
    return this.#generation;
  }

  /** What the cache Redis has; else one process reads it, and the others wait for that a while. */
  async #found<Value>(kind: Kind<Value>, key: string, read: Read<Value>): Promise<Kept> {
    const giveUpAt = performance.now() + LOCK_MS;
    let seen = (await this.#shared.get(key)) ?? (await this.#shared.claim(key));
    while (seen === 'taken' && performance.now() < giveUpAt) {
      await sleep(LOOK_MS * (0.5 + this.#random()));
      seen = await this.#shared.claim(key);
    }
    if (Buffer.isBuffer(seen)) {
      const kept = await this.#unpacked(kind, seen);
      if (kept) return this.#keep(kind, key, kept);
    }
    try {
      const kept = this.#keep(kind, key, await this.#read(kind, read));
      if (seen !== AWAY) void this.#share(kind, key, kept);
      return kept;
    } catch (error) {
      if (seen === 'mine') void this.#shared.release(key);
      throw error;
    }
  }

  async #read<Value>(kind: Kind<Value>, read: Read<Value>): Promise<Kept> {
    this.#counts.reads++;
    const value = await read();
    return value === undefined ? NOTHING : kind.settle(value);
  }

  async #unpacked<Value>(kind: Kind<Value>, packed: Buffer): Promise<Kept | undefined> {
    if (packed.length === 0) return NOTHING;
    try {
      return await kind.unpack(packed);
    } catch {
      // Sealed and yet no such thing: of no use, and read anew.
      return undefined;
    }
  }

  #keep(kind: Lived, key: string, kept: Kept): Kept {
    const { here } = livesOf(kind, kept);
    this.#kept.set(key, kept, here > 0 ? { ttl: jittered(here, this.#random()) } : {});
    return kept;
  }

  async #share<Value>(kind: Kind<Value>, key: string, kept: Kept): Promise<void> {
    const { shared } = livesOf(kind, kept);
    const packed =
      kept.value === undefined ? Buffer.alloc(0) : await kind.pack(kept.value as Value);
    await this.#shared.put(key, packed, jittered(shared, this.#random()));
  }
}

const livesOf = (kind: Lived, { value }: Kept) =>
  LIVES[value === undefined ? 'unknown' : kind.lives]();

let ours: Cached | undefined;
let wearers = 0;

/** {@link Cached.get} of this process; without a service that wears the mixin, a plain reading. */
export const cached = <Value>(
  kind: Kind<Value>,
  id: string,
  read: Read<Value>,
): Promise<Value | undefined> => (ours ? ours.get(kind, id, read) : read());

/** What a process says of it on its health port; nothing when it keeps nothing. */
export const cachedReport = (): object => ours?.report() ?? {};

/** What a service wears whose answers are kept. */
export const keepsAnswers: Partial<ServiceSchema> = {
  async started() {
    ours ??= new Cached(
      new SharedCache(redisClient(config.cacheUrl, 'cache')),
      config.cachedMb * 1_024 * 1_024,
    );
    wearers++;
  },
  async stopped() {
    if (!ours || --wearers > 0) return;
    ours.close();
    ours = undefined;
  },
};
