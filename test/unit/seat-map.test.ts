/** The seat map's reckoning, without a screen: columns, spatial hash, camera, keys. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LayoutColumns, layoutOf } from '../../contracts/layout.ts';
import {
  between,
  centred,
  fitted,
  limitsOf,
  panned,
  toHall,
  toScreen,
  zoomed,
} from '../../web/seat-map/camera.ts';
import { gridOf } from '../../web/seat-map/grid.ts';
import { hallOf } from '../../web/seat-map/hall.ts';
import { neighbourOf } from '../../web/seat-map/neighbour.ts';
import { LOOK } from '../../web/seat-map/palette.ts';
import { seatsOf } from '../../web/seat-map/seats.ts';

/** Two sections of two rows of three; a gap after each row; the second section is listed first. */
const COLUMNS: LayoutColumns = {
  layoutVersion: 'v1',
  seatCount: 12,
  size: { width: 100, height: 100 },
  tiers: ['A', 'B'],
  sections: ['left', 'right'],
  rows: [
    { section: 1, row: '1' },
    { section: 1, row: '2' },
    { section: 0, row: '1' },
    { section: 0, row: '2' },
  ],
  seat: [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14],
  label: Array.from({ length: 12 }, (_, i) => `VIP2 1排${(i % 3) + 1}座`),
  x: [60, 70, 80, 60, 70, 80, 0, 10, 20, 0, 10, 20],
  y: [0, 0, 0, 12, 12, 12, 0, 0, 0, 12, 12, 12],
  tier: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
  row: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
};
const hall = hallOf(COLUMNS);
const screen = { width: 400, height: 300 };
const limits = limitsOf(hall.bounds, hall.pitch, screen);

describe('the hall', () => {
  it('finds the place of each seat number, and none for a gap', () => {
    for (const [i, seat] of COLUMNS.seat.entries()) {
      const place = hall.placeOf[seat]!;
      expect([hall.seat[place], hall.x[place], hall.y[place]]).toEqual([
        seat,
        COLUMNS.x[i],
        COLUMNS.y[i],
      ]);
      expect(hall.tiers[hall.tier[place]!]).toBe(COLUMNS.tiers[COLUMNS.tier[i]!]);
    }
    expect([3, 7, 11].map((gap) => hall.placeOf[gap])).toEqual([-1, -1, -1]);
  });
  it('keeps each section and each row in one stretch of places', () => {
    for (const [s, { from, to, name }] of hall.sections.entries()) {
      expect(to - from, name).toBe(6);
      expect([...hall.section.subarray(from, to)]).toEqual(Array(6).fill(s));
    }
    for (const { from, to, left, right } of hall.rows)
      expect([to - from, right - left]).toEqual([3, 20]);
  });
  it('is the same from either form of a layout', () => {
    const full = hallOf(layoutOf(COLUMNS));
    const seatsIn = (one: typeof hall) =>
      COLUMNS.seat.map((seat) => {
        const place = one.placeOf[seat]!;
        return [one.x[place], one.y[place], one.tiers[one.tier[place]!], one.mark[place]];
      });
    expect(seatsIn(full)).toEqual(seatsIn(hall));
    expect([full.pitch, full.bounds]).toEqual([hall.pitch, hall.bounds]);
  });
  it('takes the last number of a label for the mark, and the usual distance for the pitch', () => {
    expect(hall.mark.slice(0, 3)).toEqual(['1', '2', '3']);
    expect(hall.pitch).toBe(10);
  });
  it('is no stumbling block when it is empty', () => {
    const none = { seat: [], label: [], x: [], y: [], tier: [], row: [], rows: [], sections: [] };
    const empty = hallOf({ ...COLUMNS, ...none });
    expect(empty.count).toBe(0);
    expect(Number.isFinite(limitsOf(empty.bounds, empty.pitch, screen).scaleMin)).toBe(true);
    expect(gridOf(empty.x, empty.y, empty.pitch).nearest(0, 0, 100)).toBe(-1);
  });
});

const anyPoints = fc.array(
  fc.tuple(fc.double({ min: -500, max: 500, noNaN: true }), fc.integer({ min: -90, max: 90 })),
  { minLength: 1, maxLength: 60 },
);
const columnsOf = (points: readonly (readonly [number, number])[]) => ({
  x: Float32Array.from(points, ([x]) => x),
  y: Float32Array.from(points, ([, y]) => y),
});

describe('the spatial hash', () => {
  it('finds what asking every seat finds', () => {
    const anyNumber = fc.integer({ min: -600, max: 600 });
    const reach = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(anyPoints, anyNumber, anyNumber, reach, (points, atX, atY, within) => {
        const { x, y } = columnsOf(points);
        const distance = (p: number) => (x[p]! - atX) ** 2 + (y[p]! - atY) ** 2;
        const found = gridOf(x, y, 20).nearest(atX, atY, within);
        const least = Math.min(...points.map((_, p) => distance(p)));
        expect(found < 0 ? Infinity : distance(found)).toBe(
          least <= within ** 2 ? least : Infinity,
        );
      }),
    );
  });
  it('visits every seat of a box once', () => {
    fc.assert(
      fc.property(anyPoints, (points) => {
        const { x, y } = columnsOf(points);
        const visited: number[] = [];
        const box = { left: -200, top: -40, right: 150, bottom: 60 };
        gridOf(x, y, 20).inBox(box, (place) => visited.push(place));
        const inside = points.flatMap((_, p) =>
          x[p]! >= box.left && x[p]! <= box.right && y[p]! >= box.top && y[p]! <= box.bottom
            ? [p]
            : [],
        );
        expect(new Set(visited).size).toBe(visited.length);
        expect(inside.filter((place) => !visited.includes(place))).toEqual([]);
      }),
    );
  });
});

describe('the camera', () => {
  const whole = fitted(limits);
  const near = zoomed(whole, 1.3, { x: 200, y: 150 }, limits);

  it('shows the whole hall, in the middle, when it fits', () => {
    const corners = [
      toScreen(whole, { x: hall.bounds.left, y: hall.bounds.top }),
      toScreen(whole, { x: hall.bounds.right, y: hall.bounds.bottom }),
    ];
    expect(corners[0]!.x + corners[1]!.x).toBeCloseTo(screen.width);
    expect(corners[0]!.y + corners[1]!.y).toBeCloseTo(screen.height);
    expect(Math.min(corners[0]!.x, corners[0]!.y)).toBeCloseTo(0);
  });
  it('keeps what is under the finger there while it zooms', () => {
    const at = { x: 210, y: 160 };
    const before = toHall(near, at);
    const after = toHall(zoomed(near, 1.2, at, limits), at);
    expect([after.x, after.y]).toEqual([expect.closeTo(before.x, 6), expect.closeTo(before.y, 6)]);
  });
  it('never leaves the hall, and never the sizes allowed', () => {
    const far = panned(near, -10_000, 10_000, limits);
    expect(far.x + screen.width / far.scale).toBeCloseTo(hall.bounds.right);
    expect(far.y).toBeCloseTo(hall.bounds.top);
    expect(zoomed(whole, 0.01, { x: 0, y: 0 }, limits)).toEqual(whole);
    expect(zoomed(whole, 1_000, { x: 0, y: 0 }, limits).scale).toBe(limits.scaleMax);
  });
  it('reckons from hall to screen and back', () => {
    const point = toHall(near, toScreen(near, { x: 12, y: 34 }));
    expect([point.x, point.y]).toEqual([expect.closeTo(12), expect.closeTo(34)]);
  });
  it('glides from where it is to where it goes, straight', () => {
    const to = centred({ x: 70, y: 12 }, near.scale * 1.2, limits);
    const ends = [between(near, to, 0), between(near, to, 1)];
    for (const [n, end] of [near, to].entries())
      expect(ends[n]).toEqual({
        x: expect.closeTo(end.x),
        y: expect.closeTo(end.y),
        scale: expect.closeTo(end.scale),
      });
    expect(between(near, to, 0.5).scale).toBeCloseTo(Math.sqrt(near.scale * to.scale));
  });
});

describe('an arrow key', () => {
  const from = (seat: number, direction: Parameters<typeof neighbourOf>[3]) =>
    hall.seat[neighbourOf(hall.x, hall.y, hall.placeOf[seat]!, direction, hall.pitch)];

  it('leads to the next seat of the row, and over the aisle', () => {
    expect([from(8, 'right'), from(9, 'left'), from(10, 'right')]).toEqual([9, 8, 0]);
  });
  it('leads to the row in front and the row behind', () => {
    expect([from(9, 'down'), from(13, 'up')]).toEqual([13, 9]);
  });
  it('stays at the edge of the hall', () => {
    expect([from(8, 'left'), from(8, 'up'), from(14, 'down')]).toEqual([8, 8, 14]);
  });
});

describe('the look of a seat', () => {
  it('is its state, but for the chosen and for free seats of other tiers', () => {
    const seats = seatsOf(hall);
    const [own, other, taken] = [0, 8, 9].map((seat) => hall.placeOf[seat]!);
    seats.state[taken!] = 2;
    seats.bright = 0;
    expect([own, other, taken].map((place) => seats.lookOf(place!))).toEqual([
      LOOK.available,
      LOOK.faded,
      LOOK.sold,
    ]);
    seats.chosen.add(other!);
    expect(seats.lookOf(other!)).toBe(LOOK.mine);
  });
});
