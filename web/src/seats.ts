/**
 * The mark of every seat, from a snapshot and the deltas after it. Pure: no clock, no network.
 *
 * Always true: marks are those of one epoch and one version; a delta that does not follow on is a
 * `gap`, and changes nothing.
 */

export const FREE = '0';
export const LOCKED = '1';
export const SOLD = '2';

type Move = readonly [seat: number, mark: string];
interface Delta {
  readonly epoch: number;
  readonly from: number;
  readonly v: number;
  readonly moves: readonly Move[];
}
interface Snapshot {
  readonly epoch: number;
  readonly version: number;
  readonly states: string;
}

export class Seats {
  #marks: string[] = [];
  #epoch = 0;
  #version = 0;
  /** Deltas that came while a snapshot was on its way; undefined when none is. */
  #early: Delta[] | undefined = [];
  #alone = true;

  get size(): number {
    return this.#marks.length;
  }
  /** True while moves may have happened that nobody told. */
  get isAlone(): boolean {
    return this.#alone;
  }
  markOf(seat: number): string {
    return this.#marks[seat] ?? '-';
  }
  text(): string {
    return this.#marks.join('');
  }
  /** A snapshot was asked for: deltas wait for it. */
  expect(): void {
    this.#early ??= [];
  }
  leaveAlone(): void {
    this.#alone = true;
  }
  isBehind({ epoch, version }: Pick<Snapshot, 'epoch' | 'version'>): boolean {
    return this.size === 0 || epoch !== this.#epoch || version !== this.#version;
  }
  /** What is known here is of an earlier moment. */
  isOlder({ epoch, version }: Pick<Snapshot, 'epoch' | 'version'>): boolean {
    return epoch > this.#epoch || (epoch === this.#epoch && version > this.#version);
  }

  /** @returns false when what came meanwhile does not follow on: it must be read once more */
  read({ epoch, version, states }: Snapshot): boolean {
    const waited = this.#early ?? [];
    this.#marks = [...states];
    this.#epoch = epoch;
    this.#version = version;
    this.#early = undefined;
    this.#alone = false;
    if (waited.every((delta) => this.hear(delta) !== 'gap')) return true;
    this.#early = waited;
    return false;
  }

  /** @returns the moves that were news, or that one is missing before them */
  hear(delta: Delta): readonly Move[] | 'gap' {
    if (this.#early) {
      this.#early.push(delta);
      return [];
    }
    const { epoch, from, v, moves } = delta;
    if (epoch < this.#epoch) return [];
    if (epoch > this.#epoch || from > this.#version + 1) {
      this.#early = [delta];
      return 'gap';
    }
    if (v <= this.#version) return [];
    this.#version = v;
    this.#alone = false;
    for (const [seat, mark] of moves) this.#marks[seat] = mark;
    return moves;
  }
}
