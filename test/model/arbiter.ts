/**
 * The arbiter of the small world: what `lua/sale` does to one seat, and who may do it. The moves
 * are a table, so that a mutant replaces one of them; the judge over them is not.
 */
import { Breach } from './breach.ts';
import {
  type Arbiter,
  type Cast,
  NOBODY,
  SEATS_PER_BUYER_MAX,
  withHold,
  withSeat,
} from './world.ts';

/** A move of the seat of a lock. The same arbiter again: nothing was changed. */
export type Move = (arbiter: Arbiter, of: number, cast: Cast) => Arbiter;
export interface Moves {
  readonly lock: Move;
  readonly sell: Move;
  readonly release: Move;
  /** Back to a live order, on a free seat only. */
  readonly relock: Move;
  /** To a paid order: a younger hold gives way. */
  readonly resell: Move;
}

const holds = (arbiter: Arbiter, of: number, cast: Cast) => {
  const seat = arbiter.seats[cast.seatOf[of]!]!;
  return arbiter.holds[of]!.state === 'LOCKED' && seat.owner === of && seat.mark === 1;
};

export const free: Move = (arbiter, of, cast) =>
  withHold(withSeat(arbiter, cast.seatOf[of]!, { mark: 0, owner: NOBODY }), of, 'RELEASED');
export const sold: Move = (arbiter, of, cast) =>
  withHold(withSeat(arbiter, cast.seatOf[of]!, { mark: 2, owner: of }), of, 'SOLD');
export const locked: Move = (arbiter, of, cast) =>
  withHold(withSeat(arbiter, cast.seatOf[of]!, { mark: 1, owner: of }), of, 'LOCKED');

const release: Move = (arbiter, of, cast) =>
  holds(arbiter, of, cast) ? free(arbiter, of, cast) : arbiter;

export const MOVES: Moves = {
  lock: (arbiter, of, cast) => {
    const has = arbiter.holds.filter(
      ({ state }, i) =>
        cast.buyerOf[i] === cast.buyerOf[of] && (state === 'LOCKED' || state === 'SOLD'),
    );
    if (has.length + 1 > SEATS_PER_BUYER_MAX) return arbiter;
    return arbiter.seats[cast.seatOf[of]!]!.mark === 0 ? locked(arbiter, of, cast) : arbiter;
  },
  sell: (arbiter, of, cast) => (holds(arbiter, of, cast) ? sold(arbiter, of, cast) : arbiter),
  release,
  relock: (arbiter, of, cast) =>
    arbiter.seats[cast.seatOf[of]!]!.mark === 0 ? locked(arbiter, of, cast) : arbiter,
  resell: (arbiter, of, cast) => {
    const { owner, mark } = arbiter.seats[cast.seatOf[of]!]!;
    if (owner === of && mark === 2) return arbiter;
    const revoked = owner === NOBODY || owner === of ? arbiter : release(arbiter, owner, cast);
    // sold to somebody else: nothing is changed, and the invariants cry
    return mark === 2 ? arbiter : sold(revoked, of, cast);
  },
};

/** Makes a move, and looks whether it touched what belongs to another lock. */
export function moved(
  moves: Moves,
  how: keyof Moves,
  arbiter: Arbiter,
  of: number,
  cast: Cast,
): Arbiter {
  const after = moves[how](arbiter, of, cast);
  if (after === arbiter) return arbiter;
  const before = arbiter.seats[cast.seatOf[of]!]!;
  const now = after.seats[cast.seatOf[of]!]!;
  const foreign = before.owner !== NOBODY && before.owner !== of;
  if (foreign && (before.mark !== now.mark || before.owner !== now.owner)) {
    if (how === 'relock') throw new Breach('I11', `a repair of ${of} stole a seat`);
    if (how !== 'resell' || before.mark === 2)
      throw new Breach('I10', `${how} of ${of} moved a seat of ${before.owner}`);
  }
  return after;
}
