/**
 * The server's clock, as near as five questions can tell it: the answer with the shortest round
 * trip is the best. Driven by a clock that nobody sets, so a wrong watch misleads no countdown.
 */
import { onUnmounted, type Ref, ref } from 'vue';
import { api } from './api.ts';

const SAMPLES = 5;
/** What to add to `performance.now()`; the watch of the machine until the server was asked. */
let offsetMs = Date.now() - performance.now();
let asking: Promise<void> | undefined;

export const serverNow = (): number => performance.now() + offsetMs;

/** A stream says the time, too: it can only be late, so an earlier truth is kept. */
export function heardTime(epochMs: number): void {
  offsetMs = Math.max(offsetMs, epochMs - performance.now());
}

async function ask(): Promise<void> {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    const sentMs = performance.now();
    const { epochMs } = await api.time();
    const tripMs = performance.now() - sentMs;
    if (tripMs >= shortestMs) continue;
    shortestMs = tripMs;
    offsetMs = epochMs + tripMs / 2 - performance.now();
  }
}

/** Asks the server; with nobody there, the clock stays as it is. */
export function syncClock(): Promise<void> {
  asking ??= ask()
    .catch((error: unknown) => console.warn('the clock was not asked', error))
    .finally(() => {
      asking = undefined;
    });
  return asking;
}
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void syncClock();
});

/** The server's time, ticking while a component shows it. */
export function useNow(everyMs = 250): Ref<number> {
  const now = ref(serverNow());
  const timer = setInterval(() => {
    now.value = serverNow();
  }, everyMs);
  onUnmounted(() => clearInterval(timer));
  return now;
}
