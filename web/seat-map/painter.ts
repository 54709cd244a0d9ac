/**
 * The painter: what one frame draws. It works in device pixels, rounded the same way everywhere, so
 * that a seat lies on the same pixel in a tile, in a full frame and when it is repainted alone.
 */
import { type BrushStore, LABELS_PX } from './brush.ts';
import { type Camera, type Screen, seenBy } from './camera.ts';
import { grown, type Hall } from './hall.ts';
import type { Minimap } from './minimap.ts';
import { namesOf } from './names.ts';
import { drawRing, drawRows, drawSections, drawStage } from './overlay.ts';
import { THEME } from './palette.ts';
import type { Paper } from './sprites.ts';
import type { Tiles } from './tiles.ts';

/** From this many CSS pixels between neighbours on, a single seat can be meant by a tap. */
export const SEATS_PX = 12;
/** The minimap appears when the hall is this much larger than the screen. */
const MINIMAP_FROM = 1.25;

export interface Scene {
  readonly camera: Camera;
  readonly screen: Screen;
  readonly dpr: number;
  readonly scaleMin: number;
  /** The size is changing: tiles are stretched, and drawn anew when it rests. */
  readonly zooming: boolean;
  readonly now: number;
  /** The place the keys stand on, or -1. */
  readonly cursor: number;
  /** Places that were lost, with how far their flash has faded: 0 to 1. */
  readonly flashes: ReadonlyMap<number, number>;
}

export interface Painter {
  /** Draws everything; says whether there is more to draw in another frame. */
  paint(scene: Scene): boolean;
  /** Draws seats that changed over what `paint` left, when that is possible. */
  patch(scene: Scene, changed: Iterable<number>): boolean;
  /** The minimap waits with what has changed: it wants a frame later. */
  lags(scene: Scene): boolean;
}

export interface PainterParts {
  readonly hall: Hall;
  readonly tiles: Tiles;
  readonly minimap: Minimap;
  readonly brushAt: BrushStore;
  readonly stageName: string;
}

export const minimapShown = ({ camera, scaleMin }: Pick<Scene, 'camera' | 'scaleMin'>): boolean =>
  camera.scale > scaleMin * MINIMAP_FROM;

export function painterOf(pen: Paper, parts: PainterParts): Painter {
  const { hall, tiles, minimap, brushAt, stageName } = parts;
  const names = namesOf();
  const easel = { pen, hall, names };
  let crisp = false;
  const overlays = (scene: Scene) => {
    const { camera, screen, dpr, cursor, flashes, now } = scene;
    const pitch = hall.pitch * camera.scale;
    pen.setTransform(dpr, 0, 0, dpr, 0, 0);
    if (pitch < SEATS_PX) drawSections(easel, scene);
    if (pitch >= LABELS_PX) drawRows(easel, scene);
    if (cursor >= 0) {
      drawRing(pen, hall, camera, cursor, '#ffffff', 0.12);
      drawRing(pen, hall, camera, cursor, THEME.ink, 0);
    }
    for (const [place, share] of flashes) drawRing(pen, hall, camera, place, THEME.lost, share);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    if (minimapShown(scene)) minimap.draw(pen, camera, screen, dpr, now);
  };

  return {
    paint(scene) {
      const { camera, screen, dpr, zooming } = scene;
      const scale = camera.scale * dpr;
      const seen = seenBy(camera, screen);
      const [left, top] = [Math.round(camera.x * scale), Math.round(camera.y * scale)];
      names.begin();
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.fillStyle = THEME.floor;
      pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
      pen.scale(dpr, dpr);
      drawStage(easel, scene, stageName);
      pen.setTransform(1, 0, 0, 1, 0, 0);
      crisp = tiles.show(pen, { seen, scale, left, top, zooming });
      overlays(scene);
      return tiles.pending || names.pending;
    },
    patch(scene, changed) {
      if (!crisp) return false;
      const { camera, screen, dpr } = scene;
      const scale = camera.scale * dpr;
      const seen = grown(seenBy(camera, screen), hall.pitch);
      const [left, top] = [Math.round(camera.x * scale), Math.round(camera.y * scale)];
      const brush = brushAt(scale);
      let any = false;
      for (const place of changed) {
        const [x, y] = [hall.x[place]!, hall.y[place]!];
        if (x < seen.left || x > seen.right || y < seen.top || y > seen.bottom) continue;
        const [atX, atY] = [brush.leftOf(place) - left, brush.topOf(place) - top];
        pen.fillStyle = THEME.floor;
        pen.fillRect(atX, atY, brush.side, brush.side);
        brush.draw(pen, place, left, top);
        brush.number(pen, place, left, top);
        any = true;
      }
      if (any) overlays(scene);
      return true;
    },
    lags: (scene) => minimapShown(scene) && minimap.stale,
  };
}
