/**
 * A hall as a page keeps it: a snapshot, and the deltas of the live stream laid onto it. Pure. What
 * it is told must agree: every later snapshot with what the deltas made of the first.
 */

export interface Snapshot {
  readonly epoch: number;
  readonly version: number;
  readonly states: string;
}
export interface Delta {
  readonly epoch: number;
  readonly from: number;
  readonly v: number;
  readonly moves: readonly (readonly [seat: number, state: string | number])[];
}

/** Versions a snapshot may lie back, or be ahead, and still be compared. */
const REMEMBERED = 200;

export class Fold {
  #marks: string[] | undefined;
  #epoch = 0;
  #version = 0;
  /** A delta has followed on the snapshot: from here on none may be missing. */
  #isJoined = false;
  /** Deltas that came before the snapshot they belong on. */
  #early: Delta[] = [];
  /** What the deltas made of the hall, by version. */
  readonly #made = new Map<number, string>();
  /** Snapshots that are ahead of the deltas. */
  readonly #ahead = new Map<number, string>();
  readonly faults: string[] = [];
  /** Snapshots that were held against the deltas. */
  compared = 0;

  /** True until there is a snapshot to lay deltas onto. */
  get isBlank(): boolean {
    return this.#marks === undefined;
  }

  /** The stream says: read the hall again. */
  reset(): void {
    this.#marks = undefined;
    this.#isJoined = false;
    this.#early = [];
    this.#made.clear();
    this.#ahead.clear();
  }

  snapshot({ epoch, version, states }: Snapshot): void {
    if (!this.#marks) {
      this.#marks = [...states];
      this.#epoch = epoch;
      this.#version = version;
      this.#remember();
      for (const delta of this.#early.splice(0)) this.delta(delta);
      return;
    }
    // Another epoch: its reset is on its way.
    if (epoch !== this.#epoch) return;
    const made = this.#made.get(version);
    if (made !== undefined) this.#compare(version, states, made);
    else if (version > this.#version) bounded(this.#ahead).set(version, states);
  }

  /** True when the stream has told everything up to this snapshot, and nothing beyond. */
  isAt({ epoch, version }: Snapshot): boolean {
    return this.#marks !== undefined && this.#epoch === epoch && this.#version === version;
  }

  /** The hall when nothing has moved for a while: whoever listened knows it by now. */
  last(hall: Snapshot): void {
    const { epoch, version, states } = hall;
    const known = `${this.#epoch}:${this.#version}`;
    if (!this.#marks) this.faults.push('the stream said nothing, and there was no snapshot');
    else if (this.isAt(hall)) this.#compare(version, states, this.#marks.join(''));
    else
      this.faults.push(
        `at rest the hall is at ${epoch}:${version}, the stream told up to ${known}`,
      );
  }

  delta(delta: Delta): void {
    if (!this.#marks) {
      this.#early.push(delta);
      return;
    }
    const { epoch, from, v, moves } = delta;
    if (epoch < this.#epoch || (epoch === this.#epoch && v <= this.#version)) return;
    if (epoch > this.#epoch || from > this.#version + 1) {
      const at = `${this.#epoch}:${this.#version}`;
      // An answer of /seats may be a moment old: older than the first delta that was heard.
      if (this.#isJoined)
        this.faults.push(`after ${at} comes a delta from ${epoch}:${from}, and no reset`);
      this.reset();
      return;
    }
    for (const [seat, mark] of moves) this.#marks[seat] = String(mark);
    this.#version = v;
    this.#isJoined = true;
    this.#remember();
  }

  #remember(): void {
    const made = this.#marks!.join('');
    bounded(this.#made).set(this.#version, made);
    const states = this.#ahead.get(this.#version);
    if (states !== undefined) this.#compare(this.#version, states, made);
  }

  #compare(version: number, states: string, made: string): void {
    this.compared++;
    if (states === made) return;
    const seat = [...states].findIndex((mark, i) => mark !== made[i]);
    const at = `${this.#epoch}:${version}`;
    this.faults.push(`at ${at} seat ${seat} is ${states[seat]}, the deltas made it ${made[seat]}`);
  }
}

/** The map, with room for one more. */
function bounded<V>(map: Map<number, V>): Map<number, V> {
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!);
  return map;
}
