/** What payment events do to an order, in every order, twice, forged in amount, and too late. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  database,
  eventOf,
  heldBy,
  type Locked,
  leave,
  lockOf,
  type Node,
  pathOf,
  post,
  posted,
  rowsOf,
  soon,
  sqlTime,
  startNode,
  statements,
  stateOf,
  wordFrom,
} from './order.support.ts';

const { createOrders } = await import('../../services/order/creation.ts');
const { moveOrder } = await import('../../services/order/moves.ts');
const { lockOrder, readOrder } = await import('../../services/order/order.model.ts');
const { inTransaction } = await import('../../mixins/database.ts');
const { handleDue } = await import('../../services/order/timeout.ts');
let node: Node;
beforeAll(async () => {
  node = await startNode();
});
afterAll(() => leave(node));

async function locked(uid: string, seats: number[], changes: Partial<Locked> = {}) {
  const lock = lockOf(uid, seats, changes);
  await createOrders([lock]);
  return lock;
}
const nobody = { closePayment: async () => 'none' as const, holder: async () => undefined };
const due = ({ sale, orderId, deadlineMs }: Locked) =>
  handleDue({ sale, orderId, deadlineMs }, '', 1_000, nobody);
const overdue = (lock: Locked) =>
  statements().change(
    'UPDATE orders SET deadline = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE orderId = :orderId',
    { orderId: lock.orderId },
  );

test('walks LOCKED, PAYING, PAID as the provider tells it, and sells the seats', async () => {
  const lock = await locked('ann', [1, 2]);
  expect(await node.ask('order.settle', eventOf(lock, 'payment.started'))).toEqual({
    effect: 'moved',
    state: 'PAYING',
  });
  expect(await node.ask('order.settle', eventOf(lock))).toEqual({ effect: 'moved', state: 'PAID' });
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED PAYING PAID');
  const paid = { sale: lock.sale, orderId: lock.orderId, uid: 'ann', seats: [1, 2] };
  await soon(() => posted('order.paid', lock.orderId)).toEqual([paid]);
  expect(await heldBy(lock.sale, 'ann')).toBe(2);
  expect(await rowsOf('seat_claims', lock.orderId)).toHaveLength(2);
});

test('records both steps of a success without a start; a later start does nothing', async () => {
  const lock = await locked('bob', [1]);
  await node.ask('order.settle', eventOf(lock));
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED PAYING PAID');
  const late = await node.ask('order.settle', eventOf(lock, 'payment.started'));
  expect(late).toEqual({ effect: 'none', state: 'PAID' });
});

test('settles an event once, however often and however much at once it comes', async () => {
  const lock = await locked('cat', [1]);
  const event = eventOf(lock);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => node.ask('order.settle', event)),
  );
  expect(answers.filter(({ effect }) => effect === 'moved')).toHaveLength(1);
  const again = await node.ask('order.settle', eventOf(lock)); // another event, same payment
  expect(again.effect).toBe('none');
  expect(await rowsOf('refunds', lock.orderId)).toEqual([]);
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED PAYING PAID');
});

test('takes an event by its id: the same id with other words does nothing', async () => {
  const lock = await locked('cat', [2]);
  const event = eventOf(lock);
  await node.ask('order.settle', event);
  const answer = await node.ask('order.settle', { ...event, paymentId: 'p-other' });
  expect(answer.effect).toBe('none');
  expect(await rowsOf('refunds', lock.orderId)).toEqual([]);
});

test('keeps the order waiting when a payment failed', async () => {
  const lock = await locked('dan', [1]);
  await node.ask('order.settle', eventOf(lock, 'payment.started'));
  expect((await node.ask('order.settle', eventOf(lock, 'payment.failed'))).effect).toBe('none');
  expect(await stateOf(lock.orderId)).toBe('PAYING');
  await node.ask('order.settle', eventOf(lock, 'payment.succeeded', { paymentId: 'p-2' }));
  expect(await stateOf(lock.orderId)).toBe('PAID');
});

const refundOf = async (orderId: string) =>
  (await rowsOf('refunds', orderId)).map(({ amountFen, reason, state }) => [
    amountFen,
    reason,
    state,
  ]);

test('gives a wrong amount back, once, and lets the order wait for the right one', async () => {
  const lock = await locked('eve', [1]);
  const wrong = { amountFen: 9_999, paymentId: 'p-wrong' };
  const answers = [];
  for (let i = 0; i < 3; i++)
    answers.push(await node.ask('order.settle', eventOf(lock, 'payment.succeeded', wrong)));
  expect(answers.map(({ effect }) => effect)).toEqual(['refunded', 'none', 'none']);
  expect(await refundOf(lock.orderId)).toEqual([[9_999, 'mismatch', 'REQUESTED']]);
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  await soon(() => posted('refund.requested', lock.orderId)).toHaveLength(1);
  const { refund } = await node.ask('order.get', { orderId: lock.orderId }, 'eve');
  expect(refund).toMatchObject({ amountFen: 9_999, state: 'REQUESTED' });
  const { refundId } = refund!;
  expect(await node.ask('order.refunded', { refundId })).toEqual({ changed: true });
  expect(await node.ask('order.refunded', { refundId })).toEqual({ changed: false });
  expect(await refundOf(lock.orderId)).toEqual([[9_999, 'mismatch', 'REFUNDED']]);
});

test('gives money for another order back, and pays neither', async () => {
  const mine = await locked('fay', [1]);
  const other = await locked('fay', [1]);
  const event = { ...eventOf(other, 'payment.succeeded', { paymentId: 'p-f' }) };
  const answer = await node.ask('order.settle', { ...event, openedFor: mine.orderId });
  expect(answer).toEqual({ effect: 'refunded', state: 'LOCKED' });
});

test('gives the second payment of an order back, never the one that paid it', async () => {
  const lock = await locked('gil', [1]);
  await node.ask('order.settle', eventOf(lock, 'payment.succeeded', { paymentId: 'p-a' }));
  await node.ask('order.settle', eventOf(lock, 'payment.succeeded', { paymentId: 'p-b' }));
  const elsewhere = await locked('gil', [2]);
  const stray = eventOf(elsewhere, 'payment.succeeded', { paymentId: 'p-a' });
  expect((await node.ask('order.settle', stray)).effect).toBe('none');
  expect(await refundOf(lock.orderId)).toEqual([[10_000, 'duplicate', 'REQUESTED']]);
  expect(await refundOf(elsewhere.orderId)).toEqual([]);
  expect(await stateOf(elsewhere.orderId)).toBe('LOCKED');
});

test('gives money back, once, that came after the deadline; the seat stays untouched', async () => {
  const lock = await locked('hal', [1]);
  await overdue(lock);
  expect(await due(lock)).toEqual({ became: 'cancelled' });
  const successor = await locked('ida', [1], { sale: lock.sale });
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      node.ask('order.settle', eventOf(lock, 'payment.succeeded', { paymentId: 'p-late' })),
    ),
  );
  expect(answers.filter(({ effect }) => effect === 'refunded')).toHaveLength(1);
  expect(await refundOf(lock.orderId)).toEqual([[10_000, 'late', 'REQUESTED']]);
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED TIMEOUT_CANCELLED');
  const claims = await rowsOf('seat_claims', successor.orderId);
  expect(claims).toHaveLength(1);
  expect(await posted('order.paid', lock.orderId)).toEqual([]);
});

test('gives money back for an order nobody knows', async () => {
  const lock = lockOf('jon', [1]);
  const event = eventOf(lock, 'payment.succeeded', { paymentId: 'p-none' });
  expect((await node.ask('order.settle', event)).effect).toBe('refunded');
  expect(await refundOf(lock.orderId)).toEqual([[10_000, 'unknown', 'REQUESTED']]);
});

test('takes money for an order that is past its deadline but still alive', async () => {
  const lock = await locked('kim', [1]);
  await overdue(lock);
  await node.ask('order.settle', eventOf(lock));
  expect(await stateOf(lock.orderId)).toBe('PAID');
  expect(await due(lock)).toEqual({ became: 'repeated' });
  expect(await stateOf(lock.orderId)).toBe('PAID');
});

test('either pays or times out when both come at once, in each of 50 pairs', async () => {
  const sale = lockOf('x', [0]).sale;
  const locks = Array.from({ length: 50 }, (_, i) => lockOf(`p${i}`, [i], { sale }));
  await createOrders(locks);
  await Promise.all(locks.map(overdue));
  const effects = await Promise.all(
    locks.map((lock, i) => {
      const settling = () =>
        node.ask('order.settle', eventOf(lock, 'payment.succeeded', { paymentId: `pp-${i}` }));
      return i % 2 === 0
        ? Promise.all([settling(), due(lock)])
        : Promise.all([due(lock), settling()]).then(([a, b]) => [b, a] as const);
    }),
  );
  for (const [i, lock] of locks.entries()) {
    const [settled, timedOut] = effects[i]!;
    const state = await stateOf(lock.orderId);
    const refunds = await rowsOf('refunds', lock.orderId);
    const claims = await rowsOf('seat_claims', lock.orderId);
    const paid = state === 'PAID';
    expect([state, settled.effect, refunds.length, claims.length]).toEqual(
      paid ? ['PAID', 'moved', 0, 1] : ['TIMEOUT_CANCELLED', 'refunded', 1, 0],
    );
    expect(timedOut.became).toBe(paid ? 'repeated' : 'cancelled');
    expect(await heldBy(sale, lock.uid)).toBe(paid ? 1 : 0);
  }
});

test('moves no order that is not in the state it is moved from', async () => {
  const lock = await locked('max', [1]);
  const stale = (await readOrder(statements(), lock.orderId))!;
  await node.ask('order.cancel', { orderId: lock.orderId }, 'max');
  const at = sqlTime(Date.now());
  const moved = await inTransaction((transaction) =>
    moveOrder(statements(transaction), stale, 'payment.started', at),
  );
  expect(moved).toBeUndefined();
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED CANCELLED');
});

test('judges an order only while nobody else does', async () => {
  const lock = await locked('ned', [1]);
  const first = await database().transaction();
  await lockOrder(statements(first), lock.orderId);
  const settling = node.ask('order.settle', eventOf(lock));
  const early = await Promise.race([settling, sleep(300, 'waits')]);
  expect(early).toBe('waits');
  await first.commit();
  expect(await settling).toEqual({ effect: 'moved', state: 'PAID' });
});

test('refuses an event that is not one, and changes nothing', async () => {
  const lock = await locked('lea', [1]);
  const event = { ...eventOf(lock), currency: 'CNY' };
  expect(await wordFrom(node.ask('order.settle', event))).toBe('VALIDATION_ERROR');
  expect(await rowsOf('payment_events', lock.orderId)).toEqual([]);
  await post('seat.moved', lock); // and the duplicate of its lock changes nothing either
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
});
