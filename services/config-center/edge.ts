/**
 * The settings of the edge, where it can read them: a hash in the cache Redis, written at each
 * change and again every so often, because a cache may be flushed. Fields: the name of a setting,
 * and the `revision` they are of.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import { EDGE_NAMES } from '../../config/live.ts';
import { live, liveValues } from '../../mixins/live-config.ts';

export class EdgeSettings {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;
  #running: Promise<void> | undefined;
  #again = false;
  #failing = false;

  constructor(redis: Redis, key: string, logger: Logger) {
    this.#redis = redis;
    this.#key = key;
    this.#logger = logger;
  }

  /** Writes now, or right after the write that is under way. */
  kick(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    await this.#running;
    this.#redis.disconnect();
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#redis.multi().del(this.#key).hset(this.#key, fields()).exec();
        this.#failing = false;
      } catch (error) {
        const { message: reason } = error as Error;
        if (!this.#failing) this.#logger.warn('The edge is not told of its settings.', { reason });
        this.#failing = true;
      }
    }
  }
}

function fields(): Record<string, number> {
  const values = live();
  return {
    ...Object.fromEntries(EDGE_NAMES.map((name) => [name, values[name]])),
    revision: liveValues.newest.revision,
  };
}
