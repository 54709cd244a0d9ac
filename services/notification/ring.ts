/**
 * The latest deltas of a sale, for those who come back: bounded in age and in number. It is never
 * the source of anything: whoever finds too little here reads the hall again. Pure.
 */
import type { Delta, Frame } from './delta.ts';

interface Kept {
  readonly atMs: number;
  readonly from: number;
  readonly v: number;
  readonly frame: Frame;
}

export interface RingLimits {
  readonly ringMs: number;
  readonly ringMax: number;
}

export class Ring {
  readonly #limits: () => RingLimits;
  #kept: Kept[] = [];
  #epoch: number | undefined;
  #v = 0;

  constructor(limits: () => RingLimits) {
    this.#limits = limits;
  }

  /** The next delta. One of another epoch, or that leaves versions out, ends what came before. */
  push({ epoch, from, v }: Delta, frame: Frame, nowMs: number): void {
    if (epoch !== this.#epoch || from !== this.#v + 1) this.#kept = [];
    this.#epoch = epoch;
    this.#v = v;
    this.#kept.push({ atMs: nowMs, from, v, frame });
    this.prune(nowMs);
  }

  prune(nowMs: number): void {
    const { ringMs, ringMax } = this.#limits();
    const tooMany = this.#kept.length - ringMax;
    const young = this.#kept.findIndex(({ atMs }) => nowMs - atMs <= ringMs);
    this.#kept.splice(0, Math.max(tooMany, young === -1 ? this.#kept.length : young));
  }

  get size(): number {
    return this.#kept.length;
  }

  /**
   * What somebody missed who had everything up to a version; undefined when it is not all here any
   * more, or the epoch is another. A version that is still to come has missed nothing.
   */
  since(epoch: number, version: number): Frame[] | undefined {
    if (epoch !== this.#epoch) return undefined;
    if (version >= this.#v) return [];
    const next = this.#kept.findIndex(({ v }) => v > version);
    if (next === -1 || this.#kept[next]!.from > version + 1) return undefined;
    return this.#kept.slice(next).map(({ frame }) => frame);
  }
}
