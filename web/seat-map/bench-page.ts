/**
 * The page `bench/map.ts` measures: a hall made up here, 500 seats changing every second as they do
 * on the stream, in batches, and a hand that pans and zooms once per frame. No page of the product
 * loads it.
 */
import type { LayoutColumns } from '../../contracts/layout.ts';
import { createSeatMap, type SeatMap } from './index.ts';

export interface Measured {
  readonly fps: number;
  readonly p95Ms: number;
  readonly over50: number;
  readonly longestMs: number;
}

const ROW_SEATS = 40;
const SECTION_ROWS = 25;
const PITCH = 20;
const BATCH = 50;
const BATCH_MS = 100;

/** Curved sections around a stage, in four tiers, a gap after each row. */
export function hallOfSize(count: number): LayoutColumns {
  const sections = Math.ceil(count / (ROW_SEATS * SECTION_ROWS));
  const abreast = Math.ceil(Math.sqrt(sections));
  const rows = Array.from({ length: sections * SECTION_ROWS }, (_, row) => ({
    section: Math.floor(row / SECTION_ROWS),
    row: `${(row % SECTION_ROWS) + 1}排`,
  }));
  const middle = (abreast * (ROW_SEATS + 4) * PITCH) / 2;
  const places = Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / ROW_SEATS);
    const { section } = rows[row]!;
    const [column, line] = [section % abreast, Math.floor(section / abreast)];
    const x = (column * (ROW_SEATS + 4) + (i % ROW_SEATS)) * PITCH;
    const deep = (line * (SECTION_ROWS + 4) + (row % SECTION_ROWS)) * PITCH * 1.1;
    const y = 300 + deep - ((x - middle) / middle) ** 2 * 14 * PITCH + 14 * PITCH;
    return { seat: i + row, x, y, tier: Math.min(3, Math.floor((line * 4) / abreast)), row, i };
  });
  return {
    layoutVersion: 'bench',
    seatCount: count,
    size: { width: middle * 2, height: 3_000 },
    tiers: ['VIP', 'A', 'B', 'C'],
    sections: Array.from({ length: sections }, (_, section) => `${section + 101}区`),
    rows,
    seat: places.map(({ seat }) => seat),
    label: places.map(({ row, i }) => `${rows[row]!.row}${(i % ROW_SEATS) + 1}座`),
    x: places.map(({ x }) => x),
    y: places.map(({ y }) => y),
    tier: places.map(({ tier }) => tier),
    row: places.map(({ row }) => row),
  };
}

/** The same row of numbers in every run. */
function randomOf(seed: number): () => number {
  let at = seed;
  return () => {
    at = (Math.imul(at, 1_664_525) + 1_013_904_223) >>> 0;
    return at / 2 ** 32;
  };
}

/** What the hand does in frame `n` of a phase. */
const HANDS: Readonly<Record<string, (map: SeatMap, n: number) => void>> = {
  still: () => undefined,
  zoom: (map, n) => map.zoomBy(n % 90 < 45 ? 1.06 : 1 / 1.06),
  'zoom, rest': (map, n) => {
    if (n % 30 < 8) map.zoomBy(n % 240 < 120 ? 1.09 : 1 / 1.09);
  },
  pan: (map, n) => map.panBy(n % 80 < 40 ? -9 : 9, n % 60 < 30 ? -6 : 6),
  'close, still': () => undefined,
  'close, pan': (map, n) => map.panBy(n % 80 < 40 ? -9 : 9, n % 60 < 30 ? -6 : 6),
};
/** How far apart neighbours are in CSS pixels, where a phase does not begin with the whole hall. */
const PITCH_PX: Readonly<Record<string, number>> = {
  pan: 9,
  'close, still': 26,
  'close, pan': 19,
};
export const PHASES = Object.keys(HANDS);

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Opens a hall of so many seats on the page's canvas. */
export function open(count: number) {
  const canvas = document.querySelector('canvas')!;
  const layout = hallOfSize(count);
  const began = performance.now();
  const map = createSeatMap(canvas, layout, { reducedMotion: true });
  const random = randomOf(count);
  const states = Array.from({ length: layout.seat.at(-1)! + 1 }, () => '-');
  for (const seat of layout.seat) states[seat] = '0012'[Math.floor(random() * 4)]!;
  map.setStates(states.join(''));
  const openedMs = performance.now() - began;
  const anySeat = () => layout.seat[Math.floor(random() * count)]!;
  const change = () =>
    map.apply(Array.from({ length: BATCH }, () => [anySeat(), Math.floor(random() * 3)] as const));

  const measure = async (phase: string, ms: number): Promise<Measured> => {
    map.fit();
    const pitchPx = PITCH_PX[phase];
    if (pitchPx) map.zoomBy(pitchPx / map.view().pitchPx);
    await pause(1_500);
    const frames: number[] = [];
    const changing = setInterval(change, BATCH_MS);
    const until = performance.now() + ms;
    await new Promise<void>((done) => {
      const frame = (now: number) => {
        frames.push(now);
        if (performance.now() > until) return done();
        HANDS[phase]!(map, frames.length);
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    clearInterval(changing);
    const took = frames.slice(1).map((now, n) => now - frames[n]!);
    const sorted = took.toSorted((a, b) => a - b);
    return {
      fps: (took.length * 1_000) / (frames.at(-1)! - frames[0]!),
      p95Ms: sorted[Math.floor(sorted.length * 0.95)]!,
      over50: took.filter((each) => each > 50).length,
      longestMs: sorted.at(-1)!,
    };
  };
  return { map, layout, openedMs, measure };
}
