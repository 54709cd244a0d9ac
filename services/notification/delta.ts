/** What the hall hears: moves gathered into deltas, and how anything is said on a stream. Pure. */
import type { SeatMoved } from '../../contracts/channels.ts';
import type { SeatMark } from '../../contracts/seat.ts';

/** The moves of a sale from version `from` to `v`: what each seat is after the last of them. */
export interface Delta {
  readonly epoch: number;
  readonly from: number;
  readonly v: number;
  readonly moves: readonly (readonly [seat: number, state: SeatMark])[];
}
/** Something on its way to every reader of a stream: encoded once, however many they are. */
export type Frame = Buffer;

/** One event of a stream. `data` must be JSON on one line, which is what JSON.stringify makes. */
export const frameOf = (event: string, data: object, id?: string): Frame =>
  Buffer.from(
    `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
  );

/** How long a client waits before it comes back. Not an event: it says nothing to the page. */
export const retryFrame = (retryMs: number): Frame => Buffer.from(`retry: ${retryMs}\n\n`);

export const deltaFrame = (delta: Delta): Frame =>
  frameOf('seats', delta, `${delta.epoch}:${delta.v}`);

/** The place in a sale's moves that a client says it has reached; undefined for nonsense. */
export function placeIn(lastEventId: string): { epoch: number; version: number } | undefined {
  const [, epoch, version] = /^(\d{1,15}):(\d{1,15})$/.exec(lastEventId) ?? [];
  return epoch === undefined ? undefined : { epoch: Number(epoch), version: Number(version) };
}

/** Moves that came since the last delta. Within one delta the last word about a seat counts. */
export class Gathering {
  #from = 0;
  #v = 0;
  #epoch = 0;
  readonly #marks = new Map<number, SeatMark>();

  get isEmpty(): boolean {
    return this.#from === 0;
  }

  add({ epoch, version, seats, to }: SeatMoved): void {
    if (this.isEmpty) this.#from = version;
    this.#epoch = epoch;
    this.#v = version;
    for (const seat of seats) this.#marks.set(typeof seat === 'number' ? seat : seat.seat, to);
  }

  /** Everything gathered, as one delta; the next gathering starts empty. */
  take(): Delta {
    const delta = {
      epoch: this.#epoch,
      from: this.#from,
      v: this.#v,
      moves: [...this.#marks],
    };
    this.#from = 0;
    this.#marks.clear();
    return delta;
  }
}
