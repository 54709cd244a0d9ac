/** What is done every so often, when "so often" changes meanwhile. */
import { expect, it } from 'vitest';
import { every, pause } from '../../mixins/pace.ts';

const HOUR = 3_600_000;

it('a wait of an hour that becomes one of a moment ends', async () => {
  let ms = HOUR;
  let over = false;
  const waited = pause(() => ms, new AbortController().signal).then(() => {
    over = true;
  });
  await pause(() => 20, new AbortController().signal);
  expect(over).toBe(false);
  ms = 1;
  await waited;
});

it('a wait is over when it is called off', async () => {
  const ending = new AbortController();
  const waited = pause(() => HOUR, ending.signal);
  ending.abort();
  await waited;
});

it('what is done again and again follows its pace, until it is stopped', async () => {
  let [ms, times] = [HOUR, 0];
  const stop = every(
    () => ms,
    () => times++,
  );
  ms = 1;
  await expect.poll(() => times, { timeout: 10_000 }).toBeGreaterThan(3);
  stop();
  const before = times;
  await pause(() => 30, new AbortController().signal);
  expect(times).toBe(before);
});
