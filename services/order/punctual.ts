/**
 * Hears announced deadlines: one order is judged once at a time, however often it is announced, and
 * one that came too early is judged again the moment it is due, without waiting for the next
 * announcement. All of it is comfort: a process that forgets it is told again.
 */
import type { DueOutcome } from './timeout.ts';

export class Punctual {
  readonly #judging = new Set<string>();
  readonly #early = new Map<string, NodeJS.Timeout>();
  readonly #failed: (error: Error) => void;

  /** @param failed hears of a judgement that a timer began; the next announcement repeats it. */
  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  /** Judges an order unless that is under way. @throws whatever `judge` throws */
  async hear(orderId: string, judge: () => Promise<DueOutcome>): Promise<void> {
    if (this.#judging.has(orderId)) return;
    this.#judging.add(orderId);
    try {
      const { earlyMs } = await judge();
      if (earlyMs !== undefined && !this.#early.has(orderId)) this.#later(orderId, earlyMs, judge);
    } finally {
      this.#judging.delete(orderId);
    }
  }

  stop(): void {
    for (const timer of this.#early.values()) clearTimeout(timer);
  }

  #later(orderId: string, waitMs: number, judge: () => Promise<DueOutcome>): void {
    const timer = setTimeout(() => {
      this.#early.delete(orderId);
      this.hear(orderId, judge).catch(this.#failed);
    }, waitMs);
    this.#early.set(orderId, timer);
  }
}
