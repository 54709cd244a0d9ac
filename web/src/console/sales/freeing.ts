/**
 * Locked seats given back by hand, one after the other: each ends its unpaid order, and an order
 * ends as a whole, so seats that went with an earlier one are not asked for again.
 */
import { computed, ref, shallowRef } from 'vue';
import { refusedOf } from '../../api.ts';
import { consoleApi } from '../api.ts';

export interface Freed {
  readonly seat: number;
  readonly orderId?: string;
  /** All seats of the order, this one among them. */
  readonly seats: readonly number[];
  /** Why it stays as it is. */
  readonly refused?: string;
}

export function useFreeing(sessionId: string) {
  const report = shallowRef<readonly Freed[]>([]);
  const total = ref(0);
  const looked = ref(0);
  const running = ref(false);
  let stopped = false;

  async function freeOne(seat: number, reason: string): Promise<Freed> {
    try {
      const { orderId, seats } = await consoleApi.free(sessionId, seat, reason);
      return { seat, orderId, seats };
    } catch (error) {
      return { seat, seats: [], refused: refusedOf(error).message };
    }
  }
  async function start(seats: readonly number[], reason: string): Promise<void> {
    report.value = [];
    total.value = seats.length;
    looked.value = 0;
    running.value = true;
    stopped = false;
    const gone = new Set<number>();
    for (const seat of seats) {
      if (stopped) break;
      if (!gone.has(seat)) {
        const freed = await freeOne(seat, reason);
        for (const one of freed.seats) gone.add(one);
        report.value = [...report.value, freed];
      }
      looked.value++;
    }
    running.value = false;
  }
  return {
    report,
    total,
    looked,
    running,
    freedSeats: computed(() => report.value.reduce((sum, { seats }) => sum + seats.length, 0)),
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
export type Freeing = ReturnType<typeof useFreeing>;
