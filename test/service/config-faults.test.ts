/** The config centre, NATS, or a process that hears them: killed, away, back with less. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Centre, refusedWith, startCentre } from './config-center.support.ts';

const reason = 'a test';
const PATIENCE = { timeout: 20_000, interval: 50 };

let centre: Centre;
beforeAll(async () => {
  centre = await startCentre();
});
afterAll(() => centre?.end());

const set = (setting: string, value: number) =>
  centre.ask('config-center.set', { setting, value, reason });

test('killed, the centre leaves everything in force; back, it goes on', async () => {
  const { revision } = await set('sweepBatch', 50);
  await centre.everywhere((report) => report.revision, revision);
  await centre.kill('config-center-1');
  await centre.everywhere(({ values }) => values.sweepBatch, 50);
  centre.startCentre();
  await centre.open();
  const next = await set('sweepBatch', 60);
  expect(next.revision).toBe(revision + 1);
  await centre.everywhere(
    (report) => [report.revision, report.values.sweepBatch],
    [revision + 1, 60],
  );
});

test('a process killed comes back with what was changed meanwhile', async () => {
  await set('dueBatch', 9);
  await centre.everywhere(({ values }) => values.dueBatch, 9);
  await centre.kill('order-1');
  await set('dueRepeatMs', 600);
  centre.startHearer('order-1');
  await centre.everywhere(({ values }) => [values.dueBatch, values.dueRepeatMs], [9, 600]);
});

test('started while NATS is away, a process has what it last knew', async () => {
  const { revision } = await set('sweepLateMs', 900);
  await centre.everywhere((report) => report.revision, revision);
  await centre.nats.stop();
  expect(await refusedWith(set('sweepLateMs', 901))).not.toBe('accepted');
  await centre.kill('order-2');
  centre.startHearer('order-2');
  await centre.everywhere(
    (report) => [report.revision, report.values.sweepLateMs],
    [revision, 900],
  );
  await centre.nats.start();
  await centre.open();
  await set('sweepLateMs', 1_000);
  await centre.everywhere(({ values }) => values.sweepLateMs, 1_000);
});

test('NATS killed: everybody hears the next change again', async () => {
  for (const value of [111, 112]) {
    centre.nats.kill();
    await sleep(100);
    await centre.nats.waitReady();
    await centre.open();
    await expect
      .poll(() => set('orderBatchMax', value).then(({ value: v }) => v, String), PATIENCE)
      .toBe(value);
    await centre.everywhere(({ values }) => values.orderBatchMax, value);
  }
});

test('a bucket that is lost gets back what was last known; low revisions are not old', async () => {
  await set('relayEveryMs', 300);
  await set('orderWaitMs', 700);
  const { revision } = await centre.ask('config-center.unset', { setting: 'orderWaitMs', reason });
  await centre.everywhere((report) => report.revision, revision);
  const { epoch } = await centre.report('order-1');
  const connection = await centre.byHand();
  try {
    const jsm = await connection.jetstreamManager();
    await jsm.streams.delete(`KV_${centre.bucket}`);
  } finally {
    await connection.close();
  }
  await expect
    .poll(async () => {
      const { items } = await centre.ask('config-center.history', { setting: 'relayEveryMs' });
      return items.map(({ author, after }) => [author, after]);
    }, PATIENCE)
    .toEqual([['config-center', 300]]);
  const next = await set('relayEveryMs', 310);
  expect(next.revision).toBeLessThan(revision);
  await centre.everywhere(({ values }) => [values.relayEveryMs, values.orderWaitMs], [310, 2_000]);
  const report = await centre.report('order-1');
  expect(report.epoch).toBeGreaterThan(epoch);
  expect(report.revision).toBe(next.revision);
});
