/**
 * A provider that misbehaves on order: its events late, repeated, lost, overtaken, forged; its API
 * refusing or hanging. What was ordered outlives its process.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  door,
  endBoth,
  locked,
  nodes,
  open,
  pathTo,
  startBoth,
  startProvider,
} from './payment.support.ts';

const { rowsOf, soon, stateOf, wordFrom } = await import('./order.support.ts');

beforeAll(startBoth);
afterEach(async () => {
  await nodes.provider.ask('sandbox.heal', {});
});
afterAll(endBoth);

const ordered = (fault: Record<string, unknown>) => nodes.provider.ask('sandbox.fault', fault);
const eventsOf = async (paymentId: string) =>
  (await nodes.provider.ask('sandbox.show', { paymentId })).events as {
    attempts: number;
    deliveredAt: Date | null;
    forgeryAnswer: number | null;
  }[];
const bodiesOf = (paymentId: string) => door.bodies.filter((body) => body.includes(paymentId));
const paying = async (uid: string) => {
  const lock = await locked(uid);
  return { lock, paymentId: (await open(lock)).paymentId };
};

test('tells an event as often as ordered, at once, and it counts once', async () => {
  const { lock, paymentId } = await paying('ann');
  await ordered({ fault: 'repeat', copies: 5 });
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await pathTo(lock.orderId, 'PAID');
  await soon(() => bodiesOf(paymentId).length).toBe(5);
  expect(await rowsOf('payment_events', lock.orderId)).toHaveLength(1);
});

test('keeps an event back for a while, across a restart, as the order for it', async () => {
  const { lock, paymentId } = await paying('bob');
  await ordered({ fault: 'delay', ms: 3_000, paymentId });
  await nodes.provider.broker.stop();
  nodes.provider = await startProvider();
  const { items } = await nodes.provider.ask('sandbox.faults', {});
  expect(items).toMatchObject([{ fault: 'delay', ms: 3_000, paymentId }]);
  const from = Date.now();
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await pathTo(lock.orderId, 'PAID');
  expect(Date.now() - from).toBeGreaterThan(2_900);
});

test('lets success overtake the start, and loses what it is told to lose', async () => {
  const { lock, paymentId } = await paying('cat');
  await ordered({ fault: 'delay', about: 'payment.started', ms: 1_500 });
  await nodes.provider.ask('sandbox.start', { paymentId });
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await pathTo(lock.orderId, 'PAID');
  await soon(() => bodiesOf(paymentId).map((body) => JSON.parse(body).type)).toEqual([
    'payment.succeeded',
    'payment.started',
  ]);
  const lost = await paying('cat');
  await ordered({ fault: 'lose', times: 1 });
  await nodes.provider.ask('sandbox.succeed', { paymentId: lost.paymentId });
  await soon(async () => (await eventsOf(lost.paymentId))[0]?.attempts).toBe(1);
  const other = await paying('cat'); // the one time is over
  await nodes.provider.ask('sandbox.succeed', { paymentId: other.paymentId });
  await pathTo(other.lock.orderId, 'PAID');
  expect(bodiesOf(lost.paymentId)).toEqual([]);
  expect(await stateOf(lost.lock.orderId)).toBe('LOCKED');
});

test.each(['signature', 'key', 'amount', 'stale'])(
  'tells a forgery first when ordered (%s), and nobody believes it',
  async (how) => {
    const { lock, paymentId } = await paying('dan');
    await ordered({ fault: 'forge', how, paymentId });
    await ordered({ fault: 'lose', paymentId }); // the true one does not cover for it
    await nodes.provider.ask('sandbox.succeed', { paymentId });
    await soon(async () => (await eventsOf(paymentId))[0]?.forgeryAnswer).toBe(401);
    expect(await rowsOf('payment_events', lock.orderId)).toEqual([]);
    expect(await stateOf(lock.orderId)).toBe('LOCKED');
  },
);

test('answers a call as ordered: refused, it did nothing; hanging, it did', async () => {
  const { lock, paymentId } = await paying('eve');
  const shown = async () => (await nodes.provider.ask('sandbox.show', { paymentId })).state;
  const close = () => wordFrom(nodes.payments.ask('payment.close', { orderId: lock.orderId }));
  await ordered({ fault: 'refuse', about: 'close', times: 1 });
  expect(await close()).toBe('BUSY');
  expect(await shown()).toBe('OPEN');
  await ordered({ fault: 'hang', about: 'close', ms: 60_000, times: 1 });
  expect(await close()).toBe('BUSY');
  expect(await shown()).toBe('CLOSED');
  expect(await close()).toBe('accepted');
});

test('takes no order that is none, and not too many', async () => {
  for (const wrong of [
    { fault: 'explode' },
    { fault: 'delay', ms: -1 },
    { fault: 'delay', ms: 3_600_001 },
    { fault: 'delay', chance: 2 },
    { fault: 'repeat', copies: 21 },
    { fault: 'refuse', status: 200 },
    { fault: 'delay', until: 'then' },
  ])
    expect(await wordFrom(ordered(wrong)), JSON.stringify(wrong)).toBe('VALIDATION_ERROR');
  expect(await wordFrom(ordered({ fault: 'delay', about: 'close' }))).toBe('VALIDATION_FAILED');
  for (let i = 0; i < 100; i++) await ordered({ fault: 'delay', paymentId: 'p-nobody' });
  expect(await wordFrom(ordered({ fault: 'delay' }))).toBe('LIMIT_REACHED');
  expect(await nodes.provider.ask('sandbox.heal', {})).toEqual({ cleared: 100 });
});
