/**
 * Keeps the outbox empty: posts at once when somebody says that there is something (`kick`), and
 * looks every so often by itself, for what a killed process left. Never makes anybody wait.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import { every } from '../../mixins/pace.ts';
import { relay } from './outbox.ts';

/** Rows one look goes through. */
const LOOK_MAX = 2_000;

export class Relayer {
  readonly #redis: Redis;
  readonly #logger: Logger;
  readonly #rest: () => void;
  #running: Promise<void> | undefined;
  #again = false;
  #failing = false;

  /** @param everyMs asked before each look */
  constructor(redis: Redis, everyMs: () => number, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
    this.#rest = every(everyMs, () => this.kick());
  }

  /** There may be something to post: look now, or right after the look that is under way. */
  kick(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends after the look under way; what is unsent stays for the next process. */
  async stop(): Promise<void> {
    this.#rest();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await relay(this.#redis, 0, LOOK_MAX);
        this.#failing = false;
      } catch (error) {
        // said once per outage: the rows are safe, and the next look repeats it
        if (!this.#failing) this.#logger.warn('The outbox waits.', { reason: String(error) });
        this.#failing = true;
      }
    }
  }
}
