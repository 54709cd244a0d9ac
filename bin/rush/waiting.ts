/**
 * Where buyers wait who found nothing free: seats come back when others cancel or do not pay. One
 * look at the sale serves everybody, and no more buyers are called than there are seats.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, Unanswered } from './client.ts';

const LOOK_MS = 500;

type Waiter = PromiseWithResolvers<boolean>;

export class WaitingRoom {
  #client: Client;
  #sessionId: string;
  #line: Waiter[] = [];
  #looking = false;

  constructor(client: Client, sessionId: string) {
    this.#client = client;
    this.#sessionId = sessionId;
  }

  /** True when seats are back; false when none can come back any more. */
  wait(): Promise<boolean> {
    const waiter = Promise.withResolvers<boolean>();
    this.#line.push(waiter);
    if (!this.#looking) this.#look().catch((error) => this.#dismiss(error));
    return waiter.promise;
  }

  /** Looks until nobody waits. */
  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#line.length > 0) {
      await sleep(LOOK_MS);
      const free = await this.#free();
      const called = free === undefined ? this.#line.splice(0) : this.#line.splice(0, free);
      for (const waiter of called) waiter.resolve(free !== undefined);
    }
    this.#looking = false;
  }

  #dismiss(error: unknown): void {
    this.#looking = false;
    for (const waiter of this.#line.splice(0)) waiter.reject(error);
  }

  /** How many seats are free now; undefined when every seat is sold, or the rush is over. */
  async #free(): Promise<number | undefined> {
    try {
      const { body } = await this.#client.send(
        undefined,
        'GET',
        `/sessions/${this.#sessionId}/seats`,
      );
      const states = (body as { states: string }).states;
      const count = (mark: string) => states.split(mark).length - 1;
      return count('0') + count('1') === 0 ? undefined : count('0');
    } catch (error) {
      if (error instanceof Unanswered) return undefined;
      throw error;
    }
  }
}
