/**
 * The clock of the map: the only one that asks for frames. It holds the camera, lets it glide,
 * knows when a zoom has come to rest, lets lost seats flash, and draws as little as a frame needs.
 */
import { between, type Camera } from './camera.ts';
import { STALE_MS } from './minimap.ts';
import type { Painter, Scene } from './painter.ts';

/** A zoom that has not moved for so long is over: tiles are drawn crisp. */
const REST_MS = 120;
const GLIDE_MS = 260;
const FLASH_MS = 700;
const FLASHES = 3;

export interface Clock {
  /** Where the camera is, or is on its way to. */
  goal(): Camera;
  /** There at once. */
  jump(camera: Camera): void;
  /** There in a moment. */
  glide(camera: Camera): void;
  /** What glides is there. */
  arrive(): void;
  /** A zoom is over now. */
  rest(): void;
  redraw(): void;
  /** Draws everything now: paper of another size is black until then. */
  draw(): void;
  /** One seat only. */
  repaint(place: number): void;
  flash(places: readonly number[]): void;
  stop(): void;
}

export interface ClockParts {
  readonly painter: Painter;
  /** Motion is unwanted. */
  readonly calm: () => boolean;
  readonly scene: () => Pick<Scene, 'screen' | 'dpr' | 'scaleMin' | 'cursor'>;
  readonly moved: (camera: Camera) => void;
}

interface Glide {
  readonly from: Camera;
  readonly to: Camera;
  readonly since: number;
}

/** Rings around what was lost, and since when. */
function flashesOf(calm: () => boolean) {
  const since = new Map<number, number>();
  const shares = new Map<number, number>();
  return {
    begin(places: readonly number[]): void {
      for (const place of places) since.set(place, performance.now());
    },
    get any(): boolean {
      return since.size > 0;
    },
    /** How far each has faded. Where motion is unwanted, the ring stands until it goes. */
    at(now: number): ReadonlyMap<number, number> {
      shares.clear();
      for (const [place, began] of since) {
        const share = (now - began) / FLASH_MS;
        if (share >= FLASHES) since.delete(place);
        else shares.set(place, calm() ? 0 : Math.max(0, share) % 1);
      }
      return shares;
    },
  };
}

export function clockOf({ painter, calm, scene, moved }: ClockParts): Clock {
  let camera: Camera = { x: 0, y: 0, scale: 1 };
  let glide: Glide | undefined;
  let zoomedAt = -Infinity;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let lagging: ReturnType<typeof setTimeout> | undefined;
  let whole = true;
  let asked = 0;
  let stopped = false;
  const dirty = new Set<number>();
  const flashes = flashesOf(calm);

  const ask = () => {
    if (asked === 0 && !stopped) asked = requestAnimationFrame(frame);
  };
  const redraw = () => {
    whole = true;
    ask();
  };
  const catchUp = () => {
    lagging = undefined;
    redraw();
  };
  const rest = () => {
    clearTimeout(resting);
    zoomedAt = -Infinity;
    redraw();
  };
  const look = (next: Camera) => {
    if (next.scale !== camera.scale) {
      zoomedAt = performance.now();
      clearTimeout(resting);
      resting = setTimeout(rest, REST_MS);
    }
    camera = next;
    redraw();
    moved(camera);
  };
  const jump = (next: Camera) => {
    glide = undefined;
    look(next);
  };
  const goOn = (now: number) => {
    if (!glide) return;
    const share = Math.min(1, Math.max(0, (now - glide.since) / GLIDE_MS));
    const { from, to } = glide;
    if (share === 1) glide = undefined;
    look(share === 1 ? to : between(from, to, 1 - (1 - share) ** 3));
  };
  function frame(now: number): void {
    asked = 0;
    goOn(now);
    const ringed = flashes.any;
    const zooming = performance.now() < zoomedAt + REST_MS;
    const picture = { ...scene(), camera, zooming, now, flashes: flashes.at(now) };
    const patched = !whole && !ringed && painter.patch(picture, dirty);
    whole = !patched && painter.paint(picture);
    dirty.clear();
    if (painter.lags(picture)) lagging ??= setTimeout(catchUp, STALE_MS);
    if (whole || glide || flashes.any) ask();
  }

  return {
    goal: () => glide?.to ?? camera,
    jump,
    glide(to) {
      if (calm()) {
        jump(to);
        rest();
        return;
      }
      glide = { from: camera, to, since: performance.now() };
      ask();
    },
    arrive() {
      if (glide) jump(glide.to);
    },
    rest,
    redraw,
    draw() {
      whole = true;
      cancelAnimationFrame(asked);
      frame(performance.now());
    },
    repaint(place) {
      dirty.add(place);
      ask();
    },
    flash(places) {
      flashes.begin(places);
      redraw();
    },
    stop() {
      stopped = true;
      cancelAnimationFrame(asked);
      clearTimeout(resting);
      clearTimeout(lagging);
    },
  };
}
