/**
 * What each virtual buyer wants, from a seed: how many seats, how they choose, how they end. Pure:
 * the same seed and the same number give the same wishes on every machine.
 */
import { createHash } from 'node:crypto';

export interface Wishes {
  readonly uid: string;
  /** Seats wanted at once. */
  readonly count: number;
  /** Let the system choose, or pick from the map. */
  readonly way: 'best' | 'chosen';
  readonly end: 'pay' | 'cancel' | 'abandon';
  /** Where on the map, and which tier, as fractions of what there is. */
  readonly taste: number;
  /** How long this buyer looks at the screen before acting, as a fraction of the longest. */
  readonly pace: number;
  /** When this buyer pays, counted from the deadline; when it suits them if undefined. */
  readonly payAtMs?: number;
}

type Chances<T> = readonly (readonly [T, number])[];

const COUNTS: Chances<number> = [
  [1, 0.3],
  [2, 0.45],
  [3, 0.15],
  [4, 0.1],
];
const WAYS: Chances<Wishes['way']> = [
  ['best', 0.6],
  ['chosen', 0.4],
];
const ENDS: Chances<Wishes['end']> = [
  ['pay', 0.78],
  ['abandon', 0.12],
  ['cancel', 0.1],
];

function pick<T>(chances: Chances<T>, fraction: number): T {
  let sum = 0;
  for (const [value, share] of chances) {
    sum += share;
    if (fraction < sum) return value;
  }
  return chances.at(-1)![0];
}

/** Uniform fractions in [0, 1) that depend on the words alone. */
function fractions(...words: readonly (string | number)[]): number[] {
  const digest = createHash('sha256').update(words.join('|')).digest();
  return Array.from({ length: 8 }, (_, i) => digest.readUInt32BE(i * 4) / 2 ** 32);
}

/** The wishes of buyer `index` of a run. `run` keeps the uids of two runs apart. */
export function wishesOf(seed: number, index: number, run: string, countMax: number): Wishes {
  const [count, way, end, taste, pace] = fractions(seed, index) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    uid: `rush-${run}-${index}`,
    count: Math.min(pick(COUNTS, count), countMax),
    way: pick(WAYS, way),
    end: pick(ENDS, end),
    taste,
    pace,
  };
}

/**
 * Free seats picked from a snapshot: the first run of `count` free neighbours at or after a place
 * that taste decides, wrapping once; when there is none, whichever free seats come first.
 */
export function pickSeats(states: string, count: number, taste: number): number[] {
  const start = Math.floor(taste * states.length);
  const run = '0'.repeat(count);
  const found = states.indexOf(run, start);
  const at = found === -1 ? states.indexOf(run) : found;
  if (at !== -1) return Array.from({ length: count }, (_, i) => at + i);
  const seats: number[] = [];
  for (let i = 0; i < states.length && seats.length < count; i++) {
    const seat = (start + i) % states.length;
    if (states[seat] === '0') seats.push(seat);
  }
  return seats;
}
