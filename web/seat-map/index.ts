/**
 * The seat map: a hall on a canvas, alive, without any framework. Buyer pages and console share it.
 *
 * Outside, seats have the numbers of the arbiter and points are CSS pixels of the page. The map
 * knows nothing of orders: it says which seat was picked, and is told what is chosen and lost.
 */
import type { Layout, LayoutColumns } from '../../contracts/layout.ts';
import { type Camera, type Point, toScreen } from './camera.ts';
import { type Core, coreOf } from './core.ts';
import { wishesOf } from './hands.ts';
import { listen } from './input.ts';
import { tierColour } from './palette.ts';
import { stateOf } from './seats.ts';

export interface SeatMapOptions {
  /** What is written on the stage. */
  readonly stageName?: string;
  /** Instead of what the browser says its user prefers. */
  readonly reducedMotion?: boolean;
}

export interface View extends Camera {
  /** CSS pixels between two neighbours: from 12 on a tap picks a seat, before it comes closer. */
  readonly pitchPx: number;
  /** The whole hall is on the screen. */
  readonly whole: boolean;
}

export interface SeatMapEvents {
  /** A seat was tapped, clicked, or chosen by key, whatever its state. */
  pick: number;
  /** The keys stand on another seat: to be spoken. */
  cursor: number;
  view: View;
}

export interface SeatMap {
  /** The snapshot of `GET /sessions/:id/seats`: one mark per seat number. */
  setStates(states: string): void;
  /** Changes as they come on the stream. Unknown numbers are passed over. */
  apply(moves: readonly (readonly [seat: number, state: string | number])[]): void;
  /** These and no others are the buyer's own. */
  select(seats: Iterable<number>): void;
  readonly chosen: readonly number[];
  /**
   * These were lost to somebody else: they flash, or stay ringed a while where motion is
   * unwanted.
   */
  flash(seats: Iterable<number>): void;
  /** Seats of other tiers fade; null brings them back. */
  setFilter(tier: string | null): void;
  colourOf(tier: string): string;
  fit(): void;
  zoomBy(factor: number, at?: Point): void;
  panBy(dx: number, dy: number): void;
  /** Brings a seat to the middle, large enough to be picked. */
  focusSeat(seat: number): void;
  /** Where a seat is in the page, once the camera has arrived. */
  pointOf(seat: number): Point;
  view(): View;
  on<Name extends keyof SeatMapEvents>(
    name: Name,
    heard: (value: SeatMapEvents[Name]) => void,
  ): () => void;
  destroy(): void;
}

/** With more changes than this a snapshot is drawn anew instead of seat by seat. */
const TOUCHES_MAX = 600;

/** @param canvas - sized by CSS; the map keeps its pixels to that size. */
export function createSeatMap(
  canvas: HTMLCanvasElement,
  layout: Layout | LayoutColumns,
  options: SeatMapOptions = {},
): SeatMap {
  const core = coreOf(canvas, layout, options);
  const ending = new AbortController();
  const observer = new ResizeObserver(core.resize);
  observer.observe(canvas);
  if (canvas.tabIndex < 0) canvas.tabIndex = 0;
  canvas.style.touchAction = 'none';
  listen(canvas, wishesOf(core), ending.signal);
  core.resize();
  return doorOf(canvas, core, () => {
    ending.abort();
    observer.disconnect();
  });
}

function doorOf(canvas: HTMLCanvasElement, core: Core, end: () => void): SeatMap {
  const { hall, seats, tiles, minimap, clock, hearers, viewOf, approach, pointAt } = core;
  const touch = (place: number) => {
    minimap.touch();
    tiles.touch(place);
    clock.repaint(place);
  };
  const renew = () => {
    minimap.touch();
    tiles.renew();
    clock.redraw();
  };
  const placesOf = (numbers: Iterable<number>) =>
    [...numbers].map((seat) => hall.placeOf[seat] ?? -1).filter((place) => place >= 0);
  return {
    setStates(states) {
      const changed: number[] = [];
      for (let place = 0; place < hall.count; place++) {
        const state = stateOf(states[hall.seat[place]!] ?? '-');
        if (state === seats.state[place]) continue;
        seats.state[place] = state;
        changed.push(place);
      }
      if (changed.length > TOUCHES_MAX) {
        renew();
      } else changed.forEach(touch);
    },
    apply(moves) {
      for (const [seat, mark] of moves) {
        const place = hall.placeOf[seat] ?? -1;
        if (place < 0) continue;
        seats.state[place] = stateOf(mark);
        touch(place);
      }
    },
    select(numbers) {
      const before = [...seats.chosen];
      seats.chosen.clear();
      for (const place of placesOf(numbers)) seats.chosen.add(place);
      for (const place of new Set([...before, ...seats.chosen])) touch(place);
    },
    get chosen() {
      return [...seats.chosen].map((place) => hall.seat[place]!);
    },
    flash: (numbers) => clock.flash(placesOf(numbers)),
    setFilter(tier) {
      seats.bright = tier === null ? -1 : hall.tiers.indexOf(tier);
      renew();
    },
    colourOf: (tier) => tierColour(Math.max(0, hall.tiers.indexOf(tier))),
    fit: core.fit,
    zoomBy: core.zoomBy,
    panBy: core.panBy,
    focusSeat(seat) {
      const place = hall.placeOf[seat] ?? -1;
      if (place < 0) return;
      core.keys.cursor = place;
      approach(pointAt(place));
    },
    pointOf(seat) {
      const { left, top } = canvas.getBoundingClientRect();
      const at = toScreen(clock.goal(), pointAt(hall.placeOf[seat]!));
      return { x: left + at.x, y: top + at.y };
    },
    view: () => viewOf(clock.goal()),
    on(name, heard) {
      const set = hearers.get(name) ?? new Set();
      hearers.set(name, set.add(heard as (value: never) => void));
      return () => set.delete(heard as (value: never) => void);
    },
    destroy() {
      end();
      clock.stop();
      hearers.clear();
    },
  };
}
