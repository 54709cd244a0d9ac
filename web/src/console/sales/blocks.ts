/**
 * Which seats of a hall the house keeps back. To the live stream such a seat is a sold one, so what
 * is blocked is asked for, at once and every few seconds while it is seen; and whoever blocks or
 * unblocks one here says so.
 */
import { onUnmounted, shallowRef, watch } from 'vue';
import type { HallView } from '../../hall.ts';
import { SOLD } from '../../seats.ts';
import { consoleApi } from '../api.ts';
import { useAsking } from '../asking.ts';
import type { Deed } from './deeds.ts';
import { BLOCKED } from './marks.ts';

const AGAIN_MS = 10_000;
/** 10,000 seats: who blocks more of a hall has another plan for it. */
const PAGES_MAX = 100;

async function allBlocks(sessionId: string): Promise<ReadonlySet<number>> {
  const seats = new Set<number>();
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { items, nextCursor } = await consoleApi.blocks(sessionId, cursor);
    for (const { seat } of items) seats.add(seat);
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  return seats;
}

export function useBlocks(sessionId: string, hall: HallView) {
  const { answer, problem, ask } = useAsking(() => allBlocks(sessionId));
  const known = shallowRef<ReadonlySet<number>>(new Set());
  watch(answer, (seats) => {
    known.value = seats ?? known.value;
  });
  const timer = setInterval(() => document.visibilityState === 'visible' && void ask(), AGAIN_MS);
  onUnmounted(() => clearInterval(timer));
  /** The mark of a seat, and one of its own for a blocked one. */
  const markOf = (seat: number): string => {
    const mark = hall.markOf(seat);
    return mark === SOLD && known.value.has(seat) ? BLOCKED : mark;
  };
  /** A seat that is on its way to be free again stays as it is until the stream says so. */
  const did = (deed: Deed, seats: readonly number[]): void => {
    if (deed === 'block') known.value = new Set([...known.value, ...seats]);
  };
  return { markOf, did, problem };
}
