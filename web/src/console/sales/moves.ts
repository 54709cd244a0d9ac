/**
 * What the moves of seats mean for a sale: locked, sold, given back. Pure: marks go in, numbers
 * come out.
 */
import { FREE, LOCKED, SOLD } from '../../seats.ts';
import { BLOCKED } from './marks.ts';

export interface Happened {
  locked: number;
  sold: number;
  /** Not paid in time, cancelled, or freed by hand: the seat is on sale again. */
  freed: number;
}
export const nothing = (): Happened => ({ locked: 0, sold: 0, freed: 0 });

const MEANS: Readonly<Record<string, keyof Happened>> = {
  [FREE]: 'freed',
  [LOCKED]: 'locked',
  [SOLD]: 'sold',
};

/**
 * Adds what happened. A seat whose mark is the same as before has not moved; several moves of one
 * seat within one delta are one. One that is sold without a lock, or free after a sale, was blocked
 * or unblocked: that is no business. (Or it was locked and paid for within one delta, a tenth of a
 * second: then this misses it, and the curve of what was sold does not.)
 */
export function tally(
  into: Happened,
  moves: readonly (readonly [seat: number, mark: string])[],
  markBefore: (seat: number) => string,
): void {
  for (const [seat, mark] of moves) {
    const [means, before] = [MEANS[mark], markBefore(seat)];
    const isBusiness = before === LOCKED || mark === LOCKED;
    if (means && isBusiness && before !== mark) into[means]++;
  }
}

export interface Standing {
  readonly total: number;
  readonly free: number;
  readonly locked: number;
  readonly sold: number;
  /** Kept back by the house. */
  readonly blocked: number;
}
const none = () => ({ total: 0, free: 0, locked: 0, sold: 0, blocked: 0 });
export const NONE: Standing = none();

/** How many seats of each tier are in which state. */
export function standingOf(
  places: Iterable<{ readonly seat: number; readonly tier: string }>,
  markOf: (seat: number) => string,
): Map<string, Standing> {
  const counts = new Map<string, ReturnType<typeof none>>();
  for (const { seat, tier } of places) {
    const of = counts.get(tier) ?? none();
    counts.set(tier, of);
    const mark = markOf(seat);
    of.total++;
    of.free += Number(mark === FREE);
    of.locked += Number(mark === LOCKED);
    of.sold += Number(mark === SOLD);
    of.blocked += Number(mark === BLOCKED);
  }
  return counts;
}
export const sumOf = (standings: Iterable<Standing>): Standing => {
  const sum = none();
  for (const of of standings)
    for (const name of Object.keys(sum) as (keyof Standing)[]) sum[name] += of[name];
  return sum;
};
