/** What is known of the seats at this moment: state, choice and filter, by place. */
import type { Hall } from './hall.ts';
import { LOOK } from './palette.ts';

export interface Seats {
  readonly hall: Hall;
  readonly state: Uint8Array;
  readonly chosen: Set<number>;
  /** The tier that stays bright, or -1 for all. */
  bright: number;
  lookOf(place: number): number;
}

export function seatsOf(hall: Hall): Seats {
  const state = new Uint8Array(hall.count);
  const chosen = new Set<number>();
  return {
    hall,
    state,
    chosen,
    bright: -1,
    lookOf(place) {
      if (chosen.size > 0 && chosen.has(place)) return LOOK.mine;
      const faded = this.bright >= 0 && this.bright !== hall.tier[place] && state[place] === 0;
      return faded ? LOOK.faded : state[place]!;
    },
  };
}

/** The state of the arbiter as a number; a gap has no place and is never asked for. */
export const stateOf = (mark: string | number): number => (mark === '-' ? 0 : Number(mark));
