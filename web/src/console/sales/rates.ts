/**
 * The last minutes of a sale, second by second: what its seats did, from the live stream, and what
 * came to the edge, for whoever may read its numbers. Nothing is made up for the time when the
 * stream was down or the page hidden.
 */
import { onUnmounted, ref, shallowRef } from 'vue';
import { refusedOf } from '../../api.ts';
import { serverNow } from '../../clock.ts';
import type { HallView } from '../../hall.ts';
import { consoleApi } from '../api.ts';
import { between, type Metered, meteredIn, type RefusalRow, refusalRows } from './meter.ts';
import { type Happened, nothing, type Standing, standingOf, tally } from './moves.ts';

const SECOND_MS = 1_000;
const KEPT_SECONDS = 300;
/** Numbers are the mean of this many seconds: calm enough to be read. */
const MEAN_SECONDS = 5;
const METER_MS = 2_000;

interface Second extends Happened {
  readonly at: number;
  came: number;
  refused: number;
}
export type Rate = Exclude<keyof Second, 'at'>;
export const RATES: readonly Rate[] = ['came', 'refused', 'locked', 'sold', 'freed'];

const emptyAt = (at: number): Second => ({ at, ...nothing(), came: 0, refused: 0 });

/** The edge's own numbers, for operators; others are never asked for them. */
function useMeter(isOperator: boolean, spread: (came: number, refused: number) => void) {
  const metered = shallowRef<Metered>();
  const refusals = shallowRef<readonly RefusalRow[]>([]);
  const problem = ref('');
  let readMs = 0;
  async function read(): Promise<void> {
    if (document.visibilityState === 'hidden') return;
    try {
      const next = meteredIn(await consoleApi.metrics());
      if (metered.value) {
        const { came, refused } = between(metered.value, next);
        spread(came, refused);
      }
      const nowMs = performance.now();
      refusals.value = refusalRows(metered.value, next, (nowMs - readMs) / SECOND_MS);
      readMs = nowMs;
      metered.value = next;
      problem.value = '';
    } catch (error) {
      problem.value = refusedOf(error).message;
    }
  }
  if (isOperator) {
    void read();
    const timer = setInterval(() => void read(), METER_MS);
    onUnmounted(() => clearInterval(timer));
  }
  return { metered, refusals, problem };
}

/** @param markOf what a seat is counted as */
export function useRates(hall: HallView, markOf: HallView['markOf'], isOperator: boolean) {
  let seconds: Second[] = [];
  let now = emptyAt(Math.floor(serverNow() / SECOND_MS));
  let before = '';
  const moved = new Map<number, string>();
  const markBefore = (seat: number) => moved.get(seat) ?? before[seat] ?? '-';
  /** Counts the seconds; what is drawn depends on it. */
  const tick = ref(0);
  const standings = shallowRef(new Map<string, Standing>());

  const unhear = hall.onMoves((moves) => {
    if (!moves) {
      before = hall.states();
      moved.clear();
      return;
    }
    tally(now, moves, markBefore);
    for (const [seat, mark] of moves) moved.set(seat, mark);
  });
  const meter = useMeter(isOperator, (came, refused) => {
    const shared = seconds.slice(-METER_MS / SECOND_MS);
    for (const second of shared) {
      second.came += came / shared.length;
      second.refused += refused / shared.length;
    }
  });
  const turn = () => {
    const at = Math.floor(serverNow() / SECOND_MS);
    if (at <= now.at) return;
    seconds.push(now);
    for (let missed = now.at + 1; missed < at && missed > at - KEPT_SECONDS; missed++)
      seconds.push(emptyAt(missed));
    seconds = seconds.slice(-KEPT_SECONDS);
    now = emptyAt(at);
    standings.value = standingOf(hall.places.value.values(), markOf);
    tick.value++;
  };
  const timer = setInterval(turn, SECOND_MS / 2);
  onUnmounted(() => {
    unhear();
    clearInterval(timer);
  });

  /** A second, on the mean of the last few. */
  const rateOf = (rate: Rate): number => {
    const last = tick.value >= 0 ? seconds.slice(-MEAN_SECONDS) : [];
    return last.reduce((sum, second) => sum + second[rate], 0) / MEAN_SECONDS;
  };
  /** For a chart: the moments, then one line for each of these. */
  const linesOf = (rates: readonly Rate[]): number[][] => {
    const kept = tick.value >= 0 ? seconds : [];
    const first = kept[0]?.at ?? now.at;
    const lead = Array.from({ length: KEPT_SECONDS - kept.length }, (_, i) =>
      emptyAt(first - (KEPT_SECONDS - kept.length) + i),
    );
    const all = [...lead, ...kept];
    return [all.map(({ at }) => at), ...rates.map((rate) => all.map((second) => second[rate]))];
  };
  return { ...meter, standings, rateOf, linesOf };
}
export type Rates = ReturnType<typeof useRates>;
