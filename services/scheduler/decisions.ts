/**
 * What to do when the arbiter and MySQL say different things of an order. A table and nothing else:
 * no clock, no I/O, so that an explorer may drive it through every order of events. What it says is
 * done by scripts that look again at the seats themselves: a decision made from old facts does no
 * harm.
 */
import type { Difference, OrderWord } from '../../contracts/repair.ts';

/** What MySQL says, once and for ever or for now. */
export type Word = OrderWord;

/**
 * What the arbiter has for the order. `PARTIAL`: some seats of it are not marked as its hold says,
 * or are somebody else's. `NONE`: no seat at all, whether or not a hold remembers it.
 */
export type Grip = Difference['arbiter'];

/**
 * - `none`: they agree, or what is missing is on its way and has a clock of its own
 * - `lock`: give the seats back to the order, on free seats only: MySQL was asked a moment ago, and
 *   whoever has a seat since has it by right
 * - `sell`: the seats are the order's for good. PAID is an end, so a younger hold that has one of
 *   them can never become an order (the claim is taken) and gives way
 * - `block`: the house has the seat, if it is free
 * - `release`: the order or the block ended, its seats are free
 * - `alarm`: no rule of ours leads here; nothing is changed and somebody must look
 */
export type Repair = 'none' | 'lock' | 'sell' | 'block' | 'release' | 'alarm';

const LIVE: Readonly<Record<Grip, Repair>> = {
  NONE: 'lock',
  PARTIAL: 'lock',
  LOCKED: 'none',
  SOLD: 'alarm',
};
const ENDED: Readonly<Record<Grip, Repair>> = {
  NONE: 'none',
  PARTIAL: 'release',
  LOCKED: 'release',
  SOLD: 'alarm',
};

const REPAIRS: Readonly<Record<Word, Readonly<Record<Grip, Repair>>>> = {
  // the message is on its way, or the deadline of the hold finds that it never comes
  UNKNOWN: { NONE: 'none', PARTIAL: 'none', LOCKED: 'none', SOLD: 'alarm' },
  INIT: { NONE: 'none', PARTIAL: 'none', LOCKED: 'none', SOLD: 'alarm' },
  LOCKED: LIVE,
  PAYING: LIVE,
  PAID: { NONE: 'sell', PARTIAL: 'sell', LOCKED: 'sell', SOLD: 'none' },
  CANCELLED: ENDED,
  TIMEOUT_CANCELLED: ENDED,
  ABORTED: ENDED,
  // A block has one seat, and its mark is that of a sold one.
  BLOCKED: { NONE: 'block', PARTIAL: 'block', LOCKED: 'block', SOLD: 'none' },
  UNBLOCKED: { NONE: 'none', PARTIAL: 'release', LOCKED: 'release', SOLD: 'release' },
};

/** The one answer to "MySQL says this of the order, the arbiter has that". */
export const decideRepair = (word: Word, grip: Grip): Repair => REPAIRS[word][grip];
