/**
 * Money that goes back: once, whoever dies between the provider's books and ours, however often it
 * is asked for; and what the provider refuses for good is seen, not repeated for ever.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  endBoth,
  locked,
  nodes,
  open,
  startBoth,
  startPayments,
  startProvider,
} from './payment.support.ts';

const { env, posted, rowsOf, soon, statements } = await import('./order.support.ts');

let child: ChildProcess | undefined;
beforeAll(startBoth);
afterEach(async () => {
  child?.kill('SIGKILL');
  await nodes.provider.ask('sandbox.heal', {});
});
afterAll(endBoth);

const ordered = (fault: Record<string, unknown>) => nodes.provider.ask('sandbox.fault', fault);
/** Somebody cancelled and then paid: the money has to go back. */
async function paidTooLate(uid: string) {
  const lock = await locked(uid);
  const { paymentId } = await open(lock);
  await nodes.payments.ask('order.cancel', { orderId: lock.orderId }, uid);
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await soon(() => rowsOf('refunds', lock.orderId)).toHaveLength(1);
  return { lock, paymentId };
}
const refundOf = async (orderId: string) => (await rowsOf('refunds', orderId))[0]!;
const given = (paymentId: string) =>
  statements().rows('SELECT refundId FROM sandbox_refunds WHERE paymentId = :paymentId', {
    paymentId,
  });
const again = () => nodes.payments.ask('order.refundAgain', { lateMs: 0, limit: 100 });

test('gives money back once when who gave it is killed before it is written down', async () => {
  const lock = await locked('ann');
  const { paymentId } = await open(lock);
  await ordered({ fault: 'refuse', about: 'refund' });
  await nodes.payments.ask('order.cancel', { orderId: lock.orderId }, 'ann');
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await soon(() => posted('refund.requested', lock.orderId)).toHaveLength(1);
  await nodes.payments.broker.stop(); // the message stays pending, for the one to be killed
  child = spawn(process.execPath, [join(import.meta.dirname, 'payment.child.ts')], {
    env: { ...process.env, ...env, PUBLIC_URL: process.env.PUBLIC_URL!, INSTANCE: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  await nodes.provider.ask('sandbox.heal', {});
  await ordered({ fault: 'hang', about: 'refund', ms: 60_000 });
  await soon(() => given(paymentId), { interval: 20, timeout: 20_000 }).toHaveLength(1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await refundOf(lock.orderId)).toMatchObject({ state: 'REQUESTED' });
  await nodes.provider.ask('sandbox.heal', {});
  nodes.payments = await startPayments();
  await soon(async () => (await refundOf(lock.orderId)).state, { timeout: 20_000 }).toBe(
    'REFUNDED',
  );
  expect(await given(paymentId)).toHaveLength(1);
});

test('asks again for a refund whose message got lost, less and less often', async () => {
  await ordered({ fault: 'refuse', about: 'refund' });
  const { lock, paymentId } = await paidTooLate('bob');
  await soon(() => posted('refund.requested', lock.orderId)).toHaveLength(1);
  expect(await again()).toEqual({ done: 1 });
  await soon(() => posted('refund.requested', lock.orderId)).toHaveLength(2);
  expect(await again()).toEqual({ done: 0 });
  const { nextAskAt } = await refundOf(lock.orderId);
  expect((nextAskAt as Date).getTime() - Date.now()).toBeGreaterThan(40_000);
  const before = new Date((nextAskAt as Date).getTime());
  await statements().change(
    'UPDATE refunds SET nextAskAt = UTC_TIMESTAMP(3) WHERE orderId = :orderId',
    { orderId: lock.orderId },
  );
  await Promise.all([again(), again()]);
  const later = (await refundOf(lock.orderId)).nextAskAt as Date;
  expect(later.getTime() - before.getTime()).toBeGreaterThan(50_000);
  await nodes.provider.ask('sandbox.heal', {});
  await soon(async () => (await refundOf(lock.orderId)).state).toBe('REFUNDED');
  expect(await given(paymentId)).toHaveLength(1);
  expect(await again()).toEqual({ done: 0 });
});

test('shows what the provider refuses for good, once among the dead; asks no more', async () => {
  await ordered({ fault: 'refuse', about: 'refund', status: 409 });
  const { lock, paymentId } = await paidTooLate('cat');
  await soon(async () => (await refundOf(lock.orderId)).state).toBe('REFUSED');
  const { refund } = await nodes.payments.ask('order.get', { orderId: lock.orderId }, 'cat');
  expect(refund).toMatchObject({ state: 'REFUSED', refusal: expect.stringContaining('409') });
  const dead = () =>
    statements().rows('SELECT id FROM dead_letters WHERE fields LIKE :some', {
      some: `%${refund!.refundId}%`,
    });
  await soon(dead).toHaveLength(1);
  expect(await again()).toEqual({ done: 0 });
  await nodes.provider.ask('sandbox.heal', {}); // cleared up with the provider
  const { refundId } = refund!;
  const { sale, orderId } = lock;
  const { post } = await import('./order.support.ts');
  await post('refund.requested', { sale, orderId, refundId, paymentId, amountFen: 10_000 });
  await soon(async () => (await refundOf(orderId)).state).toBe('REFUNDED');
  expect(await dead()).toHaveLength(1);
  expect((await refundOf(orderId)).refusal).toBeNull();
});

test('waits for a provider that was stopped in between, and gives once', async () => {
  await ordered({ fault: 'hang', about: 'refund', ms: 60_000, times: 1 });
  const { lock, paymentId } = await paidTooLate('dan');
  await soon(() => given(paymentId)).toHaveLength(1);
  await nodes.provider.broker.stop();
  nodes.provider = await startProvider();
  await soon(async () => (await refundOf(lock.orderId)).state).toBe('REFUNDED');
  expect(await given(paymentId)).toHaveLength(1);
});
