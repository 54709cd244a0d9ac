/**
 * One reading of a thing at a time in this process, however many want it. Who fails, fails for all
 * who wait; who hangs keeps nobody longer than a call may take.
 */
import { setTimeout as sleep, setImmediate as turnOver } from 'node:timers/promises';
import { config } from '../config/index.ts';

interface Flight<Result> {
  readonly since: number;
  readonly result: Promise<Result>;
}

export class Flights<Result> {
  readonly #begun = new Map<string, Flight<Result>>();
  readonly #waiting = new Map<string, Promise<Result>>();
  /** How many were spared a reading of their own. */
  joined = 0;

  /** Joins the reading under way, or begins one: where it does not matter when it began. */
  any(key: string, work: () => Promise<Result>): Promise<Result> {
    const flying = this.#begun.get(key);
    if (!flying || performance.now() - flying.since >= config.requestMs)
      return this.#begin(key, work);
    this.joined++;
    return flying.result;
  }

  /** Joins a reading that has not begun yet: what it finds was there after it was asked for. */
  next(key: string, work: () => Promise<Result>): Promise<Result> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      this.joined++;
      return waiting;
    }
    const result = this.#afterLast(key).then(() => {
      this.#waiting.delete(key);
      return this.#begin(key, work);
    });
    this.#waiting.set(key, result);
    return result;
  }

  #begin(key: string, work: () => Promise<Result>): Promise<Result> {
    const flight = { since: performance.now(), result: work() };
    this.#begun.set(key, flight);
    const end = () => {
      if (this.#begun.get(key) === flight) this.#begun.delete(key);
    };
    flight.result.then(end, end);
    return flight.result;
  }

  /** When whoever asks within this turn of the event loop has asked, and nobody reads any more. */
  async #afterLast(key: string): Promise<void> {
    await turnOver();
    const last = this.#begun.get(key)?.result;
    if (!last) return;
    const over = new AbortController();
    const late = sleep(config.requestMs, undefined, { signal: over.signal });
    await Promise.allSettled([Promise.race([last, late])]);
    over.abort();
  }
}
