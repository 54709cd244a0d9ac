/** The checker of a rush and of chaos: no broken invariant goes unseen. */
import { describe, expect, it } from 'vitest';
import {
  breachesOf,
  type Facts,
  type OrderFact,
  type PaymentFact,
} from '../../bin/rush/invariants.ts';

const NOW_MS = 100_000;
const GRACE_MS = 1_000;

/** A sale at rest: seat 0 free, seat 1 sold to A, seat 2 locked by B, a gap, seat 4 given back. */
function sound(): Facts {
  const order = (orderId: string, state: OrderFact['state'], seat: number): OrderFact => ({
    orderId,
    uid: orderId.toLowerCase(),
    state,
    seats: [seat],
    amountFen: 100,
    paidBy: state === 'PAID' ? 'pay-1' : null,
    deadlineMs: NOW_MS + 5_000,
    path: {
      PAID: ['INIT', 'LOCKED', 'PAYING', 'PAID'] as const,
      LOCKED: ['INIT', 'LOCKED'] as const,
      CANCELLED: ['INIT', 'LOCKED', 'CANCELLED'] as const,
    }[state as 'PAID' | 'LOCKED' | 'CANCELLED'],
  });
  const hold = (orderId: string, state: string, seat: number) => ({
    orderId,
    uid: orderId.toLowerCase(),
    seats: [seat],
    deadlineMs: NOW_MS + 5_000,
    state,
  });
  return {
    nowMs: NOW_MS,
    graceMs: GRACE_MS,
    seatsPerBuyerMax: 1,
    states: '021-0',
    owners: new Map([
      [1, 'A'],
      [2, 'B'],
    ]),
    holds: new Map([
      ['A', hold('A', 'SOLD', 1)],
      ['B', hold('B', 'LOCKED', 2)],
      ['C', hold('C', 'RELEASED', 4)],
    ]),
    buyers: new Map([
      ['a', 1],
      ['b', 1],
      ['c', 0],
    ]),
    left: new Map([['T', 2]]),
    tierOf: new Map([
      [0, 'T'],
      [1, 'T'],
      [2, 'T'],
      [4, 'T'],
    ]),
    orders: new Map([
      ['A', order('A', 'PAID', 1)],
      ['B', order('B', 'LOCKED', 2)],
      ['C', order('C', 'CANCELLED', 4)],
    ]),
    claims: [
      { seat: 1, orderId: 'A' },
      { seat: 2, orderId: 'B' },
    ],
    blocks: new Map(),
    quotas: new Map([
      ['a', 1],
      ['b', 1],
      ['c', 0],
    ]),
    verdicts: new Map([
      ['A', { verdict: 'ORDERED' }],
      ['B', { verdict: 'ORDERED' }],
      ['C', { verdict: 'ORDERED' }],
      ['D', { verdict: 'ABORTED', reason: 'expired' }],
    ]),
    accepted: ['A', 'B', 'C', 'D'].map((orderId, i) => ({
      orderId,
      uid: orderId.toLowerCase(),
      seats: [[1], [2], [4], [0]][i]!,
      amountFen: 1,
    })),
    payments: [
      { paymentId: 'pay-1', orderId: 'A', state: 'SUCCEEDED', amountFen: 100, backFen: 0 },
      { paymentId: 'pay-2', orderId: 'A', state: 'SUCCEEDED', amountFen: 100, backFen: 100 },
      { paymentId: 'pay-3', orderId: 'C', state: 'CLOSED', amountFen: 100, backFen: 0 },
    ],
    refunds: [{ refundId: 'back-2', paymentId: 'pay-2', state: 'REFUNDED' }],
    letters: { unposted: 0, waiting: [], dead: [] },
    watched: [],
  };
}
/** The sound sale with one fact changed. */
const but = (change: Partial<Facts>): Facts => ({ ...sound(), ...change });
const withOrder = (orderId: string, change: Partial<OrderFact>): Facts => {
  const { orders } = sound();
  return but({ orders: new Map(orders).set(orderId, { ...orders.get(orderId)!, ...change }) });
};
const withPayment = (change: Partial<PaymentFact>): Facts => {
  const { payments } = sound();
  const changed = payments.map((payment) =>
    payment.paymentId === change.paymentId ? { ...payment, ...change } : payment,
  );
  return but({ payments: changed });
};

describe('the checker', () => {
  it('finds nothing in a sound sale', () => {
    expect(breachesOf(sound())).toEqual([]);
  });
  const kept = (): Partial<Facts> => ({
    states: '021-2',
    owners: new Map([...sound().owners, [4, 'K']]),
    holds: new Map([
      ...sound().holds,
      ['K', { orderId: 'K', uid: '', seats: [4], deadlineMs: 0, state: 'BLOCKED' }],
    ]),
    left: new Map([['T', 1]]),
    claims: [...sound().claims, { seat: 4, orderId: 'K' }],
    blocks: new Map([[4, 'K']]),
  });
  it('finds nothing where the house keeps a seat back', () => {
    expect(breachesOf(but(kept()))).toEqual([]);
  });
  const broken: { what: string; facts: Facts; seen: string }[] = [
    {
      what: 'a block that the arbiter does not know',
      facts: but({ ...kept(), states: '021-0', left: new Map([['T', 2]]) }),
      seen: 'I3: seat 4 of K is not sold',
    },
    {
      what: 'a block without a claim',
      facts: but({ ...kept(), claims: sound().claims }),
      seen: 'I1: seat 4 of live K has no claim',
    },
    {
      what: 'a block that was lifted and is kept all the same',
      facts: but({ ...kept(), claims: sound().claims, blocks: new Map() }),
      seen: 'I3: seat 4 is sold to K, and nobody paid',
    },
    {
      what: 'a seat of two live orders',
      facts: withOrder('B', { seats: [1] }),
      seen: 'I1: seat 1 has two owners: A and B',
    },
    {
      what: 'a claim of an order that is not alive',
      facts: but({ claims: [...sound().claims, { seat: 4, orderId: 'C' }] }),
      seen: 'I1: seat 4 is claimed by C, not alive',
    },
    {
      what: 'a live order whose claim is gone',
      facts: but({ claims: sound().claims.slice(1) }),
      seen: 'I1: seat 1 of live A has no claim',
    },
    {
      what: 'a lock that outlived deadline and grace',
      facts: but({ nowMs: NOW_MS + 5_000 + GRACE_MS + 1 }),
      seen: 'I2: seat 2 is locked 1001 ms after the deadline of B',
    },
    {
      what: 'a lock whose order is not alive',
      facts: withOrder('B', { state: 'CANCELLED', path: ['INIT', 'LOCKED', 'CANCELLED'] }),
      seen: 'I2: seat 2 is locked, and no live order',
    },
    {
      what: 'a locked seat without an owner',
      facts: but({ owners: new Map([[1, 'A']]) }),
      seen: 'I2: seat 2 is locked by nobody (undefined)',
    },
    {
      what: 'a paid seat that is not sold',
      facts: but({ states: '011-0' }),
      seen: 'I3: seat 1 of A is not sold',
    },
    {
      what: 'a paid seat that is somebody else’s',
      facts: but({ owners: new Map([...sound().owners, [1, 'B']]) }),
      seen: 'I3: seat 1 of A is owned by B',
    },
    {
      what: 'a sold seat that nobody paid',
      facts: but({ states: '022-0' }),
      seen: 'I3: seat 2 is sold to B, and nobody paid',
    },
    {
      what: 'a buyer above the limit',
      facts: but({ seatsPerBuyerMax: 0 }),
      seen: 'I4: a has 1 seats',
    },
    {
      what: 'a count of the arbiter that drifted',
      facts: but({ buyers: new Map([...sound().buyers, ['c', 1]]) }),
      seen: 'I4: c holds 0 seats, the arbiter counts 1',
    },
    {
      what: 'a quota that drifted',
      facts: but({ quotas: new Map([...sound().quotas, ['b', 0]]) }),
      seen: 'I4: b has 1 seats in live orders, its quota says 0',
    },
    {
      what: 'an order that jumped',
      facts: withOrder('A', { path: ['INIT', 'LOCKED', 'PAID'] }),
      seen: 'I5: A is PAID by INIT → LOCKED → PAID',
    },
    {
      what: 'an order whose history ends elsewhere',
      facts: withOrder('A', { path: ['INIT', 'LOCKED', 'PAYING'] }),
      seen: 'I5: A is PAID by INIT → LOCKED → PAYING',
    },
    {
      what: 'an accepted lock without a verdict',
      facts: but({ verdicts: new Map([...sound().verdicts].filter(([id]) => id !== 'C')) }),
      seen: 'I6: C was accepted and has no verdict',
    },
    {
      what: 'an abortion without a reason',
      facts: but({ verdicts: new Map([...sound().verdicts, ['D', { verdict: 'ABORTED' }]]) }),
      seen: 'I6: D was aborted without a reason',
    },
    {
      what: 'a verdict without its order',
      facts: but({ verdicts: new Map([...sound().verdicts, ['D', { verdict: 'ORDERED' }]]) }),
      seen: 'I6: D has the verdict ORDERED and no order',
    },
    {
      what: 'an order for other seats than were locked',
      facts: withOrder('C', { seats: [0] }),
      seen: 'I6: C was told 4, its order has 0',
    },
    {
      what: 'a wrong count of what is left',
      facts: but({ left: new Map([['T', 3]]) }),
      seen: 'I9: T: left says 3, 2 available',
    },
    {
      what: 'a seat that the layout does not know',
      facts: but({ states: '021-00' }),
      seen: 'I9: seat 5 is not in the layout',
    },
    {
      what: 'what a watcher saw contradict itself',
      facts: but({ watched: ['at 1:7 seat 3 is 1, the deltas made it 0'] }),
      seen: 'I7: at 1:7 seat 3 is 1, the deltas made it 0',
    },
    {
      what: 'money for a cancelled order that was not given back',
      facts: withPayment({ paymentId: 'pay-3', orderId: 'C', state: 'SUCCEEDED' }),
      seen: 'I8: payment pay-3 is SUCCEEDED, its order CANCELLED: 100 fen owed, 0 given back',
    },
    {
      what: 'a second payment of one order that was kept',
      facts: withPayment({ paymentId: 'pay-2', backFen: 0 }),
      seen: 'I8: payment pay-2 is SUCCEEDED, its order PAID: 100 fen owed, 0 given back',
    },
    {
      what: 'money given back of a payment that bought something',
      facts: withPayment({ paymentId: 'pay-1', backFen: 100 }),
      seen: 'I8: payment pay-1 is SUCCEEDED, its order PAID by it: 0 fen owed, 100 given back',
    },
    {
      what: 'a price that was not the price',
      facts: withPayment({ paymentId: 'pay-1', amountFen: 90 }),
      seen: 'I8: A costs 100 fen, 90 were paid',
    },
    {
      what: 'an order paid with money nobody has',
      facts: withPayment({ paymentId: 'pay-1', state: 'CLOSED' }),
      seen: 'I8: A is paid by pay-1, and the provider has no such money',
    },
    {
      what: 'a refund that does not come to an end',
      facts: but({ refunds: [{ refundId: 'back-2', paymentId: 'pay-2', state: 'REQUESTED' }] }),
      seen: 'I8: refund back-2 is REQUESTED',
    },
    {
      what: 'a message that is not posted',
      facts: but({ letters: { unposted: 2, waiting: [], dead: [] } }),
      seen: 'I10: 2 messages of the outbox are not posted',
    },
    {
      what: 'a message that died',
      facts: but({ letters: { unposted: 0, waiting: [], dead: ['order.paid: NOT_FOUND'] } }),
      seen: 'I10: a message died: order.paid: NOT_FOUND',
    },
  ];
  it.each(broken)('sees $what', ({ facts, seen }) => {
    const found = breachesOf(facts).map(({ invariant, what }) => `${invariant}: ${what}`);
    expect(found).toContain(seen);
  });
});
