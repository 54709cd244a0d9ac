/**
 * Hears one stream for one group: reads as much as it has room for, handles messages side by side,
 * acknowledges each by itself, repeats what failed for a passing reason for ever, and takes over
 * what a dead peer left. A message keeps its place among those in flight until it is acknowledged
 * or buried: when everything fails, reading stops and the backlog stays in Redis.
 *
 * Nothing is ever lost by stopping: what is not done stays pending, for this consumer's next run
 * (which begins with it) or for a peer (after `idleMs`). The consumer is never deleted from its
 * group: its name is that of the instance, so there is nothing to tidy and no pending entry to
 * lose.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import type { ChannelName } from '../../contracts/channels.ts';
import { Acknowledger } from './acknowledger.ts';
import { decode, type Entry, isPermanent, type Message } from './decode.ts';
import {
  claimIdle,
  ensureGroup,
  isGroupMissing,
  keepAlive,
  readNew,
  readOwn,
  type StreamPlace,
} from './stream.ts';

export interface ConsumerLimits {
  readonly maxInFlight: number;
  /** Without a sign of life for this long a pending message is taken over. */
  readonly idleMs: number;
  /** First wait after a passing failure; the longest is {@link LONGEST_RETRY} times as long. */
  readonly retryMs: number;
  readonly drainMs: number;
}
export interface ConsumerParts {
  readonly channel: ChannelName;
  readonly place: StreamPlace;
  readonly limits: ConsumerLimits;
  /** For everything that does not block. */
  readonly redis: Redis;
  /** For the blocking read alone; the consumer ends it. */
  readonly reader: Redis;
  readonly logger: Logger;
  handle(message: Message): Promise<unknown>;
  /** Keeps a message that no repetition can help; what it throws is a passing failure. */
  bury(place: StreamPlace, entry: Entry, reason: string): Promise<void>;
}

const LONGEST_RETRY = 10;
const PAUSE_MS = 250;
/** Signs of life per `idleMs`. */
const BEATS = 3;

/** How long the last acknowledgements may take when we stop. */
const FAREWELL_MS = 1_000;

/** True when `work` ended within the time. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController();
  const late = sleep(ms, false, { signal: ended.signal }).catch(() => false);
  const inTime = await Promise.race([work.then(() => true), late]);
  ended.abort();
  return inTime;
}

export class Consumer {
  readonly #parts: ConsumerParts;
  readonly #acknowledger: Acknowledger;
  readonly #inFlight = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #beat: NodeJS.Timeout;
  /** Where to go on among our own pending entries; undefined when they are all in flight. */
  #ownFrom: string | undefined = '0';
  #claimFrom = '0-0';
  #reading: Promise<void> = Promise.resolve();
  #beating: Promise<void> = Promise.resolve();
  #slotFreed: () => void = () => undefined;

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    this.#acknowledger = new Acknowledger(parts.redis, parts.place, parts.logger);
    this.#beat = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#maintain());
    }, parts.limits.idleMs / BEATS);
  }

  start(): void {
    // A reply lost with its connection left entries pending under our name: look for them.
    this.#parts.reader.on('close', () => {
      this.#ownFrom = '0';
    });
    this.#reading = this.#read();
  }

  /**
   * Stops reading, waits up to `drainMs` for what runs, leaves the rest pending. Never hangs on a
   * Redis that is away.
   */
  async stop(): Promise<void> {
    const { reader, limits, logger, place } = this.#parts;
    this.#stop.abort();
    this.#slotFreed();
    reader.disconnect();
    const drained = Promise.all([this.#reading, ...this.#running]);
    if (!(await within(limits.drainMs, drained)))
      logger.warn(`${this.#running.size} messages stay pending: still running.`, { ...place });
    clearInterval(this.#beat);
    await within(FAREWELL_MS, Promise.all([this.#beating, this.#acknowledger.flush()]));
  }

  get #stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  async #read(): Promise<void> {
    const { reader, place, limits, logger } = this.#parts;
    let failing = false;
    while (!this.#stopping) {
      const room = limits.maxInFlight - this.#inFlight.size;
      if (room <= 0) {
        await this.#waitForSlot();
        continue;
      }
      try {
        if (this.#ownFrom !== undefined) await this.#takeOwn(this.#ownFrom, room);
        else this.#take(await readNew(reader, place, room));
        failing = false;
      } catch (error) {
        if (this.#stopping) return;
        if (isGroupMissing(error)) await this.#createGroup();
        else {
          if (!failing)
            logger.warn('Reading failed; again until it works.', { ...place, err: error });
          failing = true;
          await this.#pause(PAUSE_MS);
        }
      }
    }
  }

  /** The next page of what an earlier run, or a reply that never arrived, left under our name. */
  async #takeOwn(fromId: string, room: number): Promise<void> {
    // Cleared first: a connection that closes while we read sets it again.
    this.#ownFrom = undefined;
    try {
      const entries = await readOwn(this.#parts.reader, this.#parts.place, fromId, room);
      this.#take(entries);
      this.#ownFrom ??= entries.at(-1)?.[0];
    } catch (error) {
      this.#ownFrom ??= fromId;
      throw error;
    }
  }

  async #createGroup(): Promise<void> {
    const { redis, place, logger } = this.#parts;
    try {
      await ensureGroup(redis, place);
      logger.info('Group created.', { ...place });
    } catch (error) {
      logger.warn('The group cannot be created; again soon.', {
        ...place,
        reason: String(error),
      });
      await this.#pause(PAUSE_MS);
    }
  }

  #take(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const [id, fields] = entry;
      if (this.#inFlight.has(id) || this.#acknowledger.has(id)) continue;
      if (fields === null) {
        this.#parts.logger.error('A pending message is no longer in its stream.', { id });
        this.#acknowledger.add(id);
        continue;
      }
      this.#inFlight.add(id);
      const job = this.#run(entry, fields).finally(() => {
        this.#running.delete(job);
        this.#inFlight.delete(id);
        this.#slotFreed();
      });
      this.#running.add(job);
    }
  }

  /** Handles one message until it is done, buried, or we stop; never throws. */
  async #run(entry: Entry, fields: readonly string[]): Promise<void> {
    for (let attempt = 1; !this.#stopping || attempt === 1; attempt++) {
      try {
        await this.#attempt(entry, fields);
        this.#acknowledger.add(entry[0]);
        return;
      } catch (error) {
        // The first, second, fourth, eighth … failure: enough to see, not to drown in.
        if ((attempt & (attempt - 1)) === 0)
          this.#parts.logger.warn(`Handling failed ${attempt} times; again later.`, {
            ...this.#parts.place,
            id: entry[0],
            err: error,
          });
      }
      const { retryMs } = this.#parts.limits;
      const waitMs = retryMs * Math.min(2 ** (attempt - 1), LONGEST_RETRY);
      await this.#pause(waitMs * (0.5 + Math.random() / 2));
    }
  }

  /** @throws what passes; whatever lasts is buried. */
  async #attempt(entry: Entry, fields: readonly string[]): Promise<void> {
    const { channel, place, handle, bury } = this.#parts;
    const { message, fault } = decode(channel, fields);
    if (!message) return bury(place, entry, fault);
    try {
      await handle(message);
    } catch (error) {
      if (!isPermanent(error)) throw error;
      const { name, type, message: text } = error as Error & { type?: string };
      await bury(place, entry, `${type ?? name}: ${text}`);
    }
  }

  /**
   * Signs of life for what is in flight, acknowledgements that failed, and what dead peers left.
   */
  async #maintain(): Promise<void> {
    const { redis, place, limits, logger } = this.#parts;
    try {
      await this.#acknowledger.flush();
      await keepAlive(redis, place, [...this.#inFlight]);
      const room = limits.maxInFlight - this.#inFlight.size;
      if (this.#stopping || room <= 0) return;
      const claimed = await claimIdle(redis, place, limits.idleMs, this.#claimFrom, room);
      this.#claimFrom = claimed.next;
      if (claimed.gone.length > 0)
        logger.error('Pending messages are no longer in their stream.', { ids: claimed.gone });
      // Claimed while we began to stop: they stay pending, and somebody takes them over again.
      if (!this.#stopping) this.#take(claimed.entries);
    } catch (error) {
      if (isGroupMissing(error)) await this.#createGroup();
      else logger.warn('Looking after pending messages failed.', { reason: String(error) });
    }
  }

  async #waitForSlot(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#slotFreed = resolve;
      if (this.#stopping) resolve();
    });
    // What else finishes in this turn is room for the same read.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#stop.signal });
    } catch (error) {
      if (!this.#stopping) throw error;
    }
  }
}
