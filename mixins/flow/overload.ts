/**
 * The system rule: a process that cannot keep up turns away what it may, early, so that what it
 * lets in is answered about as soon as ever. Two questions:
 *
 * - Is there too much? The event loop is late: a timer that is due waits, and so does every request
 *   that has arrived. A burst is worked off, so only half a second on end of it counts. (How busy
 *   the loop is would not tell: it is always busy as soon as somebody asks without pause, and may
 *   be late by a millisecond then, or by ten seconds.)
 * - Which? Whatever is looked at when its turn of the loop has used up its budget: everybody behind
 *   it has waited that long already. So each turn is short, and as much is let in as there is time
 *   left beside turning away. The first of a turn is always let in.
 *
 * It ends when the loop would have kept up with everybody, at what it has cost to answer some and
 * to turn the others away.
 */
import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
} from 'node:perf_hooks';
import { live } from '../live-config.ts';

const LOOK_MS = 250;
/** So many looks on end make it too much; so many, no longer too much. */
const LATE_LOOKS = 2;
const CALM_LOOKS = 4;
const RESOLUTION_MS = 10;
/** The share of the time from which a loop is busy. */
const BUSY = 0.9;
/** What turning away costs, in answers. */
const REFUSAL_COST = 0.25;
/** What a turn of the loop may let in, by the time it takes. */
const BUDGET_MS = 1;

export interface OverloadReport {
  readonly shedding: boolean;
  readonly delayMs: number;
  readonly passed: number;
  readonly refused: number;
}

export class Overload {
  #timer: NodeJS.Timeout | undefined;
  #delays: IntervalHistogram | undefined;
  #used: EventLoopUtilization = performance.eventLoopUtilization();
  /** In the middle of the last look, ms. */
  #delayMs = 0;
  #lateLooks = 0;
  #calmLooks = 0;
  #shedding = false;
  #turnSinceMs: number | undefined;
  #passed = 0;
  #refused = 0;
  #last = { passed: 0, refused: 0 };

  start(): void {
    if (this.#timer) return;
    this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delays.enable();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }
  stop(): void {
    clearInterval(this.#timer);
    this.#delays?.disable();
    this.#timer = undefined;
    this.#shedding = false;
  }

  get isShedding(): boolean {
    return this.#shedding;
  }
  report(): OverloadReport {
    return {
      shedding: this.#shedding,
      delayMs: Math.round(this.#delayMs),
      passed: this.#passed,
      refused: this.#refused,
    };
  }

  /** Must what is looked at now be turned away? To be asked about what may be. */
  mustShed(): boolean {
    if (!this.#shedding) return false;
    const nowMs = performance.now();
    const isFirst = this.#turnSinceMs === undefined;
    if (isFirst) {
      this.#turnSinceMs = nowMs;
      setImmediate(() => {
        this.#turnSinceMs = undefined;
      });
    }
    if (isFirst || nowMs - this.#turnSinceMs! < BUDGET_MS) {
      this.#passed++;
      return false;
    }
    this.#refused++;
    return true;
  }

  #look(): void {
    const delays = this.#delays!;
    // What is measured is the time between two ticks, which is the resolution when none is late.
    if (delays.count > 0) this.#delayMs = Math.max(0, delays.percentile(50) / 1e6 - RESOLUTION_MS);
    delays.reset();
    this.#lateLooks = this.#delayMs >= live().shedDelayMs ? this.#lateLooks + 1 : 0;
    this.#calmLooks = this.#wanted() < BUSY ? this.#calmLooks + 1 : 0;
    if (this.#lateLooks >= LATE_LOOKS) this.#shedding = true;
    else if (this.#calmLooks >= CALM_LOOKS) this.#shedding = false;
  }

  /** The share of the time since the last look that it would have taken to turn nobody away. */
  #wanted(): number {
    const now = { passed: this.#passed, refused: this.#refused };
    const [passed, refused] = [now.passed - this.#last.passed, now.refused - this.#last.refused];
    this.#last = now;
    const { utilization } = performance.eventLoopUtilization(this.#used);
    this.#used = performance.eventLoopUtilization();
    if (refused === 0) return utilization;
    return (utilization * (passed + refused)) / (passed + refused * REFUSAL_COST);
  }
}

/** The one of this process. */
export const overload = new Overload();
