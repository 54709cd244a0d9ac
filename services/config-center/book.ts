/**
 * The bucket as its only writer sees it: every change of every setting, the last 64 of each.
 *
 * Always true: a change is written against the revision it was made from; a bucket that has lost
 * something (made anew, or its last second gone) gets back what was last known, in a new epoch, so
 * that nobody takes its revisions, which begin lower again, for old ones; what somebody wrote past
 * this service is written over with the last good value.
 */
import type { Logger } from 'moleculer';
import { type JetStreamManager, type KV, type NatsConnection, StorageType } from 'nats';
import type { ConfigEntry } from '../../contracts/config.ts';
import {
  faultOfKey,
  isNewer,
  type LiveValues,
  type Rank,
  readEntry,
} from '../../mixins/live-values.ts';
import { isNoStream, natsConnection } from '../../mixins/nats.ts';

export const HISTORY_MAX = 64;
const BUCKET_BYTES = 32 * 1_024 * 1_024;
const ASK_MS = 2_000;

/** An entry that may be in force, and where it stands. */
export interface Written {
  readonly key: string;
  readonly revision: number;
  readonly entry: ConfigEntry;
}
export interface Pages {
  /** Oldest first. */
  readonly written: readonly Written[];
  /** The last revision of each key, whoever wrote it. */
  readonly last: ReadonlyMap<string, number>;
}
export type Change = Omit<ConfigEntry, 'epoch' | 'at'>;

export interface BookOptions {
  readonly url: string;
  readonly bucket: string;
  /** What this process knows, from its file and from what it hears. */
  readonly known: LiveValues;
  readonly logger: Logger;
}

interface Opened {
  readonly kv: KV;
  /** When the bucket was made: another moment is another bucket. */
  readonly created: string;
  readonly epoch: number;
}

const SELF = 'config-center';
const rankOf = ({ revision, entry }: Written): Rank => ({ epoch: entry.epoch, revision });

export class Book {
  readonly #options: BookOptions;
  #connection: NatsConnection | undefined;
  #opened: Opened | undefined;
  #lastRevision = 0;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /** Sees that the bucket is there, whole and clean; every so often. @throws NatsError */
  async tend(): Promise<void> {
    try {
      const jsm = await this.#manager();
      const info = await jsm.streams.info(`KV_${this.#options.bucket}`).catch((error) => {
        if (isNoStream(error)) return undefined;
        throw error;
      });
      const same = info !== undefined && info.created === this.#opened?.created;
      if (!same || info.state.last_seq < this.#lastRevision) this.#opened = await this.#open(jsm);
      this.#lastRevision = info?.state.last_seq ?? 0;
      for (const key of this.#options.known.refusedKeys)
        if (!faultOfKey(key)) await this.#mend(key);
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  /** What stands under a key, or under a pattern of keys. */
  async read(filter: string): Promise<Pages | undefined> {
    return this.#opened && read(this.#opened.kv, filter);
  }

  /**
   * @param previous the revision of the key this change was made from
   * @returns its revision; undefined while the bucket is not open
   * @throws NatsError when somebody else wrote first (`isStale`), or NATS is away: then it may be
   * written or not
   */
  async write(key: string, change: Change, previous: number): Promise<Written | undefined> {
    return this.#opened && this.#put(this.#opened, key, change, previous);
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #put({ kv, epoch }: Opened, key: string, change: Change, previous: number) {
    const entry: ConfigEntry = { ...change, at: new Date().toISOString(), epoch };
    const revision = await kv.put(key, JSON.stringify(entry), { previousSeq: previous });
    return { key, revision, entry };
  }

  async #manager(): Promise<JetStreamManager> {
    if (this.#connection?.isClosed() !== false)
      this.#connection = await natsConnection(this.#options.url, SELF);
    return this.#connection.jetstreamManager({ timeout: ASK_MS, checkAPI: false });
  }

  /** Makes the bucket if need be, and brings it to what is known. */
  async #open(jsm: JetStreamManager): Promise<Opened> {
    const { bucket, known, logger } = this.#options;
    // Before the bucket is read: so what is known and not in it is lost, and not just written.
    const { entries, ...newest } = known.snapshot();
    const kv = await this.#connection!.jetstream({ timeout: ASK_MS }).views.kv(bucket, {
      history: HISTORY_MAX,
      storage: StorageType.File,
      replicas: 1,
      max_bytes: BUCKET_BYTES,
    });
    const { created } = await jsm.streams.info(`KV_${bucket}`);
    const { written, last } = await read(kv, '>');
    const ranks = new Map(written.map((page) => [page.key, rankOf(page)]));
    const lost = Object.entries(entries).filter(([key, mine]) => isNewer(mine, ranks.get(key)));
    const eldest = Math.max(Date.parse(created), ...written.map(({ entry }) => entry.epoch));
    const epoch = lost.length > 0 ? Math.max(eldest, newest.epoch + 1) : eldest;
    const opened = { kv, created, epoch };
    if (lost.length > 0)
      logger.warn('The bucket had lost settings; they are written again.', {
        keys: lost.map(([key]) => key),
      });
    for (const [key, { value }] of lost) {
      const reason = 'restored: the bucket had lost it';
      const change = { author: SELF, reason, ...(value !== undefined && { value }) };
      await this.#put(opened, key, change, last.get(key) ?? 0);
    }
    return opened;
  }

  /** Somebody wrote past this service: the last good value is written again. */
  async #mend(key: string): Promise<void> {
    const { written, last } = await read(this.#opened!.kv, key);
    const good = written.at(-1);
    const previous = last.get(key) ?? 0;
    if (good?.revision === previous) return;
    this.#options.logger.warn('Somebody wrote past the config centre; it is written over.', {
      key,
      revision: previous,
    });
    const change = {
      author: SELF,
      reason: 'restored: what stood here was not written by the config centre',
      ...(good?.entry.value !== undefined && { value: good.entry.value }),
      ...(good && { rolledBackTo: good.revision }),
    };
    await this.#put(this.#opened!, key, change, previous);
  }
}

async function read(kv: KV, filter: string): Promise<Pages> {
  const written: Written[] = [];
  const last = new Map<string, number>();
  for await (const found of await kv.history({ key: filter })) {
    // nats.js says the end of a history once; where something is written meanwhile, it says
    // "undefined" after that too.
    if (!found) continue;
    const { key, revision } = found;
    last.set(key, revision);
    const entry = entryIn(key, found.string());
    if (entry) written.push({ key, revision, entry });
  }
  return { written, last };
}

/** The entry, unless somebody else wrote it. */
function entryIn(key: string, text: string): ConfigEntry | undefined {
  try {
    return readEntry(key, text);
  } catch {
    return undefined;
  }
}
