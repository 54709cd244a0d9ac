/**
 * The parts of one seat map, put together: what is seen, what is known, and how the camera moves.
 * `index.ts` gives them to the page, `hands.ts` to whoever touches the map.
 */
import type { Layout, LayoutColumns } from '../../contracts/layout.ts';
import { brushesOf, density } from './brush.ts';
import {
  type Camera,
  centred,
  fitted,
  type Limits,
  limitsOf,
  type Point,
  panned,
  toHall,
  toScreen,
  zoomed,
} from './camera.ts';
import { type Clock, clockOf } from './clock.ts';
import { gridOf } from './grid.ts';
import { hallOf } from './hall.ts';
import type { SeatMapEvents, SeatMapOptions, View } from './index.ts';
import { minimapOf } from './minimap.ts';
import { painterOf, SEATS_PX } from './painter.ts';
import { seatsOf } from './seats.ts';
import { tilesOf } from './tiles.ts';

/** How near the camera comes to a seat: CSS pixels between neighbours. */
const NEAR_PX = 30;

export type Core = ReturnType<typeof coreOf>;

export function coreOf(
  canvas: HTMLCanvasElement,
  layout: Layout | LayoutColumns,
  { stageName = '舞台', reducedMotion }: SeatMapOptions,
) {
  const hall = hallOf(layout);
  const seats = seatsOf(hall);
  const grid = gridOf(hall.x, hall.y, hall.pitch * 2);
  const brushAt = brushesOf(seats);
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const calm = () => reducedMotion ?? still.matches;
  const tiles = tilesOf(hall, brushAt);
  const minimap = minimapOf(seats);
  const pen = canvas.getContext('2d', { alpha: false })!;
  const painter = painterOf(pen, { hall, tiles, minimap, brushAt, stageName });
  const hearers = new Map<string, Set<(value: never) => void>>();
  let limits: Limits = limitsOf(hall.bounds, hall.pitch, { width: 1, height: 1 });
  /** The place the keys stand on, or -1; ringed while they are used. */
  const keys = { cursor: -1, ringed: false };

  const say = <Name extends keyof SeatMapEvents>(name: Name, value: SeatMapEvents[Name]) => {
    for (const heard of hearers.get(name) ?? []) heard(value as never);
  };
  const viewOf = (camera: Camera): View => ({
    ...camera,
    pitchPx: hall.pitch * camera.scale,
    whole: camera.scale <= limits.scaleMin * 1.001,
  });
  const clock: Clock = clockOf({
    painter,
    calm,
    moved: (camera) => say('view', viewOf(camera)),
    scene: () => ({
      screen: limits.screen,
      dpr: density(),
      scaleMin: limits.scaleMin,
      cursor: keys.ringed ? keys.cursor : -1,
    }),
  });
  const middle = () => ({ x: limits.screen.width / 2, y: limits.screen.height / 2 });
  const approach = (point: Point) => {
    const scale = Math.max(clock.goal().scale, NEAR_PX / hall.pitch);
    clock.glide(centred(point, scale, limits));
  };
  const pointAt = (place: number): Point => ({ x: hall.x[place]!, y: hall.y[place]! });
  const standOn = (place: number) => {
    keys.cursor = place;
    clock.redraw();
    const at = toScreen(clock.goal(), pointAt(place));
    const { width, height } = limits.screen;
    const margin = hall.pitch * clock.goal().scale;
    const inside =
      at.x > margin && at.y > margin && at.x < width - margin && at.y < height - margin;
    if (!inside || margin < SEATS_PX) approach(pointAt(place));
    say('cursor', hall.seat[place]!);
  };
  const resize = () => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0) return;
    const whole = clock.goal().scale <= limits.scaleMin * 1.001 || limits.screen.width === 1;
    const dpr = density();
    const looking = toHall(clock.goal(), middle());
    limits = limitsOf(hall.bounds, hall.pitch, { width, height });
    canvas.width = Math.round(width * dpr);
    canvas.height = Math.round(height * dpr);
    clock.jump(whole ? fitted(limits) : centred(looking, clock.goal().scale, limits));
    clock.rest();
    clock.draw();
  };

  return {
    hall,
    seats,
    grid,
    tiles,
    minimap,
    clock,
    keys,
    hearers,
    say,
    viewOf,
    middle,
    approach,
    pointAt,
    standOn,
    resize,
    limits: () => limits,
    fit: () => clock.glide(fitted(limits)),
    zoomBy: (factor: number, at: Point = middle()) =>
      clock.jump(zoomed(clock.goal(), factor, at, limits)),
    panBy: (dx: number, dy: number) => clock.jump(panned(clock.goal(), dx, dy, limits)),
  };
}
