/**
 * The seat map under real hands, in a real browser: fingers, mouse, wheel and keys on a page with
 * the module alone. Where seats are is asked of the map; what they look like is read from pixels.
 */
import type { Browser, CDPSession, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../bin/supervisor/binaries.mjs';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { type Hall, hallOf } from '../../web/seat-map/hall.ts';
import { THEME } from '../../web/seat-map/palette.ts';
import { FLAGS } from './browser.ts';
import { mapScript, openMap } from './map-page.ts';

const SCREEN = { width: 900, height: 700 };
const SEATS = 6_000;
interface Point {
  readonly x: number;
  readonly y: number;
}
interface View extends Point {
  readonly scale: number;
  readonly pitchPx: number;
  readonly whole: boolean;
}
type Pixel = readonly [red: number, green: number, blue: number];

let browser: Browser;
let script: string;
let page: Page;
let cdp: CDPSession;
let hall: Hall;
beforeAll(async () => {
  const executablePath = findProgram('chromium') as string;
  [browser, script] = await Promise.all([
    chromium.launch({ executablePath, args: FLAGS }),
    mapScript(),
  ]);
  const context = await browser.newContext({ viewport: SCREEN, hasTouch: true });
  page = await openMap(context, script, SEATS);
  cdp = await context.newCDPSession(page);
  hall = hallOf(await ask<LayoutColumns>('hall.layout'));
  await page.evaluate(`
    said = { pick: [], cursor: [] };
    for (const name of ['pick', 'cursor']) hall.map.on(name, (seat) => said[name].push(seat));
    begin = () => {
      hall.map.setStates(hall.layout.seat.reduce((marks, seat) => ((marks[seat] = 0), marks), []));
      hall.map.setFilter(null);
      hall.map.fit();
      said.pick.length = said.cursor.length = 0;
      document.activeElement.blur();
    }`);
});
afterAll(() => browser.close());
/** All seats are free, and the whole hall is seen. */
beforeEach(async () => {
  await page.mouse.move(0, 0);
  await page.evaluate('begin()');
});

const ask = <Answer>(expression: string) => page.evaluate(expression) as Promise<Answer>;
const map = <Answer = void>(call: string) => ask<Answer>(`hall.map.${call}`);
const view = () => map<View>('view()');
const pointOf = (seat: number) => map<Point>(`pointOf(${seat})`);
const said = (name: 'pick' | 'cursor') => ask<number[]>(`said.${name}`);
/** Until what was asked for is drawn: the camera at rest, all tiles made. */
const settled = () => page.waitForTimeout(250);
const seatAt = ({ x, y }: Point): Promise<number> =>
  ask(`hall.layout.seat.reduce((best, seat) => {
    const { x, y } = hall.map.pointOf(seat);
    const apart = Math.hypot(x - ${x}, y - ${y});
    return apart < best.apart ? { seat, apart } : best;
  }, { seat: -1, apart: Infinity }).seat`);
const closeTo = async (seat: number, pitchPx: number) => {
  await map(`focusSeat(${seat})`);
  await map(`zoomBy(${pitchPx} / hall.map.view().pitchPx)`);
  await settled();
};
const pixelAt = ({ x, y }: Point): Promise<Pixel> =>
  ask(`[...document.querySelector('canvas').getContext('2d')
    .getImageData(${Math.round(x)}, ${Math.round(y)}, 1, 1).data].slice(0, 3)`);
const rgb = (colour: string): Pixel =>
  [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as unknown as Pixel;
const colourOf = async (tier: number): Promise<Pixel> =>
  rgb(await map<string>(`colourOf(${JSON.stringify(hall.tiers[tier])})`));
const middle = { x: SCREEN.width / 2, y: SCREEN.height / 2 };
const someSeat = () => hall.seat[Math.floor(hall.count * 0.42)]!;

type Touch = 'touchStart' | 'touchMove' | 'touchEnd';
const touch = (type: Touch, ...touchPoints: readonly Point[]) =>
  cdp.send('Input.dispatchTouchEvent', {
    type,
    touchPoints: touchPoints.map((point, id) => ({ ...point, id })),
  });
/** One finger leaves, the others stay. */
const lift = (point: Point, id: number) =>
  cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [{ ...point, id }] });
const along = (from: Point, to: Point, share: number): Point => ({
  x: from.x + (to.x - from.x) * share,
  y: from.y + (to.y - from.y) * share,
});
/** Fingers go down, wander in steps, and leave. */
async function stroke(...ways: readonly (readonly [from: Point, to: Point])[]): Promise<void> {
  await touch('touchStart', ...ways.map(([from]) => from));
  for (const share of [0.25, 0.5, 0.75, 1])
    await touch('touchMove', ...ways.map(([from, to]) => along(from, to, share)));
  await touch('touchEnd');
}

describe('fingers', () => {
  it('pinch about the middle between them, wherever they go', async () => {
    await closeTo(someSeat(), 14);
    const before = await view();
    const [from, to] = [
      { x: 400, y: 300 },
      { x: 440, y: 330 },
    ];
    const held = await seatAt(from);
    const was = await pointOf(held);
    const beside = ({ x, y }: Point, apart: number) => ({ x: x + apart, y: y + apart / 2 });
    await stroke([beside(from, -60), beside(to, -120)], [beside(from, 60), beside(to, 120)]);
    const now = await pointOf(held);
    expect((await view()).scale / before.scale).toBeCloseTo(2, 1);
    // What lay under the fingers lies under them still; what lay beside, twice as far beside.
    expect(now.x - to.x).toBeCloseTo((was.x - from.x) * 2, 0);
    expect(now.y - to.y).toBeCloseTo((was.y - from.y) * 2, 0);
    await stroke([beside(to, -120), beside(from, -60)], [beside(to, 120), beside(from, 60)]);
    expect((await view()).scale / before.scale).toBeCloseTo(1, 1);
    expect(await said('pick')).toEqual([]);
  });

  it('drag the hall as paper, one finger alone and the one that stays after a pinch', async () => {
    await closeTo(someSeat(), 24);
    const was = await pointOf(someSeat());
    await stroke([
      { x: 500, y: 400 },
      { x: 380, y: 340 },
    ]);
    const then = await pointOf(someSeat());
    expect([then.x - was.x, then.y - was.y].map(Math.round)).toEqual([-120, -60]);
    await touch('touchStart', { x: 300, y: 300 }, { x: 500, y: 300 });
    await lift({ x: 500, y: 300 }, 1);
    await touch('touchMove', { x: 350, y: 320 });
    await touch('touchEnd');
    const now = await pointOf(someSeat());
    expect([now.x - then.x, now.y - then.y].map(Math.round)).toEqual([50, 20]);
    expect(await said('pick')).toEqual([]);
  });

  it('come closer with a tap while seats are small, and then pick exactly the seat', async () => {
    const { x, y } = await pointOf(someSeat());
    expect((await view()).whole).toBe(true);
    await page.touchscreen.tap(x, y);
    expect((await view()).pitchPx).toBeGreaterThan(25);
    expect(await said('pick')).toEqual([]);
    const near = await pointOf(someSeat());
    const steps = [-140, -60, 0, 60, 140].flatMap((dx) => [-90, 0, 90].map((dy) => [dx, dy]));
    const meant: number[] = [];
    for (const [dx, dy] of steps) {
      const seat = await seatAt({ x: near.x + dx!, y: near.y + dy! });
      const at = await pointOf(seat);
      await page.touchscreen.tap(at.x, at.y);
      meant.push(seat);
    }
    expect(await said('pick')).toEqual(meant);
  });
});

/** Where a point of the hall is on the minimap, which is in the corner on a screen of this size. */
function onMinimap(point: Point): Point & { readonly unit: number } {
  const { left, top, right, bottom } = hall.bounds;
  const by = Math.min(168 / (right - left), 128 / (bottom - top));
  const corner = {
    x: SCREEN.width - 12 - Math.ceil((right - left) * by),
    y: SCREEN.height - 12 - Math.ceil((bottom - top) * by),
  };
  const [x, y] = [corner.x + (point.x - left) * by, corner.y + (point.y - top) * by];
  return { x, y, unit: 1 / by };
}

describe('a mouse', () => {
  it('zooms with its wheel about where it is', async () => {
    await closeTo(someSeat(), 14);
    const at = { x: 300, y: 250 };
    const held = await seatAt(at);
    const [was, before] = [await pointOf(held), await view()];
    await page.mouse.move(at.x, at.y);
    await page.mouse.wheel(0, -300);
    await expect.poll(async () => (await view()).scale).toBeGreaterThan(before.scale * 1.5);
    const [now, by] = [await pointOf(held), (await view()).scale / before.scale];
    expect(now.x - at.x).toBeCloseTo((was.x - at.x) * by, 0);
    expect(now.y - at.y).toBeCloseTo((was.y - at.y) * by, 0);
  });

  it('drags, picks what it clicks, and nothing between the rows of seats', async () => {
    await closeTo(someSeat(), 30);
    const { x, y } = await pointOf(someSeat());
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 70, y + 30, { steps: 3 });
    await page.mouse.up();
    const moved = await pointOf(someSeat());
    expect([moved.x - x, moved.y - y].map(Math.round)).toEqual([70, 30]);
    await page.mouse.click(moved.x, moved.y);
    await page.mouse.click(moved.x + 9, moved.y - 9);
    expect(await said('pick')).toEqual([someSeat(), someSeat()]);
    await map('fit()');
    await map('zoomBy(100, { x: 5, y: 5 })');
    await page.mouse.click(20, 20);
    expect(await said('pick')).toHaveLength(2);
  });

  it('moves the view to where it clicks the minimap', async () => {
    await closeTo(someSeat(), 30);
    const { left, top, right, bottom } = hall.bounds;
    const target = { x: left + (right - left) * 0.3, y: top + (bottom - top) * 0.7 };
    const at = onMinimap(target);
    await page.mouse.click(at.x, at.y);
    const { x, y, scale, pitchPx } = await view();
    expect(Math.abs(x + middle.x / scale - target.x)).toBeLessThan(at.unit * 2);
    expect(Math.abs(y + middle.y / scale - target.y)).toBeLessThan(at.unit * 2);
    expect(pitchPx).toBeCloseTo(30, 3);
    expect(await said('pick')).toEqual([]);
  });
});

it('keys walk from seat to seat, pick, come closer and go back', async () => {
  await closeTo(someSeat(), 30);
  await page.focus('canvas');
  const first = hall.placeOf[someSeat()]!;
  const expected: number[] = [];
  for (const [key, step] of [
    ['ArrowRight', 1],
    ['ArrowDown', 40],
    ['ArrowLeft', -1],
    ['ArrowUp', -40],
  ] as const) {
    await page.keyboard.press(key);
    expected.push((expected.at(-1) ?? first) + step);
  }
  expect(await said('cursor')).toEqual(expected.map((place) => hall.seat[place]));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  expect(await said('pick')).toEqual([someSeat(), someSeat()]);
  const { scale } = await view();
  await page.keyboard.press('+');
  expect((await view()).scale / scale).toBeCloseTo(1.4, 3);
  await page.keyboard.press('-');
  expect((await view()).scale / scale).toBeCloseTo(1, 3);
  await page.keyboard.press('Home');
  expect((await view()).whole).toBe(true);
});

describe('pixels', () => {
  it('of a seat tell its state, at once and the same as when all is drawn anew', async () => {
    const seat = someSeat();
    await closeTo(seat, 16);
    const colour = await colourOf(hall.tier[hall.placeOf[seat]!]!);
    const at = await pointOf(seat);
    const shapeOf = (): Promise<Pixel[]> =>
      Promise.all([pixelAt(at), pixelAt({ x: at.x - 3, y: at.y - 3 })]);
    const look = async (change: string) => {
      await map(change);
      await settled();
      return shapeOf();
    };
    expect(await shapeOf()).toEqual([colour, colour]);
    expect(await look(`apply([[${seat}, 2]])`)).toEqual([rgb(THEME.sold), rgb(THEME.floor)]);
    const locked = await look(`apply([[${seat}, 1]])`);
    for (const [red, green, blue] of locked)
      expect(Math.max(red, green, blue) - red).toBeLessThan(21);
    expect(await look(`select([${seat}])`)).toContainEqual(rgb(THEME.mine));
    expect(await look('select([])')).toEqual(locked);
    expect(await look(`apply([[${seat}, 0]])`)).toEqual([colour, colour]);
    expect(await look(`setFilter(${JSON.stringify(hall.tiers[3])})`)).not.toContainEqual(colour);
  });

  it('are those of a full drawing after hundreds of small changes', async () => {
    await closeTo(someSeat(), 16);
    await page.evaluate(`
      all = () => {
        const { data } = document.querySelector('canvas').getContext('2d')
          .getImageData(0, 0, ${SCREEN.width} * 0.7, ${SCREEN.height});
        return new Uint32Array(data.buffer).reduce((sum, pixel) => (sum * 31 + pixel) | 0, 7);
      }`);
    const before = await ask<number>('all()');
    for (let batch = 0; batch < 6; batch++) {
      const moves = Array.from({ length: 60 }, (_, i) => [
        hall.seat[(i * 97 + batch * 61) % hall.count],
        (i + batch) % 3,
      ]);
      await map(`apply(${JSON.stringify(moves)})`);
      await page.waitForTimeout(30);
    }
    const patched = await ask<number>('all()');
    await map('setFilter(null)');
    await settled();
    expect(patched).not.toBe(before);
    expect(await ask<number>('all()')).toBe(patched);
  });

  it('are there in each frame while the canvas changes its size', async () => {
    const seen = await ask<string[]>(`(async () => {
      const canvas = document.querySelector('canvas');
      const seen = new Set();
      for (let width = 880; width > 800; width -= 20) {
        canvas.style.width = width + 'px';
        // A message that was posted in a frame arrives when the frame has been shown.
        await new Promise((shown) => requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = shown;
          port2.postMessage('');
        }));
        const { data } = canvas.getContext('2d').getImageData(3, 3, 1, 1);
        seen.add([...data].slice(0, 3).join());
      }
      canvas.style.width = '';
      return [...seen];
    })()`);
    expect(seen).toEqual([rgb(THEME.floor).join()]);
  });

  it('of the minimap follow changes out of sight, though no other comes', async () => {
    await closeTo(someSeat(), 30);
    const { from, to } = hall.sections.at(-1)!;
    const place = (from + to) >> 1;
    const at = onMinimap({ x: hall.x[place]!, y: hall.y[place]! });
    const spot = { x: Math.floor(at.x), y: Math.floor(at.y) };
    const free = await pixelAt(spot);
    const sold = Array.from(hall.seat.subarray(from, to), (seat) => [seat, 2]);
    // The first change is drawn at once, the others come right after.
    await map(`apply(${JSON.stringify(sold.slice(0, 1))})`);
    await page.waitForTimeout(30);
    await map(`apply(${JSON.stringify(sold.slice(1))})`);
    await expect.poll(() => pixelAt(spot), { timeout: 2_000 }).not.toEqual(free);
  });

  it('are near those of a camera at rest while a hand zooms without a pause', async () => {
    const moving = await ask<number>(`new Promise((done) => {
      let frames = 0;
      const goOn = () => {
        hall.map.zoomBy(frames < 15 ? 1.06 : frames % 2 ? 1.01 : 1 / 1.01);
        if (++frames < 40) return requestAnimationFrame(goOn);
        // Fine detail: how often two pixels side by side differ much.
        detail = () => {
          const { data } = document.querySelector('canvas').getContext('2d')
            .getImageData(100, 200, 500, 300);
          let count = 0;
          for (let at = 0; at + 4 < data.length; at += 4)
            count += Math.abs(data[at + 2] - data[at + 6]) > 90;
          return count;
        };
        done(detail());
      };
      goOn();
    })`);
    await settled();
    const still = await ask<number>('detail()');
    expect(still).toBeGreaterThan(500);
    expect(moving / still).toBeGreaterThan(0.15);
  });
});
