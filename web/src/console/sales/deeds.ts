/**
 * What an operator does to seats by hand, to one or to many one after the other. Which deed there
 * is for a seat follows from its state. A seat that is given back ends its unpaid order, and an
 * order ends as a whole, so seats that went with an earlier one are not asked for again.
 */
import { computed, ref, shallowRef } from 'vue';
import type { InspectedSeatState } from '../../../../contracts/seat.ts';
import { refusedOf } from '../../api.ts';
import { consoleApi } from '../api.ts';

export type Deed = 'free' | 'block' | 'unblock';

/** Nothing is done to a seat that is sold. */
export const DEED_OF: Readonly<Record<InspectedSeatState, Deed | undefined>> = {
  AVAILABLE: 'block',
  LOCKED: 'free',
  SOLD: undefined,
  BLOCKED: 'unblock',
};

interface Outcome {
  /** The order that was ended. */
  readonly orderId?: string;
  /** All the seats it was done to, the asked one among them. */
  readonly seats: readonly number[];
}
type Act = (sessionId: string, seat: number, reason: string) => Promise<Outcome>;

export const ACTS: Readonly<Record<Deed, Act>> = {
  free: consoleApi.free,
  block: async (...asked) => ({ seats: [(await consoleApi.block(...asked)).seat] }),
  unblock: async (...asked) => ({ seats: [(await consoleApi.unblock(...asked)).seat] }),
};

export interface Done extends Outcome {
  readonly seat: number;
  /** Why it stays as it is. */
  readonly refused?: string;
}

export function useDeeds(sessionId: string) {
  const deed = ref<Deed>('free');
  const report = shallowRef<readonly Done[]>([]);
  const total = ref(0);
  const looked = ref(0);
  const running = ref(false);
  let stopped = false;

  async function doOne(seat: number, reason: string): Promise<Done> {
    try {
      return { seat, ...(await ACTS[deed.value](sessionId, seat, reason)) };
    } catch (error) {
      return { seat, seats: [], refused: refusedOf(error).message };
    }
  }
  async function start(what: Deed, seats: readonly number[], reason: string): Promise<void> {
    deed.value = what;
    report.value = [];
    total.value = seats.length;
    looked.value = 0;
    running.value = true;
    stopped = false;
    const gone = new Set<number>();
    for (const seat of seats) {
      if (stopped) break;
      if (!gone.has(seat)) {
        const done = await doOne(seat, reason);
        for (const one of done.seats) gone.add(one);
        report.value = [...report.value, done];
      }
      looked.value++;
    }
    running.value = false;
  }
  return {
    deed,
    report,
    total,
    looked,
    running,
    doneSeats: computed(() => report.value.reduce((sum, { seats }) => sum + seats.length, 0)),
    refusedSeats: computed(() => report.value.filter(({ refused }) => refused).length),
    start,
    stop: () => {
      stopped = true;
    },
    forget: () => {
      total.value = 0;
      report.value = [];
    },
  };
}
export type Deeds = ReturnType<typeof useDeeds>;
