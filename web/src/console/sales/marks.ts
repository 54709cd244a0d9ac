/** The marks of seats in words, and a set of seats counted by them. */
import type { SeatState } from '../../../../contracts/seat.ts';
import { FREE, LOCKED, SOLD } from '../../seats.ts';

const STATES: Readonly<Record<string, SeatState>> = {
  [FREE]: 'AVAILABLE',
  [LOCKED]: 'LOCKED',
  [SOLD]: 'SOLD',
};
export const SEAT_STATES: readonly SeatState[] = Object.values(STATES);
/** A seat nobody has been told of yet is no one's. */
export const stateWord = (mark: string): SeatState => STATES[mark] ?? 'AVAILABLE';
