/**
 * The provider is asked when its events do not come: who paid is paid for, who paid too late gets
 * his money back once, and a provider that is away changes nothing.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Locked } from './order.support.ts';
import {
  door,
  endBoth,
  locked,
  nodes,
  open,
  startBoth,
  startPayments,
  startProvider,
} from './payment.support.ts';

const { pathOf, rowsOf, soon, stateOf, statements, wordFrom } = await import('./order.support.ts');

beforeAll(startBoth);
afterEach(async () => {
  await nodes.provider.ask('sandbox.heal', {});
});
afterAll(endBoth);

const poll = (node = nodes.payments) => node.ask('payment.poll', { lateMs: 0, limit: 1_000 });
/** Polls a payment whose deadline is so many seconds ahead, again while a busy machine is slow. */
async function polled(paymentId: string, seconds: number, times = 1): Promise<void> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    await dueIn(paymentId, seconds);
    const answers = await Promise.allSettled(Array.from({ length: times }, () => poll()));
    if (answers.every(({ status }) => status === 'fulfilled')) return;
  }
  throw new Error('the provider was too slow ten times');
}
const lose = () => nodes.provider.ask('sandbox.fault', { fault: 'lose' });
const press = (act: 'start' | 'succeed' | 'fail', paymentId: string) =>
  nodes.provider.ask(`sandbox.${act}`, { paymentId });
const paymentOf = async (paymentId: string) => {
  const sql = 'SELECT * FROM payments WHERE paymentId = :paymentId';
  return (await statements().row<Record<string, unknown>>(sql, { paymentId }))!;
};
/** The payment is asked about now; its deadline is so many seconds ahead. */
const dueIn = (paymentId: string, seconds: number) =>
  statements().change(
    `UPDATE payments SET nextPollAt = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND,
       expiresAt = UTC_TIMESTAMP(3) + INTERVAL :seconds SECOND WHERE paymentId = :paymentId`,
    { paymentId, seconds },
  );
const overdue = ({ orderId }: Locked) =>
  statements().change(
    'UPDATE orders SET deadline = UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE WHERE orderId = :orderId',
    { orderId },
  );
const aheadS = async (paymentId: string): Promise<number | null> => {
  const { nextPollAt } = await paymentOf(paymentId);
  return nextPollAt === null ? null : ((nextPollAt as Date).getTime() - Date.now()) / 1_000;
};
const paying = async (uid: string) => {
  const lock = await locked(uid);
  return { lock, paymentId: (await open(lock)).paymentId };
};
const given = (paymentId: string) =>
  statements().rows('SELECT refundId FROM sandbox_refunds WHERE paymentId = :paymentId', {
    paymentId,
  });

test('asks half a minute before the deadline first, and soon when the buyer began', async () => {
  const { lock, paymentId } = await paying('ann');
  const { expiresAt, nextPollAt } = await paymentOf(paymentId);
  expect((expiresAt as Date).getTime() - (nextPollAt as Date).getTime()).toBe(30_000);
  expect((expiresAt as Date).getTime()).toBe(lock.deadlineMs);
  await press('start', paymentId);
  await soon(async () => (await paymentOf(paymentId)).state).toBe('STARTED');
  expect(await aheadS(paymentId)).toBeLessThan(31);
});

test('pays the order whose event got lost, exactly once, and asks no more', async () => {
  const { lock, paymentId } = await paying('bob');
  await lose();
  await press('succeed', paymentId);
  await polled(paymentId, 20, 3);
  expect(await stateOf(lock.orderId)).toBe('PAID');
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED PAYING PAID');
  expect(await paymentOf(paymentId)).toMatchObject({ state: 'SUCCEEDED', nextPollAt: null });
  await nodes.provider.ask('sandbox.heal', {});
  const before = door.bodies.length;
  await press('succeed', paymentId); // the event comes after all
  await soon(async () => door.bodies.length).toBe(before + 1);
  await soon(() => rowsOf('payment_events', lock.orderId)).toHaveLength(2);
  expect(await rowsOf('refunds', lock.orderId)).toEqual([]);
  expect(await stateOf(lock.orderId)).toBe('PAID');
});

test('follows a start and a failure that nobody told of', async () => {
  const { lock, paymentId } = await paying('cat');
  await lose();
  await press('start', paymentId);
  await polled(paymentId, 20);
  expect(await stateOf(lock.orderId)).toBe('PAYING');
  await press('fail', paymentId);
  await polled(paymentId, 20);
  expect((await paymentOf(paymentId)).state).toBe('FAILED');
  expect(await stateOf(lock.orderId)).toBe('PAYING');
});

test('gives back, once, what was paid when the order was over and the close got lost', async () => {
  const { lock, paymentId } = await paying('dan');
  await nodes.provider.ask('sandbox.fault', { fault: 'refuse', about: 'close', times: 1 });
  await lose();
  await overdue(lock);
  await nodes.payments.ask('order.overdue', { lateMs: 0, limit: 100 });
  expect(await stateOf(lock.orderId)).toBe('TIMEOUT_CANCELLED');
  expect((await paymentOf(paymentId)).state).toBe('OPEN');
  await press('succeed', paymentId);
  await polled(paymentId, -1, 2);
  await soon(async () => (await rowsOf('refunds', lock.orderId))[0]?.state).toBe('REFUNDED');
  expect(await rowsOf('refunds', lock.orderId)).toHaveLength(1);
  expect(await given(paymentId)).toHaveLength(1);
});

test('closes, after the grace, what is still open; finds money in what was closed', async () => {
  const { lock, paymentId } = await paying('eve');
  await polled(paymentId, 20); // a buyer may still be paying
  expect((await paymentOf(paymentId)).state).toBe('OPEN');
  expect(await aheadS(paymentId)).toBeGreaterThan(5); // at the deadline
  await polled(paymentId, -60);
  expect((await paymentOf(paymentId)).state).toBe('CLOSED');
  expect((await nodes.provider.ask('sandbox.show', { paymentId })).state).toBe('CLOSED');
  await nodes.payments.ask('order.cancel', { orderId: lock.orderId }, 'eve');
  await lose();
  await press('succeed', paymentId); // the provider that lost the close
  await polled(paymentId, -300);
  expect(await rowsOf('refunds', lock.orderId)).toHaveLength(1);
});

test('settles the amount the provider has, whatever ours is', async () => {
  const { lock, paymentId } = await paying('fay');
  await statements().change(
    'UPDATE sandbox_payments SET amountFen = 9999 WHERE paymentId = :paymentId',
    { paymentId },
  );
  await lose();
  await press('succeed', paymentId);
  await polled(paymentId, 20);
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  const [refund] = await rowsOf('refunds', lock.orderId);
  expect(refund).toMatchObject({ amountFen: 9_999, reason: 'mismatch' });
});

test('gives up what the provider never heard of, but only after the deadline', async () => {
  const lock = await locked('gil');
  await nodes.provider.ask('sandbox.fault', { fault: 'refuse', about: 'create' });
  expect(await wordFrom(open(lock))).toBe('BUSY');
  const [row] = await rowsOf('payments', lock.orderId);
  const paymentId = row!.paymentId as string;
  await polled(paymentId, 20);
  expect((await paymentOf(paymentId)).state).toBe('OPEN');
  await polled(paymentId, -1);
  expect((await paymentOf(paymentId)).state).toBe('CLOSED');
});

test('changes nothing while the provider is away, and asks again when it is back', async () => {
  const { lock, paymentId } = await paying('hal');
  await lose();
  await press('succeed', paymentId);
  await dueIn(paymentId, 20);
  await nodes.provider.broker.stop();
  expect(await wordFrom(poll())).toBe('BUSY');
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  const leased = await aheadS(paymentId);
  expect(leased).toBeLessThan(16);
  expect(leased).toBeGreaterThan(0);
  nodes.provider = await startProvider();
  const second = await startPayments();
  await soon(async () => {
    await dueIn(paymentId, 20);
    await Promise.allSettled([poll(), poll(second)]);
    return stateOf(lock.orderId);
  }).toBe('PAID');
  await second.stop();
});

test('asks a provider that answers nobody about few, not about all', async () => {
  const lock = await locked('ida');
  const ids: string[] = [];
  for (let i = 0; i < 10; i++) ids.push((await open(lock, `k${i}`)).paymentId);
  expect(await wordFrom(open(lock, 'k10'))).toBe('ORDER_NOT_PAYABLE'); // enough is enough
  expect(await wordFrom(open(lock, 'k3'))).toBe('accepted');
  for (const paymentId of ids) await dueIn(paymentId, 20);
  await nodes.provider.ask('sandbox.fault', { fault: 'refuse', about: 'query', times: 100 });
  expect(await wordFrom(poll())).toBe('BUSY');
  const { items } = await nodes.provider.ask('sandbox.faults', {});
  expect(items[0]).toMatchObject({ timesLeft: 92 });
});

test('at a deadline, money the provider has pays at once, without its event', async () => {
  const { lock, paymentId } = await paying('jon');
  await lose();
  await press('succeed', paymentId);
  await overdue(lock);
  await nodes.payments.ask('order.overdue', { lateMs: 0, limit: 100 });
  expect(await stateOf(lock.orderId)).toBe('PAID');
});
