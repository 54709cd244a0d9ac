/**
 * How one seat is put on paper: its sprite, and its number when that is large enough to be read. A
 * whole block is stamped pixel by pixel into image data, which is ten times as fast as drawing.
 */
import { LOOK, LOOKS } from './palette.ts';
import type { Seats } from './seats.ts';
import { type Marks, marksOf, type Paper, sideAt, spriteStore } from './sprites.ts';

/** From this many CSS pixels between neighbours on, seats carry their numbers. */
export const LABELS_PX = 18;
const DPR_MAX = 2;

/** Device pixels per CSS pixel; more than two cost much and show little. */
export const density = (): number => Math.min(DPR_MAX, devicePixelRatio || 1);

/** Image data as whole pixels, and where in the hall its corner lies. */
export interface Pad {
  readonly pixels: Uint32Array;
  readonly width: number;
  readonly left: number;
  readonly top: number;
}

/** Draws a place on paper whose corner lies at a point of the hall, all in device pixels. */
export interface Brush {
  readonly scale: number;
  readonly side: number;
  /** Seats carry their numbers. */
  readonly numbered: boolean;
  /** The corner of a seat: the same rounding everywhere keeps it on the same pixel everywhere. */
  leftOf(place: number): number;
  topOf(place: number): number;
  /** The seat without its number; its number, where it is free and large enough. */
  draw(pen: Paper, place: number, left: number, top: number): void;
  number(pen: Paper, place: number, left: number, top: number): void;
  /** What `draw` draws, into image data. */
  stamp(pad: Pad, place: number): void;
}

/**
 * The brush for a size, in device pixels per unit of the hall. `plain` leaves the numbers away
 * where there is no time for them.
 */
export type BrushStore = (scale: number, plain?: boolean) => Brush;

export function brushesOf(seats: Seats): BrushStore {
  const { hall } = seats;
  const spritesAt = spriteStore(hall.tiers.length);
  let marks: Marks | undefined;
  const marksAt = (side: number): Marks => {
    if (marks?.side !== side) marks = marksOf(hall.mark, hall.tiers.length, side);
    return marks;
  };

  const made = (scale: number, numbered: boolean): Brush => {
    const { side, step, sheet, stamps } = spritesAt(sideAt(hall.pitch * scale));
    const half = side >> 1;
    const leftOf = (place: number) => Math.round(hall.x[place]! * scale) - half;
    const topOf = (place: number) => Math.round(hall.y[place]! * scale) - half;
    return {
      scale,
      side,
      numbered,
      leftOf,
      topOf,
      draw(pen, place, left, top) {
        const [x, y] = [leftOf(place) - left, topOf(place) - top];
        const [atX, atY] = [seats.lookOf(place) * step, hall.tier[place]! * step];
        pen.drawImage(sheet, atX, atY, side, side, x, y, side, side);
      },
      number(pen, place, left, top) {
        if (!numbered || seats.lookOf(place) !== LOOK.available) return;
        const [x, y] = [leftOf(place) - left, topOf(place) - top];
        marksAt(side).draw(pen, place, x, y, hall.tier[place]!);
      },
      stamp({ pixels, width, left, top }, place) {
        const stamp = stamps[hall.tier[place]! * LOOKS + seats.lookOf(place)]!;
        let to = (topOf(place) - top) * width + leftOf(place) - left;
        for (let from = 0; from < stamp.length; to += width - side)
          for (const end = from + side; from < end; from++, to++)
            if (stamp[from] !== 0) pixels[to] = stamp[from]!;
      },
    };
  };

  let last: Brush | undefined;
  return (scale, plain = false) => {
    const numbered = !plain && (hall.pitch * scale) / density() >= LABELS_PX;
    if (last?.scale !== scale || last.numbered !== numbered) last = made(scale, numbered);
    return last;
  };
}
