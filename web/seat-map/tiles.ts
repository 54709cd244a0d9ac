/**
 * Tiles: a picture of each block of seats; a hand that pans moves a few dozen of them instead of
 * thousands of seats. Each frame makes some pictures, for a few milliseconds: at the size the
 * camera rests at, or, while it zooms, of blocks whose picture is far from the size of now. Until
 * its turn comes a picture of another size is stretched, and before the first a plain plate stands.
 *
 * Always true: a tile is transparent where no seat is, because blocks of curved rows overlap. No
 * tile waits for ever: turns go round, what was begun is finished, each frame does some of it.
 */
import { type Block, blocksOf, touches } from './blocks.ts';
import type { BrushStore } from './brush.ts';
import type { Box, Hall } from './hall.ts';
import { THEME } from './palette.ts';
import { areaOf, blit, type Picture, pressOf, redraw } from './pictures.ts';
import type { Paper } from './sprites.ts';

const BUILD_MS = 4;
/** Numbers written between two looks at the clock. */
const STRIDE = 64;
/** While it zooms, pictures are made in sizes this far apart: few sizes have few sprites. */
const LEVEL = 1.5;
/** And may be stretched or shrunk by this much. */
const STRETCH_MAX = 1.4;
/** Beyond this many pixels in all, tiles out of sight are forgotten. */
const PIXELS_MAX = 16_000_000;

/** What is looked at: device pixels per unit of the hall, and the screen's corner in them. */
export interface TileView {
  readonly seen: Box;
  readonly scale: number;
  readonly left: number;
  readonly top: number;
  /** The size is changing: what is about as large will do, and there is no time for numbers. */
  readonly zooming: boolean;
}

interface Tile extends Block {
  picture?: Picture;
}
/** A picture whose seats are stamped and whose numbers are being written. */
interface Work {
  readonly tile: Tile;
  readonly picture: Picture;
  next: number;
}

export interface Tiles {
  /** Works on what is in sight and puts it on paper; says whether all was there, exactly so. */
  show(pen: Paper, view: TileView): boolean;
  /** There is more to do for what was shown last. */
  readonly pending: boolean;
  /** One seat has changed. */
  touch(place: number): void;
  /** All seats may have changed. */
  renew(): void;
}

const levelOf = (scale: number): number => LEVEL ** Math.round(Math.log(scale) / Math.log(LEVEL));

/** A plain plate where seats will be. */
function plate(pen: Paper, block: Block, { scale, left, top }: TileView): void {
  const [x, y] = [block.left * scale - left, block.top * scale - top];
  pen.fillStyle = THEME.plate;
  pen.fillRect(x, y, (block.right - block.left) * scale, (block.bottom - block.top) * scale);
}

/** The tiles in sight, and whose turn it is. One array for all frames. */
function sightOf(tiles: readonly Tile[]) {
  const inSight = new Uint32Array(tiles.length);
  let [count, turn] = [0, 0];
  return {
    look(seen: Box): void {
      count = 0;
      for (let t = 0; t < tiles.length; t++) if (touches(tiles[t]!, seen)) inSight[count++] = t;
    },
    each(visit: (tile: Tile) => void): void {
      for (let n = 0; n < count; n++) visit(tiles[inSight[n]!]!);
    },
    /** The next one that lacks something. */
    next(lacks: (tile: Tile) => boolean): Tile | undefined {
      for (let n = 0; n < count; n++) {
        const at = (turn + n) % count;
        const tile = tiles[inSight[at]!]!;
        if (!lacks(tile)) continue;
        turn = at + 1;
        return tile;
      }
      return undefined;
    },
  };
}

export function tilesOf(hall: Hall, brushAt: BrushStore): Tiles {
  const tiles: Tile[] = blocksOf(hall);
  const tileOf = new Uint32Array(hall.count);
  tiles.forEach(({ from, to }, t) => {
    tileOf.fill(t, from, to);
  });
  const press = pressOf();
  const sight = sightOf(tiles);
  let view: TileView = { seen: hall.bounds, scale: 1, left: 0, top: 0, zooming: true };
  let brush = brushAt(1, true);
  let pixels = 0;
  let work: Work | undefined;
  let pending = false;

  const isExact = (picture: Picture): boolean =>
    picture.brush.scale === brush.scale && picture.brush.numbered === brush.numbered;
  const fits = (picture: Picture | undefined): boolean => {
    if (!picture || picture.stale) return false;
    if (!view.zooming) return isExact(picture) && !picture.rough;
    const by = picture.brush.scale / view.scale;
    return by < STRETCH_MAX && by > 1 / STRETCH_MAX;
  };
  const isBare = ({ picture }: Tile) => !picture;
  const isWrong = ({ picture }: Tile) => !fits(picture);
  const begin = (): Work | undefined => {
    const tile = sight.next(isBare) ?? sight.next(isWrong);
    if (!tile) return undefined;
    const picture = press.stamped(tile, brush);
    return { tile, picture, next: brush.numbered ? tile.from : tile.to };
  };
  const give = (tile: Tile, picture: Picture | undefined) => {
    pixels += areaOf(picture) - areaOf(tile.picture);
    press.spare(tile.picture);
    tile.picture = picture;
  };
  const forget = () => {
    for (let t = 0; pixels > PIXELS_MAX && t < tiles.length; t++)
      if (!touches(tiles[t]!, view.seen)) give(tiles[t]!, undefined);
  };
  const build = () => {
    const until = performance.now() + BUILD_MS;
    do {
      work ??= begin();
      if (!work) break;
      const { tile, picture } = work;
      const end = Math.min(work.next + STRIDE, tile.to);
      for (; work.next < end; work.next++)
        picture.brush.number(picture.pen, work.next, picture.left, picture.top);
      if (work.next < tile.to) continue;
      give(tile, picture);
      work = undefined;
    } while (performance.now() < until);
    pending = work !== undefined || sight.next(isWrong) !== undefined;
    forget();
  };

  return {
    show(pen, next) {
      view = next;
      sight.look(view.seen);
      brush = view.zooming ? brushAt(levelOf(view.scale), true) : brushAt(view.scale);
      build();
      let crisp = !view.zooming;
      sight.each((tile) => {
        if (tile.picture) blit(tile.picture, pen, view.scale, view.left, view.top);
        else plate(pen, tile, view);
        crisp &&= fits(tile.picture);
      });
      return crisp;
    },
    get pending() {
      return pending;
    },
    touch(place) {
      const tile = tiles[tileOf[place]!]!;
      if (work?.tile === tile) redraw(work.picture, place, place < work.next);
      const { picture } = tile;
      if (!picture || picture.stale) return;
      if (!touches(tile, view.seen)) {
        picture.stale = true;
        return;
      }
      // Numbers are kept in one size, the one of now: others would be written again and again.
      const exact = isExact(picture);
      redraw(picture, place, exact);
      picture.rough ||= picture.brush.numbered && !exact;
    },
    renew() {
      if (work) work.picture.stale = true;
      for (const { picture } of tiles) if (picture) picture.stale = true;
    },
  };
}
