/** A job's turns: how often, never beside itself, never stopped by a failure. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { JobLoop } from '../../services/scheduler/job.ts';

function logged() {
  const lines: string[] = [];
  const note = (message: string) => lines.push(message);
  return { lines, warn: note, info: note };
}

test('takes turns until it is stopped, never two at once', async () => {
  let [turns, abreast, most] = [0, 0, 0];
  const run = async () => {
    turns++;
    most = Math.max(most, ++abreast);
    await sleep(5);
    abreast--;
  };
  const loop = new JobLoop({ name: 'j', everyMs: () => 2, limitMs: 100, run }, logged());
  loop.start();
  await expect.poll(() => turns).toBeGreaterThan(5);
  await loop.stop();
  const before = turns;
  expect(most).toBe(1);
  await sleep(30);
  expect(turns).toBe(before);
});

test('goes on after a failure, and speaks of an outage once', async () => {
  const log = logged();
  let turns = 0;
  const run = async () => {
    if (++turns < 4) throw new Error('away');
  };
  const loop = new JobLoop({ name: 'j', everyMs: () => 1, limitMs: 100, run }, log);
  loop.start();
  await expect.poll(() => turns).toBeGreaterThan(5);
  await loop.stop();
  expect(log.lines).toEqual(['j failed; it is tried again.', 'j works again.']);
});

test('gives up a turn that never ends, and stops within its limit', async () => {
  const log = logged();
  const run = () => new Promise<void>(() => undefined);
  const loop = new JobLoop({ name: 'j', everyMs: () => 1, limitMs: 30, run }, log);
  loop.start();
  await expect.poll(() => log.lines.length).toBe(1);
  const startedMs = performance.now();
  await loop.stop();
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

test('keeps out of step with its twin', async () => {
  const waits: number[] = [];
  for (const random of [0, 1]) {
    let turns = 0;
    const startedMs = performance.now();
    const run = async () => {
      turns++;
    };
    const loop = new JobLoop(
      { name: 'j', everyMs: () => 250, limitMs: 900, run },
      logged(),
      () => random,
    );
    loop.start();
    await expect.poll(() => turns, { interval: 1 }).toBe(3);
    waits.push(performance.now() - startedMs);
    await loop.stop();
  }
  expect(waits[1]! - waits[0]!).toBeGreaterThan(20);
});
