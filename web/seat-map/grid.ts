/**
 * The spatial hash: which seats are near a point, and which are in a box, without asking all.
 * Seats are counted into square cells once; a cell is a stretch of one array.
 */
import type { Box } from './hall.ts';

export interface Grid {
  /** The nearest place within `reach`, or -1. */
  nearest(x: number, y: number, reach: number): number;
  /** Every place in a box, and some right beside it. */
  inBox(box: Box, visit: (place: number) => void): void;
}

/** @param cell - the side of a cell, in units of the hall; about two seats. */
export function gridOf(x: Float32Array, y: Float32Array, cell: number): Grid {
  if (x.length === 0) return { inBox: () => undefined, nearest: () => -1 };
  const [left, top] = [least(x), least(y)];
  // A plan whose seats are far apart for their pitch shall not cost a cell per speck of floor.
  const span = Math.max(most(x) - left, most(y) - top, cell);
  const side = Math.max(cell, span / 1_024);
  const wide = Math.floor((most(x) - left) / side) + 1;
  const high = Math.floor((most(y) - top) / side) + 1;
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  const columnAt = (at: number) => within(Math.floor((at - left) / side), wide);
  const lineAt = (at: number) => within(Math.floor((at - top) / side), high);

  const starts = new Uint32Array(wide * high + 1);
  const cellOf = Uint32Array.from(x, (_, i) => lineAt(y[i]!) * wide + columnAt(x[i]!));
  for (const at of cellOf) starts[at + 1]!++;
  for (let at = 0; at < wide * high; at++) starts[at + 1]! += starts[at]!;
  const next = starts.slice();
  const places = new Uint32Array(x.length);
  cellOf.forEach((at, place) => {
    places[next[at]!++] = place;
  });

  const inBox = (box: Box, visit: (place: number) => void) => {
    const [first, last] = [columnAt(box.left), columnAt(box.right)];
    for (let line = lineAt(box.top); line <= lineAt(box.bottom); line++) {
      const end = starts[line * wide + last + 1]!;
      for (let at = starts[line * wide + first]!; at < end; at++) visit(places[at]!);
    }
  };
  return {
    inBox,
    nearest(atX, atY, reach) {
      let [found, best] = [-1, reach * reach];
      inBox(
        { left: atX - reach, top: atY - reach, right: atX + reach, bottom: atY + reach },
        (p) => {
          const distance = (x[p]! - atX) ** 2 + (y[p]! - atY) ** 2;
          if (distance > best) return;
          [found, best] = [p, distance];
        },
      );
      return found;
    },
  };
}

const least = (values: Float32Array) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: Float32Array) => values.reduce((a, b) => Math.max(a, b), -Infinity);
