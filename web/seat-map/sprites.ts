/**
 * Sprites: one small picture per tier and look, at a whole number of pixels, so that a seat is one
 * copy without scaling. Beside them the numbers that stand on large seats.
 */
import { inkOn, LOOK, LOOKS, THEME, tierColour } from './palette.ts';

export type Paper = CanvasRenderingContext2D;

/** A canvas of its own and the pen for it. */
export function paperOf(width: number, height: number): { sheet: HTMLCanvasElement; pen: Paper } {
  const sheet = document.createElement('canvas');
  sheet.width = Math.max(1, width);
  sheet.height = Math.max(1, height);
  return { sheet, pen: sheet.getContext('2d')! };
}

export interface Sprites {
  readonly sheet: HTMLCanvasElement;
  /** Pixels of a seat's side. */
  readonly side: number;
  /** Pixels from one sprite to the next; there is air between them, so that none bleeds. */
  readonly step: number;
  /** The same sprites as pixels, row by row, by `tier * LOOKS + look`: to be stamped, not drawn. */
  readonly stamps: readonly Uint32Array[];
}

/** The side of a seat when neighbours are so many pixels apart. */
export const sideAt = (pitch: number): number => Math.max(1, Math.round(pitch * 0.8));

/** Below this many pixels a seat is a plain square: no corner, edge or hatching would be seen. */
const PLAIN = 6;

type Shape = (pen: Paper, side: number, colour: string) => void;

function plate(pen: Paper, side: number, fill: string, edge: string): void {
  pen.fillStyle = fill;
  if (side < PLAIN) {
    pen.fillRect(0, 0, side, side);
    return;
  }
  const line = Math.max(1, side / 16);
  pen.beginPath();
  pen.roundRect(line / 2, line / 2, side - line, side - line, side * 0.26);
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = line;
  pen.stroke();
}

const SHAPES: Readonly<Record<number, Shape>> = {
  [LOOK.available]: (pen, side, colour) => plate(pen, side, colour, 'rgba(0, 0, 0, 0.45)'),
  [LOOK.locked](pen, side) {
    plate(pen, side, side < PLAIN ? THEME.edge : '#ffffff', THEME.locked);
    if (side < PLAIN) return;
    pen.save();
    pen.clip();
    pen.beginPath();
    const gap = Math.max(3, side / 4);
    for (let at = gap / 2 - side; at < side; at += gap) {
      pen.moveTo(at, side);
      pen.lineTo(at + side, 0);
    }
    pen.stroke();
    pen.restore();
  },
  [LOOK.sold](pen, side) {
    pen.fillStyle = THEME.sold;
    pen.beginPath();
    pen.arc(side / 2, side / 2, Math.max(0.7, side * 0.16), 0, Math.PI * 2);
    pen.fill();
  },
  [LOOK.mine](pen, side) {
    plate(pen, side, THEME.mine, THEME.mine);
    if (side < PLAIN) return;
    pen.strokeStyle = '#ffffff';
    pen.lineWidth = Math.max(1.5, side / 7);
    pen.lineCap = 'round';
    pen.lineJoin = 'round';
    pen.beginPath();
    pen.moveTo(side * 0.26, side * 0.53);
    pen.lineTo(side * 0.43, side * 0.7);
    pen.lineTo(side * 0.75, side * 0.32);
    pen.stroke();
  },
  [LOOK.faded](pen, side, colour) {
    pen.globalAlpha = 0.2;
    plate(pen, side, colour, colour);
    pen.globalAlpha = 1;
  },
};

function drawn(tiers: number, side: number): Sprites {
  const step = side + 2;
  const { sheet, pen } = paperOf(LOOKS * step, tiers * step);
  for (let tier = 0; tier < tiers; tier++)
    for (let look = 0; look < LOOKS; look++) {
      pen.save();
      pen.translate(look * step, tier * step);
      SHAPES[look]!(pen, side, tierColour(tier));
      pen.restore();
    }
  const stamps = Array.from({ length: tiers * LOOKS }, (_, at) => {
    const [tier, look] = [Math.floor(at / LOOKS), at % LOOKS];
    const { data } = pen.getImageData(look * step, tier * step, side, side);
    return new Uint32Array(data.buffer);
  });
  return { sheet, side, step, stamps };
}

/** More sizes than these are drawn again: a zoom has a dozen, a camera at rest one. */
const SIDES_MAX = 24;

/** Sprites by their side; the one that was not asked for the longest is forgotten. */
export function spriteStore(tiers: number): (side: number) => Sprites {
  const kept = new Map<number, Sprites>();
  return (side) => {
    const known = kept.get(side) ?? drawn(Math.max(1, tiers), side);
    kept.delete(side);
    kept.set(side, known);
    if (kept.size > SIDES_MAX) kept.delete(kept.keys().next().value!);
    return known;
  };
}

export interface Marks {
  readonly side: number;
  /** Draws the number of a place with its corner at a point, if numbers are few enough to keep. */
  draw(pen: Paper, place: number, x: number, y: number, tier: number): void;
}

/** More different numbers than these are written one by one. */
const KEPT_MAX = 256;

/** The numbers on the seats, written once per size and kept in white and in dark. */
export function marksOf(marks: readonly string[], tiers: number, side: number): Marks {
  const words = [...new Set(marks)];
  const inks = Array.from({ length: tiers }, (_, tier) => inkOn(tierColour(tier)));
  const font = `600 ${Math.round(side * 0.44)}px system-ui, sans-serif`;
  const write = (pen: Paper, word: string, x: number, y: number, ink: string) => {
    pen.font = font;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillStyle = ink;
    pen.fillText(word, x + side / 2, y + side / 2 + side * 0.03, side * 0.9);
  };
  if (words.length > KEPT_MAX)
    return {
      side,
      draw: (pen, place, x, y, tier) => write(pen, marks[place]!, x, y, inks[tier]!),
    };

  const lines = [...new Set(inks)];
  const { sheet, pen } = paperOf(words.length * side, lines.length * side);
  lines.forEach((ink, line) => {
    words.forEach((word, at) => {
      write(pen, word, at * side, line * side, ink);
    });
  });
  const column = new Map(words.map((word, at) => [word, at]));
  const columnOf = Uint16Array.from(marks, (mark) => column.get(mark)!);
  const lineOf = inks.map((ink) => lines.indexOf(ink) * side);
  return {
    side,
    draw(to, place, x, y, tier) {
      to.drawImage(sheet, columnOf[place]! * side, lineOf[tier]!, side, side, x, y, side, side);
    },
  };
}
