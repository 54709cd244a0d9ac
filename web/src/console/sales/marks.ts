/** The marks of seats in words, and one more than buyers know. */
import type { InspectedSeatState } from '../../../../contracts/seat.ts';
import { FREE, LOCKED, SOLD } from '../../seats.ts';

/** A seat that the house keeps back; to the stream it is a sold one. */
export const BLOCKED = 'b';

const STATES: Readonly<Record<string, InspectedSeatState>> = {
  [FREE]: 'AVAILABLE',
  [LOCKED]: 'LOCKED',
  [SOLD]: 'SOLD',
  [BLOCKED]: 'BLOCKED',
};
export const SEAT_STATES: readonly InspectedSeatState[] = [
  'AVAILABLE',
  'LOCKED',
  'SOLD',
  'BLOCKED',
];
/** A seat nobody has been told of yet is no one's. */
export const stateWord = (mark: string): InspectedSeatState => STATES[mark] ?? 'AVAILABLE';
