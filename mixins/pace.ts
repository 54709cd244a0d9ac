/**
 * What is done every so often, when "so often" may change meanwhile: a wait that is made shorter
 * ends in time, however long it was to be.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A changed wait is noticed within this. */
const LOOK_MS = 500;

/** Waits as long as `ms` says while it waits, or until it is called off. */
export async function pause(ms: () => number, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  while (!signal.aborted) {
    const leftMs = startedMs + ms() - performance.now();
    if (leftMs <= 0) return;
    await sleep(Math.min(leftMs, LOOK_MS), undefined, { signal }).catch(() => undefined);
  }
}

/** Calls `run` every so often, first after one wait. @returns how to stop it */
export function every(ms: () => number, run: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  void (async () => {
    for (;;) {
      await pause(ms, signal);
      if (signal.aborted) return;
      run();
    }
  })();
  return () => ending.abort();
}
