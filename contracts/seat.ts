/** The seat machine (seed §6.1) and nothing else. Only `lua/sale/*` makes these moves. */
import { machine } from './machine.ts';

export type SeatState = 'AVAILABLE' | 'LOCKED' | 'SOLD';
export type SeatMove = 'lock' | 'sell' | 'release' | 'deadline';
/**
 * What an operator is told of a seat. The house keeps a `BLOCKED` one back: no order has it and no
 * clock ends it, an operator does. To everybody else it is as good as sold, and marked so.
 */
export type InspectedSeatState = SeatState | 'BLOCKED';

/** What the arbiter writes at a seat's offset, and what `/seats` and the live stream say. */
export const SEAT_MARK = { AVAILABLE: '0', LOCKED: '1', SOLD: '2' } as const;
/** An index that is no seat: it keeps two seats that are not neighbours apart. */
export const GAP_MARK = '-';
export type SeatMark = (typeof SEAT_MARK)[SeatState];

export const STATE_OF_MARK: Readonly<Record<SeatMark, SeatState>> = {
  '0': 'AVAILABLE',
  '1': 'LOCKED',
  '2': 'SOLD',
};

export const seatMachine = machine<SeatState, SeatMove>({
  name: 'seat',
  initial: 'AVAILABLE',
  // AVAILABLE waits for nobody: a seat that stays free strands no one.
  states: { AVAILABLE: 'start', LOCKED: 'waiting', SOLD: 'end' },
  clocks: ['deadline'],
  moves: [
    { from: 'AVAILABLE', by: 'lock', to: 'LOCKED' },
    { from: 'LOCKED', by: 'sell', to: 'SOLD' },
    { from: 'LOCKED', by: 'release', to: 'AVAILABLE' },
    { from: 'LOCKED', by: 'deadline', to: 'AVAILABLE' },
  ],
});
