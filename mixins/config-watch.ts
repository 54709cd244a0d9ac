/**
 * Hears every change of the config centre's bucket, from what stands in it now on. NATS may go and
 * come: the watch is made anew after every reconnect, because an old one sleeps for some ten
 * seconds first; and whenever the bucket turns out to be another one, or further than was heard.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'moleculer';
import { Events, type KvEntry, type NatsConnection, type QueuedIterator } from 'nats';
import { isNoStream, natsConnection } from './nats.ts';

export interface WatchOptions {
  readonly url: string;
  readonly bucket: string;
  /** What NATS calls this connection. */
  readonly name: string;
  readonly logger: Logger;
  hear(key: string, revision: number, text: string): void;
}

const AGAIN_MS = 250;
const ASK_MS = 2_000;
const LOOK_EVERY_MS = 5_000;

export class ConfigWatch {
  readonly #options: WatchOptions;
  readonly #ending = new AbortController();
  readonly #begun = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #connection: NatsConnection | undefined;
  #entries: QueuedIterator<KvEntry> | undefined;
  #trouble: string | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Resolves when what stands in the bucket has been heard, or there is no bucket yet. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#entries?.stop();
    await this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#watch(await this.#connected());
        this.#trouble = undefined;
      } catch (error) {
        if (isNoStream(error)) this.#begun.resolve();
        this.#report(error as Error);
      }
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#connection?.close();
  }

  /** Once per outage: it is tried several times a second. */
  #report(error: Error): void {
    if (this.#ending.signal.aborted || error.message === this.#trouble) return;
    this.#trouble = error.message;
    const level = isNoStream(error) ? 'debug' : 'warn';
    this.#options.logger[level]('The config centre is not heard; what was last known stays.', {
      reason: error.message,
    });
  }

  async #connected(): Promise<NatsConnection> {
    if (this.#connection?.isClosed() === false) return this.#connection;
    const { url, name } = this.#options;
    const connection = await natsConnection(url, name);
    this.#connection = connection;
    void (async () => {
      for await (const { type } of connection.status())
        if (type === Events.Reconnect) this.#entries?.stop();
    })();
    return connection;
  }

  /** Hears until the watch has to be made anew. @throws NatsError when it cannot be made */
  async #watch(connection: NatsConnection): Promise<void> {
    const { bucket, hear } = this.#options;
    const jsm = await connection.jetstreamManager({ timeout: ASK_MS, checkAPI: false });
    const infoNow = () => jsm.streams.info(`KV_${bucket}`);
    const { created, state } = await infoNow();
    let heard = state.last_seq;
    let behind = false;
    const js = connection.jetstream({ timeout: ASK_MS });
    const kv = await js.views.kv(bucket, { bindOnly: true });
    const entries = await kv.watch({ initializedFn: () => this.#begun.resolve() });
    this.#entries = entries;
    if (this.#ending.signal.aborted) entries.stop();
    const look = async () => {
      const now = await infoNow();
      const missing = now.state.last_seq > heard;
      if (now.created !== created || (missing && behind)) entries.stop();
      behind = missing;
    };
    const timer = setInterval(() => {
      look().catch((error) => {
        if (isNoStream(error)) entries.stop(); // else the weather, which a reconnect ends
      });
    }, LOOK_EVERY_MS);
    try {
      for await (const entry of entries) {
        heard = Math.max(heard, entry.revision);
        hear(entry.key, entry.revision, entry.string());
      }
    } finally {
      clearInterval(timer);
    }
  }
}
