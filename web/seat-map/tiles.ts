/**
 * Tiles: a picture of each block of seats; a hand that pans moves a few dozen of them instead of
 * thousands of seats. A block is a stretch of rows of one section. Tiles are drawn in idle
 * moments, at the size the camera rests at; until then the picture of another size is stretched,
 * and before the first a plain plate stands there.
 *
 * Always true: a tile is transparent where no seat is, because blocks of curved rows overlap.
 */
import type { BrushStore } from './brush.ts';
import { type Box, grown, type Hall } from './hall.ts';
import { THEME } from './palette.ts';
import { type Paper, paperOf } from './sprites.ts';

const BLOCK_SEATS = 320;
const SLICE_MS = 4;
const SHOW_MS = 100;
/** Seats drawn between two looks at the clock. */
const STRIDE = 64;
/** Beyond this many pixels in all, tiles out of sight are forgotten. */
const PIXELS_MAX = 16_000_000;

interface Picture {
  readonly sheet: HTMLCanvasElement;
  readonly pen: Paper;
  /** Device pixels per unit of the hall, and where its corner lies at that size. */
  readonly scale: number;
  readonly left: number;
  readonly top: number;
  /** Drawn before all seats may have changed: shown until a new one is ready. */
  stale?: boolean;
}

interface Block extends Box {
  readonly from: number;
  readonly to: number;
  picture?: Picture;
}

interface Work {
  readonly block: Block;
  readonly picture: Picture;
  next: number;
}

export interface Tiles {
  /** Puts what is in sight on paper; says whether all of it was there at exactly this size. */
  blit(pen: Paper, seen: Box, scale: number, left: number, top: number): boolean;
  /** Asks for pictures of what is in sight at this size. */
  want(seen: Box, scale: number): void;
  /** One seat has changed. */
  touch(place: number): void;
  /** All seats may have changed. */
  renew(): void;
  stop(): void;
}

function blocksOf({ rows, x, y, pitch }: Hall): Block[] {
  const blocks: Block[] = [];
  let section = -1;
  for (const row of rows) {
    const last = blocks.at(-1);
    if (row.to === row.from) continue;
    if (!last || row.section !== section || row.to - last.from > BLOCK_SEATS)
      blocks.push({ from: row.from, to: row.to, left: 0, top: 0, right: 0, bottom: 0 });
    else blocks[blocks.length - 1] = { ...last, to: row.to };
    section = row.section;
  }
  return blocks.map(({ from, to }) => {
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

export const touches = (a: Box, b: Box): boolean =>
  a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;

/** @param ready - called when a picture was finished, so that it is put on paper. */
export function tilesOf(hall: Hall, brushAt: BrushStore, ready: () => void): Tiles {
  const blocks = blocksOf(hall);
  const blockOf = new Uint32Array(hall.count);
  blocks.forEach((block, b) => {
    blockOf.fill(b, block.from, block.to);
  });
  let queue: Block[] = [];
  let work: Work | undefined;
  let wanted = 0;
  let seenLast: Box = hall.bounds;
  let idle = 0;
  let [unshown, shownAt] = [false, 0];

  const begun = (block: Block): Work => {
    const [left, top] = [Math.floor(block.left * wanted) - 1, Math.floor(block.top * wanted) - 1];
    const width = Math.ceil(block.right * wanted) + 1 - left;
    const height = Math.ceil(block.bottom * wanted) + 1 - top;
    const picture = { ...paperOf(width, height), scale: wanted, left, top };
    return { block, picture, next: block.from };
  };
  const forget = () => {
    const area = ({ picture }: Block) => (picture ? picture.sheet.width * picture.sheet.height : 0);
    let total = blocks.reduce((sum, block) => sum + area(block), 0);
    for (const block of blocks) {
      if (total <= PIXELS_MAX) return;
      if (touches(block, seenLast)) continue;
      total -= area(block);
      block.picture = undefined;
    }
  };
  const slice = () => {
    idle = 0;
    const until = performance.now() + SLICE_MS;
    let finished = false;
    const brush = brushAt(wanted);
    while (performance.now() < until) {
      const block = work ? undefined : queue.shift();
      if (block) work = begun(block);
      if (!work) break;
      const end = Math.min(work.next + STRIDE, work.block.to);
      const { pen, left, top } = work.picture;
      for (; work.next < end; work.next++) brush.draw(pen, work.next, left, top);
      if (work.next < work.block.to) continue;
      work.block.picture = work.picture;
      work = undefined;
      finished = true;
    }
    const more = work !== undefined || queue.length > 0;
    unshown ||= finished;
    // Every picture that is put on paper costs a frame: some wait for others.
    if (unshown && (!more || until - shownAt > SHOW_MS)) {
      forget();
      [unshown, shownAt] = [false, until];
      ready();
    }
    if (more) later();
  };
  const later = () => {
    if (idle === 0) idle = whenIdle(slice);
  };

  return {
    blit(pen, seen, scale, left, top) {
      const inSight = blocks.filter((block) => touches(block, seen));
      return blitted(inSight, pen, scale, left, top);
    },
    want(seen, scale) {
      seenLast = seen;
      if (scale !== wanted) work = undefined;
      wanted = scale;
      queue = blocks.filter(
        (block) => touches(block, seen) && !exactly(block, scale) && block !== work?.block,
      );
      if (queue.length > 0) later();
    },
    touch(place) {
      const block = blocks[blockOf[place]!]!;
      if (work?.block === block && place < work.next) redraw(brushAt, work.picture, place);
      if (block.picture) redraw(brushAt, block.picture, place);
    },
    renew() {
      work = undefined;
      for (const { picture } of blocks) if (picture) picture.stale = true;
    },
    stop() {
      queue = [];
      work = undefined;
    },
  };
}

/** Draws one seat of a picture anew. */
function redraw(brushAt: BrushStore, { scale, pen, left, top }: Picture, place: number): void {
  const brush = brushAt(scale);
  const [x, y] = brush.cornerOf(place);
  pen.clearRect(x - left, y - top, brush.side, brush.side);
  brush.draw(pen, place, left, top);
}

const exactly = ({ picture }: Block, scale: number): boolean =>
  picture?.scale === scale && !picture.stale;

/** Puts blocks on paper as they are known; says whether all were there at exactly this size. */
function blitted(
  blocks: readonly Block[],
  pen: Paper,
  scale: number,
  left: number,
  top: number,
): boolean {
  for (const { picture, ...block } of blocks) {
    if (picture) {
      const by = scale / picture.scale;
      const { width, height } = picture.sheet;
      const [x, y] = [picture.left * by - left, picture.top * by - top];
      if (by === 1) pen.drawImage(picture.sheet, x, y);
      else pen.drawImage(picture.sheet, x, y, width * by, height * by);
      continue;
    }
    pen.fillStyle = THEME.plate;
    const [x, y] = [block.left * scale - left, block.top * scale - top];
    pen.fillRect(x, y, (block.right - block.left) * scale, (block.bottom - block.top) * scale);
  }
  return blocks.every((block) => exactly(block, scale));
}

/** An idle moment, or where a browser knows none (Safari), soon. */
const whenIdle = (call: () => void): number =>
  typeof requestIdleCallback === 'function'
    ? requestIdleCallback(call, { timeout: 32 })
    : Number(setTimeout(call, 8));
