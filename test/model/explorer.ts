/**
 * Visits every world that can be reached, nearest first, so that the way to a breach is a shortest
 * one.
 */
import { Breach } from './breach.ts';
import { check } from './invariants.ts';
import { keyOf } from './key.ts';
import { type Scene, stepsOf } from './steps.ts';
import { firstWorld, type World } from './world.ts';

export interface Found {
  readonly states: number;
  readonly steps: number;
  /** Worlds in which only buyers and accidents can still act. */
  readonly quiet: number;
  /** The first breach, and the shortest way to it; undefined when everything holds. */
  readonly breach?: { readonly invariant: string; readonly what: string; readonly trace: string };
}

/** @param statesMax beyond it the world is too big to be explored whole: @throws Error */
export function explore(scene: Scene, statesMax = 1_000_000): Found {
  const first = firstWorld(scene.cast);
  const seen = new Set([keyOf(first, scene.lossesMax)]);
  const worlds: (World | undefined)[] = [first];
  const cameFrom: number[] = [-1];
  const cameBy: string[] = [''];
  let steps = 0;
  let quiet = 0;
  const traceTo = (at: number): string => {
    const names: string[] = [];
    for (let i = at; i > 0; i = cameFrom[i]!) names.unshift(cameBy[i]!);
    return names.join(' > ');
  };
  for (let at = 0; at < worlds.length; at++) {
    if (seen.size > statesMax) throw new Error(`more than ${statesMax} worlds`);
    const world = worlds[at]!;
    worlds[at] = undefined; // only its way is needed from here on
    try {
      let resting = true;
      const key = keyOf(world, scene.lossesMax);
      for (const { name, fair, to } of stepsOf(world, scene)) {
        const next = keyOf(to, scene.lossesMax);
        if (next === key) continue;
        steps++;
        if (fair) resting = false;
        if (seen.has(next)) continue;
        seen.add(next);
        worlds.push(to);
        cameFrom.push(at);
        cameBy.push(name);
      }
      if (resting) quiet++;
      check(world, resting, scene);
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      const breach = { invariant: error.invariant, what: error.message, trace: traceTo(at) };
      return { states: seen.size, steps, quiet, breach };
    }
  }
  return { states: seen.size, steps, quiet };
}
