/**
 * A hall and those who watch it. Moves come in one by one and in order; what goes out is one delta
 * per interval, encoded once, to all readers and into the ring.
 */
import type { SeatMoved } from '../../contracts/channels.ts';
import { deltaFrame, frameOf, Gathering, placeIn } from './delta.ts';
import type { Reader } from './reader.ts';
import { Ring, type RingLimits } from './ring.ts';

export interface HallLimits extends RingLimits {
  readonly coalesceMs: number;
}

export class Hall {
  readonly readers = new Set<Reader>();
  readonly #limits: () => HallLimits;
  readonly #now: () => number;
  readonly #ring: Ring;
  readonly #gathering = new Gathering();
  #timer: NodeJS.Timeout | undefined;
  #last: { epoch: number; version: number } | undefined;

  /**
   * @param limits asked each time
   * @param now monotonic, ms
   */
  constructor(limits: () => HallLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#ring = new Ring(limits);
  }

  /**
   * The next move of the sale. One that is known already is ignored; where one is missing, or the
   * sale has been repaired, everybody reads the hall again.
   */
  move(moved: SeatMoved): void {
    const { epoch, version } = moved;
    const last = this.#last;
    if (last && (epoch < last.epoch || (epoch === last.epoch && version <= last.version))) return;
    const missed = last && (epoch > last.epoch || version > last.version + 1);
    if (missed || moved.seats.length === 0) {
      this.#flush();
      this.#tell(frameOf('reset', { epoch }));
    }
    this.#last = { epoch, version };
    this.#gathering.add(moved);
    this.#timer ??= setTimeout(() => this.#flush(), this.#limits().coalesceMs);
  }

  /** Somebody joins; with a `Last-Event-ID`, what they missed comes first. */
  join(reader: Reader, lastEventId: string | undefined): void {
    if (lastEventId !== undefined) {
      const place = placeIn(lastEventId);
      const missed = place && this.#ring.since(place.epoch, place.version);
      const reset = () => [frameOf('reset', { epoch: this.#last?.epoch ?? null })];
      for (const frame of missed ?? reset()) reader.send(frame);
    }
    this.readers.add(reader);
  }

  /** True when nobody would notice if this hall were forgotten. */
  isIdle(): boolean {
    this.#ring.prune(this.#now());
    return this.readers.size === 0 && this.#ring.size === 0 && this.#gathering.isEmpty;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#gathering.isEmpty) return;
    const delta = this.#gathering.take();
    const frame = deltaFrame(delta);
    this.#ring.push(delta, frame, this.#now());
    this.#tell(frame);
  }

  #tell(frame: Buffer): void {
    for (const reader of this.readers) reader.send(frame);
  }
}
