/**
 * The minimap: the whole hall in a corner while only a part of it is on the screen. One pixel or
 * two per seat, written straight into image data: 60,000 seats in about a millisecond.
 */
import { type Camera, type Point, type Screen, seenBy } from './camera.ts';
import { LOOK, THEME, tierColour } from './palette.ts';
import type { Seats } from './seats.ts';
import { type Paper, paperOf } from './sprites.ts';

const WIDTH_MAX = 168;
const HEIGHT_MAX = 128;
const MARGIN = 12;
/** A corner of this share of the screen at most: on a phone the seats matter more. */
const SHARE_MAX = 0.3;
/** Pixels of seats that changed are drawn this late at most. */
export const STALE_MS = 500;

export interface Minimap {
  /** A seat has changed. */
  touch(): void;
  /** Seats have changed that it does not show yet. */
  readonly stale: boolean;
  draw(pen: Paper, camera: Camera, screen: Screen, dpr: number, now: number): void;
  /** The point of the hall under a point of the screen, when the minimap is there. */
  hit(at: Point, screen: Screen): Point | undefined;
}

/** Red, green and blue in the order of a little-endian pixel. */
function pixelOf(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return ((255 << 24) | (blue! << 16) | (green! << 8) | red!) >>> 0;
}

export function minimapOf(seats: Seats): Minimap {
  const { hall } = seats;
  const { left, top, right, bottom } = hall.bounds;
  const by = Math.min(WIDTH_MAX / (right - left), HEIGHT_MAX / (bottom - top));
  const [width, height] = [Math.ceil((right - left) * by), Math.ceil((bottom - top) * by)];
  const { sheet, pen: own } = paperOf(width, height);
  const image = own.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const tiers = hall.tiers.map((_, tier) => pixelOf(tierColour(tier)));
  const [paper, gone] = [pixelOf(THEME.chip), pixelOf(THEME.edge)];
  let drawnAt = -Infinity;
  let stale = true;

  const renew = () => {
    pixels.fill(paper);
    for (let place = 0; place < hall.count; place++) {
      const at =
        Math.floor((hall.y[place]! - top) * by) * width + Math.floor((hall.x[place]! - left) * by);
      const free = seats.lookOf(place) === LOOK.available;
      // A free seat is never hidden by a taken one that falls on the same pixel.
      if (free || pixels[at] === paper) pixels[at] = free ? tiers[hall.tier[place]!]! : gone;
    }
    own.putImageData(image, 0, 0);
    own.fillStyle = THEME.stage;
    const { stage } = hall;
    const [x, y] = [(stage.left - left) * by, (stage.top - top) * by];
    own.fillRect(x, y, (stage.right - stage.left) * by, (stage.bottom - stage.top) * by);
  };
  const cornerOf = (screen: Screen) => {
    const size = Math.min(1, (screen.width * SHARE_MAX) / width, (screen.height * 0.3) / height);
    return {
      size,
      x: Math.round(screen.width - width * size - MARGIN),
      y: Math.round(screen.height - height * size - MARGIN),
    };
  };

  return {
    touch() {
      stale = true;
    },
    get stale() {
      return stale;
    },
    draw(pen, camera, screen, dpr, now) {
      if (stale && now - drawnAt > STALE_MS) {
        renew();
        [drawnAt, stale] = [now, false];
      }
      const { x, y, size } = cornerOf(screen);
      const scale = by * size;
      pen.save();
      pen.scale(dpr, dpr);
      pen.fillStyle = THEME.edge;
      pen.fillRect(x - 1, y - 1, width * size + 2, height * size + 2);
      pen.drawImage(sheet, x, y, width * size, height * size);
      const seen = seenBy(camera, screen);
      const [fromX, fromY] = [Math.max(left, seen.left), Math.max(top, seen.top)];
      pen.strokeStyle = THEME.ink;
      pen.lineWidth = 1.5;
      pen.strokeRect(
        x + (fromX - left) * scale,
        y + (fromY - top) * scale,
        (Math.min(right, seen.right) - fromX) * scale,
        (Math.min(bottom, seen.bottom) - fromY) * scale,
      );
      pen.restore();
    },
    hit(at, screen) {
      const { x, y, size } = cornerOf(screen);
      const [dx, dy] = [(at.x - x) / size, (at.y - y) / size];
      if (dx < 0 || dy < 0 || dx > width || dy > height) return undefined;
      return { x: left + dx / by, y: top + dy / by };
    },
  };
}
