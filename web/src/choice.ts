/** What a choice of seats does to the seats beside it. Pure. */
import { FREE } from './seats.ts';

/**
 * The seats that a choice leaves alone: beside it, free, with nobody free on either side any more.
 * Seats with consecutive numbers are neighbours.
 */
export function strandedBy(
  chosen: readonly number[],
  markOf: (seat: number) => string,
): readonly number[] {
  const mine = new Set(chosen);
  const stays = (seat: number) => markOf(seat) === FREE && !mine.has(seat);
  const beside = new Set(chosen.flatMap((seat) => [seat - 1, seat + 1]));
  return [...beside].filter((seat) => stays(seat) && !stays(seat - 1) && !stays(seat + 1));
}
