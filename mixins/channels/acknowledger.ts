/**
 * Acknowledges what has been handled, right after it was; what finishes in the same turn of the
 * event loop shares a command. A failed acknowledgement is harmless: the ids are kept and sent
 * again, and nobody of this process handles them a second time meanwhile.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import { acknowledge, type StreamPlace } from './stream.ts';

export class Acknowledger {
  readonly #redis: Redis;
  readonly #place: StreamPlace;
  readonly #logger: Logger;
  readonly #unsent = new Set<string>();
  readonly #sent = new Set<string>();
  #scheduled = false;

  constructor(redis: Redis, place: StreamPlace, logger: Logger) {
    this.#redis = redis;
    this.#place = place;
    this.#logger = logger;
  }

  /** True while an entry is handled but Redis has not confirmed that it is acknowledged. */
  has(id: string): boolean {
    return this.#unsent.has(id) || this.#sent.has(id);
  }

  add(id: string): void {
    this.#unsent.add(id);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush().catch((error) => this.#logger.error('Acknowledging failed.', error));
    });
  }

  /** Sends everything that waits, including what failed before; resolves either way. */
  async flush(): Promise<void> {
    const ids = [...this.#unsent];
    if (ids.length === 0) return;
    for (const id of ids) {
      this.#unsent.delete(id);
      this.#sent.add(id);
    }
    try {
      await acknowledge(this.#redis, this.#place, ids);
    } catch (error) {
      this.#logger.warn(`${ids.length} messages are handled but not acknowledged; again soon.`, {
        ...this.#place,
        reason: (error as Error).message,
      });
      for (const id of ids) this.#unsent.add(id);
    } finally {
      for (const id of ids) this.#sent.delete(id);
    }
  }
}
