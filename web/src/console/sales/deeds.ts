/**
 * What an operator does to seats by hand, to one or to many, a few at a time. Which deed there is
 * for a seat follows from its state. A seat that is given back ends its unpaid order, and an order
 * ends as a whole: so these go one after the other, and what went with an earlier one is left out.
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

/** How many are asked for at once. */
const ABREAST: Readonly<Record<Deed, number>> = { free: 1, block: 4, unblock: 4 };

export interface Done extends Outcome {
  readonly seat: number;
  /** Why it stays as it is. */
  readonly refused?: string;
}

/** @param tell is told of each deed when it is done */
export function useDeeds(sessionId: string, tell: (deed: Deed, seats: readonly number[]) => void) {
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
    const rest = seats.values();
    const work = async () => {
      for (const seat of rest) {
        if (stopped) return;
        if (!gone.has(seat)) {
          const done = await doOne(seat, reason);
          for (const one of done.seats) gone.add(one);
          tell(what, done.seats);
          report.value = [...report.value, done];
        }
        looked.value++;
      }
    };
    await Promise.all(Array.from({ length: ABREAST[what] }, work));
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
