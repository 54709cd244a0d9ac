/**
 * How one seat is put on paper: its sprite, and its number when that is large enough to be
 * read.
 */
import { LOOK } from './palette.ts';
import type { Seats } from './seats.ts';
import { type Marks, marksOf, type Paper, sideAt, spriteStore } from './sprites.ts';

/** From this many CSS pixels between neighbours on, seats carry their numbers. */
export const LABELS_PX = 18;
const DPR_MAX = 2;

/** Device pixels per CSS pixel; more than two cost much and show little. */
export const density = (): number => Math.min(DPR_MAX, devicePixelRatio || 1);

/** Draws a place on paper whose corner lies at a point of the hall, all in device pixels. */
export interface Brush {
  readonly side: number;
  draw(pen: Paper, place: number, left: number, top: number): void;
  /** The corner of a seat: the same rounding everywhere keeps it on the same pixel everywhere. */
  cornerOf(place: number): readonly [x: number, y: number];
}

/** The brush for a size, in device pixels per unit of the hall. */
export type BrushStore = (scale: number) => Brush;

export function brushesOf(seats: Seats): BrushStore {
  const { hall } = seats;
  const spritesAt = spriteStore(hall.tiers.length);
  let marks: Marks | undefined;
  return (scale) => {
    const { side, step, sheet } = spritesAt(sideAt(hall.pitch * scale));
    const labelled = (hall.pitch * scale) / density() >= LABELS_PX;
    if (labelled && marks?.side !== side) marks = marksOf(hall.mark, hall.tiers.length, side);
    const half = side >> 1;
    const cornerOf = (place: number) =>
      [
        Math.round(hall.x[place]! * scale) - half,
        Math.round(hall.y[place]! * scale) - half,
      ] as const;
    const numbers = labelled ? marks : undefined;
    return {
      side,
      cornerOf,
      draw(pen, place, left, top) {
        const [atX, atY] = cornerOf(place);
        const [x, y] = [atX - left, atY - top];
        const [look, tier] = [seats.lookOf(place), hall.tier[place]!];
        pen.drawImage(sheet, look * step, tier * step, side, side, x, y, side, side);
        if (look === LOOK.available) numbers?.draw(pen, place, x, y, tier);
      },
    };
  };
}
