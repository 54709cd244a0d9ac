/**
 * The scenes: who takes part. The first lock is always the first to be accepted, but after a loss
 * the second may have the seat before the first is repaired.
 */
import { PROTOCOL, type Protocol } from './protocol.ts';
import type { Scene } from './steps.ts';
import type { Cast } from './world.ts';

/** One buyer with all that money can do. */
export const ALONE: Cast = { seatOf: [0], buyerOf: [0], acts: [true] };
/** Two buyers want the only seat; the first, the second, or both of them act. */
export const FIRST_ACTS: Cast = { seatOf: [0, 0], buyerOf: [0, 1], acts: [true, false] };
export const SECOND_ACTS: Cast = { seatOf: [0, 0], buyerOf: [0, 1], acts: [false, true] };
export const BOTH_ACT: Cast = { seatOf: [0, 0], buyerOf: [0, 1], acts: [true, true] };
export const NOBODY_ACTS: Cast = { seatOf: [0, 0], buyerOf: [0, 1], acts: [false, false] };
/** One buyer wants two seats, one more than allowed. */
export const TOO_MANY: Cast = { seatOf: [0, 1], buyerOf: [0, 0], acts: [false, false] };

export const scene = (cast: Cast, lossesMax: number, change: Partial<Protocol> = {}): Scene => ({
  cast,
  lossesMax,
  protocol: { ...PROTOCOL, ...change },
});
