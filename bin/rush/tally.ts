/** What happened in a rush, counted as the buyers saw it, and how long each hop took them. */
import { build, type Histogram } from 'hdr-histogram-js';

/** The hops a buyer waits for. The last three are what the whole system needs, not one request. */
export const HOPS = [
  'token',
  'reserve',
  'permit',
  'seats',
  'lock',
  'order',
  'pay',
  'succeed',
  'cancel',
  'lock → order LOCKED',
  'success → order PAID',
  'deadline → order ended',
] as const;
export type Hop = (typeof HOPS)[number];

/** A lock the client saw accepted: the system owes it an order, or a recorded reason. */
export interface AcceptedLock {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  readonly amountFen: number;
}

/** How an order ended, or the road of a buyer who has none. */
export type Ending = 'paid' | 'cancelled' | 'timedOut' | 'aborted' | 'emptyHanded' | 'calledBack';

export interface HopReport {
  readonly hop: Hop;
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const HIGHEST_US = 600_000_000;
const milliseconds = (us: number) => Math.round(us / 10) / 100;

export class Tally {
  sent = 0;
  /** Requests sent again after a network error, a 429 or a 5xx. */
  repeated = 0;
  /** Requests that had no usable answer after every repetition. */
  unanswered = 0;
  readonly refused = new Map<string, number>();
  readonly endings = new Map<Ending, number>();
  readonly accepted: AcceptedLock[] = [];
  orders = 0;
  /** Buyers whose road has ended, however it ended. */
  done = 0;
  #took = new Map<Hop, Histogram>();

  refuse(word: string): void {
    this.refused.set(word, (this.refused.get(word) ?? 0) + 1);
  }
  end(ending: Ending): void {
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
  }
  took(hop: Hop, ms: number): void {
    let histogram = this.#took.get(hop);
    if (!histogram) {
      histogram = build({ highestTrackableValue: HIGHEST_US, numberOfSignificantValueDigits: 3 });
      this.#took.set(hop, histogram);
    }
    histogram.recordValue(Math.min(Math.max(Math.round(ms * 1_000), 1), HIGHEST_US));
  }
  hops(): HopReport[] {
    return HOPS.flatMap((hop) => {
      const histogram = this.#took.get(hop);
      if (!histogram) return [];
      const at = (percent: number) => milliseconds(histogram.getValueAtPercentile(percent));
      return {
        hop,
        count: histogram.totalCount,
        p50Ms: at(50),
        p95Ms: at(95),
        p99Ms: at(99),
        maxMs: milliseconds(histogram.maxValue),
      };
    });
  }
}
