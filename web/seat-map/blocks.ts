/** Blocks: a hall cut into stretches of rows of one section, each small enough for one picture. */
import { type Box, grown, type Hall } from './hall.ts';

const BLOCK_SEATS = 320;

export interface Block extends Box {
  /** Its seats are the places `from` … `to - 1`. */
  readonly from: number;
  readonly to: number;
}

export const touches = (a: Box, b: Box): boolean =>
  a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;

export function blocksOf({ rows, x, y, pitch }: Hall): Block[] {
  const stretches: { readonly from: number; to: number }[] = [];
  let section = -1;
  for (const row of rows) {
    if (row.to === row.from) continue;
    const last = stretches.at(-1);
    if (!last || row.section !== section || row.to - last.from > BLOCK_SEATS)
      stretches.push({ from: row.from, to: row.to });
    else last.to = row.to;
    section = row.section;
  }
  return stretches.map(({ from, to }) => {
    const [atX, atY] = [x.subarray(from, to), y.subarray(from, to)];
    const box = {
      left: atX.reduce((a, b) => Math.min(a, b)),
      right: atX.reduce((a, b) => Math.max(a, b)),
      top: atY.reduce((a, b) => Math.min(a, b)),
      bottom: atY.reduce((a, b) => Math.max(a, b)),
    };
    return { from, to, ...grown(box, pitch / 2) };
  });
}
