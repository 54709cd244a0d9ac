/**
 * So many at once, and a bounded queue behind them, in the order they came. A bulkhead like
 * Moleculer's, which reads its numbers once, when a service starts: these may change at any time.
 */
import { refusal } from '../../contracts/errors.ts';

export interface Places {
  readonly max: number;
  readonly queue: number;
}
/** Somebody in the queue. */
interface Waiting {
  enter(): void;
  /** False when nobody waits for the answer any more. */
  isWanted(): boolean;
  turnAway(error: Error): void;
}

export class Gate {
  #inFlight = 0;
  #waiting: Waiting[] = [];

  get inFlight(): number {
    return this.#inFlight;
  }
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves when there is a place; whoever got it calls `leave`.
   * @param isWanted asked when a place is free for somebody who has waited for it
   * @throws BUSY when the queue is full, or nobody wants the answer any more
   */
  enter({ max, queue }: Places, isWanted: () => boolean): Promise<void> | undefined {
    if (this.#inFlight < max && this.#waiting.length === 0) {
      this.#inFlight++;
      return undefined;
    }
    if (this.#waiting.length >= queue) return Promise.reject(refusal('BUSY'));
    return new Promise((enter, turnAway) => this.#waiting.push({ enter, turnAway, isWanted }));
  }

  leave(places: Places): void {
    this.#inFlight--;
    this.admit(places);
  }

  /** Lets in whom there is place for now. */
  admit({ max }: Pick<Places, 'max'>): void {
    while (this.#inFlight < max) {
      const next = this.#waiting.shift();
      if (!next) return;
      if (next.isWanted()) {
        this.#inFlight++;
        next.enter();
      } else next.turnAway(refusal('BUSY'));
    }
  }
}
