/**
 * Every payment event against every state of an order, as one table: the state after, the path,
 * who gets money back, and that no fen is lost or given twice. The instant of the timeout, too.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
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
const { settle } = await import('../../services/order/settling.ts');
const { handleDue } = await import('../../services/order/timeout.ts');
let node: Node;
beforeAll(async () => {
  node = await startNode();
});
afterAll(() => leave(node));

const nobody = { closePayment: async () => 'none' as const, holder: async () => undefined };
const timeOut = ({ sale, orderId, deadlineMs }: Locked) =>
  handleDue({ sale, orderId, deadlineMs }, '', 1_000, nobody);
const overdue = (sale: string) =>
  statements().change(
    'UPDATE orders SET deadline = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE sessionId = :sale',
    { sale },
  );
const tell = (lock: Locked, type: PaymentEvent['type']) =>
  node.ask('order.settle', eventOf(lock, type));
const hold = ({ sale, orderId, uid }: Locked) => ({ sale, orderId, uid, seats: [1] });

/** How a lock comes to stand where the event finds it. INIT and a made-up order are alike here. */
const BEFORE = {
  INIT: async () => undefined,
  ABORTED: (lock: Locked) => abortHold({ ...hold(lock), reason: 'orphan' }, ''),
  LOCKED: (lock: Locked) => createOrders([lock]),
  PAYING: (lock: Locked) => createOrders([lock]).then(() => tell(lock, 'payment.started')),
  PAID: (lock: Locked) => createOrders([lock]).then(() => tell(lock, 'payment.succeeded')),
  CANCELLED: (lock: Locked) =>
    createOrders([lock]).then(() => node.ask('order.cancel', { orderId: lock.orderId }, lock.uid)),
  TIMEOUT_CANCELLED: (lock: Locked) =>
    createOrders([lock])
      .then(() => overdue(lock.sale))
      .then(() => timeOut(lock)),
} as const;
type Before = keyof typeof BEFORE;

/** What is odd about the event; its payment is the order's first one unless it says otherwise. */
const ODDITIES = {
  right: {},
  'wrong in amount': { paymentId: 'other', amountFen: 9_999 },
  'of a payment for another order': { paymentId: 'other', openedFor: 'elsewhere' },
  'of a second payment': { paymentId: 'other' },
  'wrong in amount, of the first payment': { amountFen: 10_001 },
} as const;
type Odd = keyof typeof ODDITIES;

const STATES = Object.keys(BEFORE) as Before[];
const TYPES = ['payment.started', 'payment.succeeded', 'payment.failed'] as const;
const MISMATCHED: readonly Odd[] = [
  'wrong in amount',
  'of a payment for another order',
  'wrong in amount, of the first payment',
];

/** Where an order that exists goes; a row that is not here changes nothing. */
const MOVES: Partial<Record<`${Before} ${PaymentEvent['type']}`, Before>> = {
  'LOCKED payment.started': 'PAYING',
  'LOCKED payment.succeeded': 'PAID',
  'PAYING payment.succeeded': 'PAID',
};
const PATHS: Record<Before, string> = {
  INIT: '',
  ABORTED: '',
  LOCKED: 'INIT LOCKED',
  PAYING: 'INIT LOCKED PAYING',
  PAID: 'INIT LOCKED PAYING PAID',
  CANCELLED: 'INIT LOCKED CANCELLED',
  TIMEOUT_CANCELLED: 'INIT LOCKED TIMEOUT_CANCELLED',
};
/** Why money that pays nothing goes back, when nothing is wrong with the event. */
const REASONS: Partial<Record<Before, string>> = {
  PAID: 'duplicate',
  CANCELLED: 'late',
  TIMEOUT_CANCELLED: 'late',
};

function expected(before: Before, type: PaymentEvent['type'], odd: Odd) {
  const mismatched = MISMATCHED.includes(odd);
  const after = (!mismatched && MOVES[`${before} ${type}`]) || before;
  // the payment that paid the order is accounted for, whatever is told of it later
  const known = before === 'PAID' && !('paymentId' in ODDITIES[odd]);
  if (type !== 'payment.succeeded' || after !== before || known) return { after, refunds: [] };
  if (PATHS[before] === '') return { after, refunds: ['unknown'] };
  return { after, refunds: [mismatched ? 'mismatch' : REASONS[before]] };
}

const CASES = STATES.flatMap((before) =>
  TYPES.flatMap((type) => (Object.keys(ODDITIES) as Odd[]).map((odd) => ({ before, type, odd }))),
);

test.each(CASES)('$before meets $type, $odd', async ({ before, type, odd }) => {
  const lock = lockOf('ann', [1]);
  const first = eventOf(lock).paymentId;
  await BEFORE[before](lock);
  const { paymentId = first, ...changes } = { ...ODDITIES[odd] } as { paymentId?: string };
  const own = paymentId === first ? first : `q-${first.slice(2)}`;
  const event = { ...eventOf(lock, type), paymentId: own, ...changes };
  // once, repeated at once, and once more in an event of its own
  await Promise.all([1, 2, 3].map(() => node.ask('order.settle', event)));
  await node.ask('order.settle', { ...event, eventId: `${event.eventId}-again` });

  const { after, refunds } = expected(before, type, odd);
  const exists = PATHS[after] !== '';
  expect(await stateOf(lock.orderId)).toBe(exists ? after : undefined);
  expect(await pathOf(lock.orderId)).toBe(PATHS[after]);
  const given = await rowsOf('refunds', lock.orderId);
  expect(given.map(({ reason }) => reason)).toEqual(refunds);
  expect(await messagesOf(given.map(({ refundId }) => refundId))).toBe(refunds.length);

  // I8: what each payment brought in, the first time it is told, paid the order or goes back
  const ledger = new Map<string, number>();
  if (type === 'payment.succeeded') ledger.set(own, event.amountFen);
  if (before === 'PAID') ledger.set(first, lock.amountFen);
  const back = given.reduce((sum, { amountFen }) => sum + Number(amountFen), 0);
  const moneyIn = [...ledger.values()].reduce((sum, fen) => sum + fen, 0);
  expect(moneyIn).toBe(back + (after === 'PAID' ? lock.amountFen : 0));
});

async function messagesOf(refundIds: readonly unknown[]): Promise<number> {
  if (refundIds.length === 0) return 0;
  const rows = await statements().rows('SELECT id FROM outbox WHERE eventId IN (:ids)', {
    ids: refundIds.map((refundId) => `${refundId}:requested`),
  });
  return rows.length;
}

const PAIRS = 500;
/** More would wait for a connection longer than a busy machine lets them. */
const ABREAST = 50;

test(`pays or gives back, never both, in ${PAIRS} pairs of a success and a timeout`, async () => {
  const { sale } = lockOf('x', [0]);
  const locks = Array.from({ length: PAIRS }, (_, i) => lockOf(`p${i}`, [i], { sale }));
  for (let i = 0; i < PAIRS; i += 100) await createOrders(locks.slice(i, i + 100));
  await overdue(sale);
  const pair = (lock: Locked, i: number) => {
    const pay = async () => {
      // a timeout looks three times before it locks the row: who is first varies
      for (let look = 0; look < i % 8; look++) await statements().nowMs();
      return settle(eventOf(lock), '', () => `r${i}-${lock.orderId.slice(-20)}`);
    };
    return Promise.all([pay(), timeOut(lock)]);
  };
  for (let from = 0; from < PAIRS; from += ABREAST) {
    const some = locks.slice(from, from + ABREAST);
    await Promise.all(some.map((lock, i) => pair(lock, from + i)));
  }
  const ends = await statements().rows<{
    state: string;
    paidBy: string | null;
    refunds: number;
    claims: number;
    steps: number;
  }>(
    `SELECT state, paidBy,
       (SELECT COUNT(*) FROM refunds r WHERE r.orderId = o.orderId) AS refunds,
       (SELECT COUNT(*) FROM seat_claims c WHERE c.orderId = o.orderId) AS claims,
       (SELECT COUNT(*) FROM order_history h WHERE h.orderId = o.orderId) AS steps
     FROM orders o WHERE sessionId = :sale`,
    { sale },
  );
  const kinds = ends.map(({ state, paidBy, refunds, claims, steps }) =>
    [state, paidBy !== null, refunds, claims, steps].join(' '),
  );
  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  const paid = count('PAID true 0 1 3');
  const refunded = count('TIMEOUT_CANCELLED false 1 0 2');
  expect(paid + refunded).toBe(PAIRS);
  expect(Math.min(paid, refunded)).toBeGreaterThan(0); // the instant was met from both sides
}, 120_000);
