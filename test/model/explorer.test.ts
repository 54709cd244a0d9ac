/**
 * The production decisions, driven through every order of events in a small world, and every way we
 * know to break them. A breach prints the shortest way to it; EXPLORE=deep looks further.
 */
import { describe, expect, it } from 'vitest';
import { explore, type Found } from './explorer.ts';
import { MUTANTS } from './mutants.ts';
import {
  ALONE,
  BOTH_ACT,
  FIRST_ACTS,
  NOBODY_ACTS,
  SECOND_ACTS,
  scene,
  TOO_MANY,
} from './scenes.ts';
import type { Cast } from './world.ts';

const MINUTE = 60_000;
const DEEP = process.env.EXPLORE === 'deep';
const STATES_MAX = DEEP ? 5_000_000 : 1_000_000;

let visited = 0;
const look = (...args: Parameters<typeof scene>): Found => {
  const found = explore(scene(...args), STATES_MAX);
  visited += found.states;
  return found;
};

const WHOLE: readonly [what: string, cast: Cast, losses: number][] = [
  ['one buyer with all that money can do', ALONE, 1],
  ['two buyers of one seat who let their locks die', NOBODY_ACTS, 2],
  ['two buyers of one seat, and the first acts', FIRST_ACTS, 1],
  ['two buyers of one seat, and the second acts', SECOND_ACTS, 1],
  ['one buyer of one seat too many', TOO_MANY, 1],
  ['two buyers of one seat, and both act', BOTH_ACT, 0],
];
const DEEPER: typeof WHOLE = [
  ['one buyer, deeper', ALONE, 2],
  ['the first acts, deeper', FIRST_ACTS, 2],
];

describe('every order of events', () => {
  it.each(DEEP ? [...WHOLE, ...DEEPER] : WHOLE)(
    'of %s ends as it must',
    (what, cast, losses) => {
      const { breach, states, quiet } = look(cast, losses);
      expect(breach).toBeUndefined();
      expect(quiet).toBeGreaterThan(1);
      console.info(`${states} worlds, ${quiet} of them at rest: ${what}`);
    },
    (DEEP ? 60 : 2) * MINUTE,
  );

  it('holds without the message in the lock, because orphans are looked for', () => {
    expect(look(FIRST_ACTS, 0, { lockTells: false }).breach).toBeUndefined();
    expect(look(NOBODY_ACTS, 1, { lockTells: false }).breach).toBeUndefined();
  });
  it('holds with any one of the slow roads closed', () => {
    expect(look(FIRST_ACTS, 0, { reconcile: false }).breach).toBeUndefined();
    expect(look(NOBODY_ACTS, 1, { reconcile: false }).breach).toBeUndefined();
    expect(look(ALONE, 1, { sweep: false }).breach).toBeUndefined();
    expect(look(ALONE, 1, { deadlines: false }).breach).toBeUndefined();
  });
});

describe('a protocol with one thing taken away', () => {
  let caught = 0;
  it.each(MUTANTS)('is caught: $name', (mutant) => {
    const { cast, lossesMax, change, without, caughtBy } = mutant;
    const { breach } = look(cast, lossesMax, { ...without, ...change });
    expect(breach?.invariant, breach?.what).toBe(caughtBy);
    if (without) expect(look(cast, lossesMax, without).breach).toBeUndefined();
    caught++;
    console.info(`${breach?.what}\n  ${breach?.trace}`);
  });
  it('is caught every time', () => {
    console.info(`mutation score ${caught}/${MUTANTS.length}, ${visited} worlds visited`);
    expect(caught).toBe(MUTANTS.length);
  });
});
