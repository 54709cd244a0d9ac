/**
 * The camera: where of the hall the screen looks, and how large. Pure: every move makes a new one.
 * A point of the hall `p` is drawn at `(p - camera) * scale`, in CSS pixels from the canvas's
 * corner.
 */
import type { Box } from './hall.ts';

export interface Camera {
  readonly x: number;
  readonly y: number;
  /** CSS pixels per unit of the hall. */
  readonly scale: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Screen {
  readonly width: number;
  readonly height: number;
}

/** What a camera may do in this hall on this screen. */
export interface Limits {
  readonly bounds: Box;
  readonly screen: Screen;
  readonly scaleMin: number;
  readonly scaleMax: number;
}

/** A seat is never drawn larger than this, in CSS pixels. */
const PITCH_PX_MAX = 56;

export function limitsOf(bounds: Box, pitch: number, screen: Screen): Limits {
  const width = (screen.width || 1) / (bounds.right - bounds.left);
  const height = (screen.height || 1) / (bounds.bottom - bounds.top);
  const scaleMin = Math.min(width, height);
  return { bounds, screen, scaleMin, scaleMax: Math.max(scaleMin, PITCH_PX_MAX / pitch) };
}

/** The whole hall, in the middle. */
export function fitted(limits: Limits): Camera {
  return kept({ x: 0, y: 0, scale: limits.scaleMin }, limits);
}

/** The camera at a lawful size, with as much of the hall on the screen as fits. */
export function kept(camera: Camera, { bounds, screen, scaleMin, scaleMax }: Limits): Camera {
  const scale = Math.min(scaleMax, Math.max(scaleMin, camera.scale));
  const along = (at: number, from: number, to: number, pixels: number) => {
    const seen = pixels / scale;
    if (seen >= to - from) return (from + to - seen) / 2;
    return Math.min(to - seen, Math.max(from, at));
  };
  return {
    x: along(camera.x, bounds.left, bounds.right, screen.width),
    y: along(camera.y, bounds.top, bounds.bottom, screen.height),
    scale,
  };
}

/** Larger or smaller by a factor; what is under `at` stays there. */
export function zoomed(camera: Camera, factor: number, at: Point, limits: Limits): Camera {
  const { scaleMin, scaleMax } = limits;
  const scale = Math.min(scaleMax, Math.max(scaleMin, camera.scale * factor));
  const under = toHall(camera, at);
  return kept({ x: under.x - at.x / scale, y: under.y - at.y / scale, scale }, limits);
}

/** Moved by so many CSS pixels, as a hand moves paper. */
export function panned(camera: Camera, dx: number, dy: number, limits: Limits): Camera {
  const { x, y, scale } = camera;
  return kept({ x: x - dx / scale, y: y - dy / scale, scale }, limits);
}

/** Looking at a point of the hall from the middle of the screen. */
export function centred(point: Point, scale: number, limits: Limits): Camera {
  const { width, height } = limits.screen;
  const lawful = Math.min(limits.scaleMax, Math.max(limits.scaleMin, scale));
  return kept(
    { x: point.x - width / 2 / lawful, y: point.y - height / 2 / lawful, scale: lawful },
    limits,
  );
}

export const toHall = ({ x, y, scale }: Camera, at: Point): Point => ({
  x: x + at.x / scale,
  y: y + at.y / scale,
});

export const toScreen = ({ x, y, scale }: Camera, point: Point): Point => ({
  x: (point.x - x) * scale,
  y: (point.y - y) * scale,
});

/** What of the hall the screen shows. */
export const seenBy = ({ x, y, scale }: Camera, { width, height }: Screen): Box => ({
  left: x,
  top: y,
  right: x + width / scale,
  bottom: y + height / scale,
});

/** Between two cameras; the size changes evenly to the eye, which sees ratios. */
export function between(from: Camera, to: Camera, share: number): Camera {
  const scale = from.scale * (to.scale / from.scale) ** share;
  const turned =
    from.scale === to.scale
      ? share
      : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
  return {
    x: from.x + (to.x - from.x) * turned,
    y: from.y + (to.y - from.y) * turned,
    scale,
  };
}
