/**
 * Every payment event for an order in every state: the state it leaves, the path it went, what goes
 * back, and whether the money adds up, held against rules written here by hand. Then payment and
 * timeout at the same instant, five hundred times.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PaymentEvent } from '../../contracts/actions.ts';
import {
  eventOf,
  type Locked,
  leave,
  lockOf,
  type Node,
  pathOf,
  rowsOf,
  startNode,
  statements,
  stateOf,
} from './order.support.ts';

const { abortHold, createOrders } = await import('../../services/order/creation.ts');
const { bookFaults } = await import('../../services/order/books.ts');
const { handleDue } = await import('../../services/order/timeout.ts');

let node: Node;
beforeAll(async () => {
  node = await startNode();
});
afterAll(() => leave(node));

const nobody = { closePayment: async () => 'none' as const, holder: async () => undefined };
const due = ({ sale, orderId, deadlineMs }: Locked) =>
  handleDue({ sale, orderId, deadlineMs }, '', 0, nobody);
const overdue = (lock: Locked) =>
  statements().change(
    'UPDATE orders SET deadline = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE orderId = :orderId',
    { orderId: lock.orderId },
  );
const settled = (event: PaymentEvent & { openedFor?: string }) => node.ask('order.settle', event);

/** The payment that paid the order, in the states where one has. */
const FIRST = 'p-first';
const withMoney = (lock: Locked, type: PaymentEvent['type']) =>
  settled(eventOf(lock, type, { paymentId: `${FIRST}-${lock.orderId.slice(-20)}` }));

/** How a lock comes to each state, from nothing; the name is also the state it has in the rules. */
const STATES = {
  UNKNOWN: async () => undefined, // no such lock was ever announced
  ABORTED: (lock) =>
    abortHold({ sale: lock.sale, orderId: lock.orderId, uid: '', seats: [], reason: 'orphan' }, ''),
  LOCKED: (lock) => createOrders([lock]),
  PAYING: async (lock) => {
    await createOrders([lock]);
    await withMoney(lock, 'payment.started');
  },
  PAID: async (lock) => {
    await createOrders([lock]);
    await withMoney(lock, 'payment.succeeded');
  },
  CANCELLED: async (lock) => {
    await createOrders([lock]);
    await node.ask('order.cancel', { orderId: lock.orderId }, lock.uid);
  },
  TIMEOUT_CANCELLED: async (lock) => {
    await createOrders([lock]);
    await overdue(lock);
    await due(lock);
  },
} as const satisfies Record<string, (lock: Locked) => Promise<unknown>>;
type State = keyof typeof STATES;

const TYPES = ['payment.started', 'payment.succeeded', 'payment.failed'] as const;

/** What is particular about the event. */
const KINDS = {
  right: (lock) => [eventOf(lock)],
  'less money': (lock) => [eventOf(lock, undefined, { amountFen: lock.amountFen - 1 })],
  'more money': (lock) => [eventOf(lock, undefined, { amountFen: lock.amountFen + 1 })],
  'opened for another order': (lock) => [{ ...eventOf(lock), openedFor: `${lock.orderId}x` }],
  'same event again': (lock) => {
    const event = eventOf(lock);
    return [event, event];
  },
  'another event of the payment': (lock) => [eventOf(lock), eventOf(lock)],
  'another payment': (lock) => [
    eventOf(lock),
    eventOf(lock, undefined, { paymentId: `p-2-${lock.orderId.slice(-20)}` }),
  ],
} as const satisfies Record<string, (lock: Locked) => (PaymentEvent & { openedFor?: string })[]>;
type Kind = keyof typeof KINDS;

interface Outcome {
  readonly path: string;
  /** Why each refund was requested. */
  readonly refunds: readonly string[];
}
const PATHS: Readonly<Record<State, string>> = {
  UNKNOWN: '',
  ABORTED: '',
  LOCKED: 'INIT LOCKED',
  PAYING: 'INIT LOCKED PAYING',
  PAID: 'INIT LOCKED PAYING PAID',
  CANCELLED: 'INIT LOCKED CANCELLED',
  TIMEOUT_CANCELLED: 'INIT LOCKED TIMEOUT_CANCELLED',
};

/** The rules, in as few words as they can be said. */
function expected(state: State, type: PaymentEvent['type'], kind: Kind): Outcome {
  const before = { path: PATHS[state], refunds: [] };
  const mismatched = ['less money', 'more money', 'opened for another order'].includes(kind);
  if (type === 'payment.failed') return before;
  if (type === 'payment.started')
    return state === 'LOCKED' && !mismatched ? { ...before, path: PATHS.PAYING } : before;
  const captures = kind === 'another payment' ? 2 : 1;
  const back = (reason: string, count = captures) => Array<string>(count).fill(reason);
  if (state === 'UNKNOWN' || state === 'ABORTED') return { path: '', refunds: back('unknown') };
  if (mismatched) return { ...before, refunds: back('mismatch') };
  if (state === 'LOCKED' || state === 'PAYING')
    return { path: PATHS.PAID, refunds: back('duplicate', captures - 1) };
  return { ...before, refunds: back(state === 'PAID' ? 'duplicate' : 'late') };
}

const CASES = (Object.keys(STATES) as State[]).flatMap((state) =>
  TYPES.flatMap((type) => (Object.keys(KINDS) as Kind[]).map((kind) => ({ state, type, kind }))),
);

/** I8: the money of every payment either paid the order or goes back, never both. */
async function money({ orderId, amountFen }: Locked): Promise<{ in: number; out: number }> {
  const events = await rowsOf('payment_events', orderId);
  const captures = new Map(
    events
      .filter(({ type }) => type === 'payment.succeeded')
      .map(({ paymentId, amountFen: fen }) => [paymentId, fen as number]),
  );
  const refunds = await rowsOf('refunds', orderId);
  const back = refunds.reduce((sum, refund) => sum + (refund.amountFen as number), 0);
  const paid = (await stateOf(orderId)) === 'PAID' ? amountFen : 0;
  return { in: [...captures.values()].reduce((sum, fen) => sum + fen, 0), out: paid + back };
}

describe('a payment event', () => {
  test.each(CASES)('$type, $kind, for an order $state', async ({ state, type, kind }) => {
    const lock = lockOf('ann', [1]);
    await STATES[state](lock);
    for (const event of KINDS[kind](lock)) await settled({ ...event, type });
    const refunds = await rowsOf('refunds', lock.orderId);
    const { path, refunds: reasons } = expected(state, type, kind);
    expect(await pathOf(lock.orderId)).toBe(path);
    expect(await stateOf(lock.orderId)).toBe(path.split(' ').at(-1) || undefined);
    expect(refunds.map(({ reason }) => reason)).toEqual(reasons);
    const balance = await money(lock);
    expect(balance.out).toBe(balance.in);
    expect(await bookFaults(lock.sale, 3_600_000)).toEqual([]);
  });

  test('of one payment with two amounts gives back what was said first, and is shown', async () => {
    const lock = lockOf('bob', [1]);
    await createOrders([lock]);
    const paymentId = 'p-two-words';
    await settled(eventOf(lock, undefined, { paymentId, amountFen: lock.amountFen - 1 }));
    await settled(eventOf(lock, undefined, { paymentId }));
    expect(await stateOf(lock.orderId)).toBe('LOCKED');
    expect(await rowsOf('refunds', lock.orderId)).toHaveLength(1);
    const faults = await bookFaults(lock.sale, 3_600_000);
    expect(faults).toEqual([
      { fault: 'payment with two amounts', about: paymentId, detail: '9999,10000' },
    ]);
  });
});

test('payment and timeout at the same instant: one of them, in each of 500 pairs', async () => {
  const PAIRS = 500;
  const { sale } = lockOf('x', [0]);
  const locks = Array.from({ length: PAIRS }, (_, i) => lockOf(`p${i}`, [i], { sale }));
  for (let i = 0; i < PAIRS; i += 100) await createOrders(locks.slice(i, i + 100));
  await Promise.all(locks.map(overdue));
  // they meet where a timeout has asked the provider and has still to judge; either may be late
  const meet = async (lock: Locked, i: number) => {
    const { orderId, deadlineMs } = lock;
    let settling: Promise<unknown> | undefined;
    await handleDue({ sale, orderId, deadlineMs }, '', 0, {
      ...nobody,
      closePayment: async () => {
        const event = eventOf(lock, undefined, { paymentId: `pp-${i}` });
        settling = sleep(i % 2 === 0 ? 0 : i % 20).then(() => settled(event));
        await sleep(i % 2 === 0 ? i % 20 : 0);
        return 'none';
      },
    });
    await settling;
  };
  for (let from = 0; from < PAIRS; from += 50)
    await Promise.all(locks.slice(from, from + 50).map((lock, i) => meet(lock, from + i)));
  const counts = await statements().row<Record<string, number>>(
    `SELECT SUM(o.state = 'PAID') AS paid, SUM(o.state = 'TIMEOUT_CANCELLED') AS cancelled,
       SUM(r.refundId IS NOT NULL) AS refunded,
       SUM((o.state = 'PAID') = (r.refundId IS NOT NULL)) AS both_or_neither,
       SUM((o.state = 'PAID') <> (c.orderId IS NOT NULL)) AS seat_not_as_state
     FROM orders o LEFT JOIN refunds r USING (orderId) LEFT JOIN seat_claims c USING (orderId)
     WHERE o.sessionId = :sale`,
    { sale },
  );
  const { paid, cancelled, refunded, both_or_neither, seat_not_as_state } = counts!;
  expect(Number(paid) + Number(refunded)).toBe(PAIRS);
  expect(Number(paid) * Number(cancelled), 'each wins now and then').toBeGreaterThan(0);
  expect(Number(cancelled)).toBe(Number(refunded));
  expect([Number(both_or_neither), Number(seat_not_as_state)]).toEqual([0, 0]);
  expect(await bookFaults(sale, 3_600_000)).toEqual([]);
});
