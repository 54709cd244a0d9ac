/** What a hand on the map means: a tap far away comes closer, a tap nearby picks, keys walk. */
import { centred, toHall } from './camera.ts';
import type { Core } from './core.ts';
import type { Wishes } from './input.ts';
import { neighbourOf } from './neighbour.ts';
import { minimapShown, SEATS_PX } from './painter.ts';

/** A finger covers 44 pixels. */
const FINGER_PX = 22;

export function wishesOf(core: Core): Wishes {
  const { hall, grid, minimap, clock, keys, limits, say, middle, approach, standOn } = core;
  return {
    hold: clock.arrive,
    pan: core.panBy,
    zoom: core.zoomBy,
    fit: core.fit,
    tap(at, finger) {
      const camera = clock.goal();
      const shown = minimapShown({ camera, scaleMin: limits().scaleMin });
      const far = shown ? minimap.hit(at, limits().screen) : undefined;
      if (far) {
        clock.glide(centred(far, camera.scale, limits()));
        return;
      }
      const point = toHall(camera, at);
      if (hall.pitch * camera.scale < SEATS_PX && camera.scale < limits().scaleMax) {
        approach(point);
        return;
      }
      const reach = Math.max(hall.pitch * 0.6, finger ? FINGER_PX / camera.scale : 0);
      const place = grid.nearest(point.x, point.y, reach);
      if (place < 0) return;
      keys.cursor = place;
      say('pick', hall.seat[place]!);
    },
    step(direction) {
      keys.ringed = true;
      if (hall.count === 0) return;
      if (keys.cursor < 0) {
        const at = toHall(clock.goal(), middle());
        standOn(grid.nearest(at.x, at.y, Infinity));
      } else standOn(neighbourOf(hall.x, hall.y, keys.cursor, direction, hall.pitch));
    },
    choose() {
      if (keys.cursor >= 0) say('pick', hall.seat[keys.cursor]!);
    },
    focus(inside) {
      keys.ringed = inside;
      clock.redraw();
    },
  };
}
