/** Bad input: each is refused where it should be, and nothing at all is written because of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RefusalWord } from '../../contracts/errors.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { tokenOf } from './tokens.ts';
import { tracesOf } from './traces.ts';
import {
  type Answer,
  type Buyer,
  buildHall,
  comeToBuy,
  type Hall,
  openSession,
  plainPlan,
  signIn,
  statesOf,
  Visitor,
} from './visitor.ts';

let stack: Stack;
let hall: Hall;
let buyer: Buyer;
let stranger: Visitor;
let orderId: string;
let seats: number[];
let gap: number;

beforeAll(async () => {
  stack = await startStack();
  hall = await buildHall(stack.url, plainPlan(3, 6, 3));
  const sessionId = await openSession(hall);
  buyer = await comeToBuy(stack.url, sessionId);
  stranger = await signIn(stack.url);
  const marks = await statesOf(stack.url, sessionId);
  seats = [...marks].flatMap((mark, seat) => (mark === '0' ? [seat] : []));
  gap = marks.indexOf('-');
  orderId = (await buyer.lock({ seats: [seats[0]] }, { 'idempotency-key': 'first' })).body.orderId;
  await buyer.orderIn(orderId, ['LOCKED']);
});
afterAll(() => stack?.stop());

interface Row {
  readonly what: string;
  ask(): Promise<Answer>;
  readonly word: RefusalWord;
  readonly status: number;
  readonly pointers?: readonly string[];
}
const locks = () => `/sessions/${buyer.sessionId}/locks`;
const rawLock = (raw: string) =>
  buyer.ask('POST', locks(), { raw, headers: { 'x-permit': buyer.permit } });
const wrong = (what: string, body: () => unknown, ...pointers: string[]): Row => ({
  what,
  ask: () => buyer.lock(body()),
  word: 'VALIDATION_FAILED',
  status: 422,
  ...(pointers.length > 0 && { pointers }),
});

const LOCKS: readonly Row[] = [
  wrong('an unknown field', () => ({ seats: [seats[1]], price: 1 }), '/price'),
  wrong('two unknown fields', () => ({ seats: [seats[1]], a: 1, b: 2 }), '/a', '/b'),
  wrong(
    'an unknown field further in',
    () => ({ best: { count: 1, tier: 'Rear', row: 3 } }),
    '/best/row',
  ),
  wrong('nothing at all', () => ({})),
  wrong('no seats', () => ({ seats: [] }), '/seats'),
  wrong('a seat in words', () => ({ seats: ['12'] }), '/seats/0'),
  wrong('half a seat', () => ({ seats: [1.5] }), '/seats/0'),
  wrong('a seat of nothing', () => ({ seats: [null] }), '/seats'),
  wrong('seats as one number', () => ({ seats: 12 }), '/seats'),
  wrong('a count of zero', () => ({ best: { count: 0, tier: 'Rear' } }), '/best/count'),
  wrong('a count in words', () => ({ best: { count: '2', tier: 'Rear' } }), '/best/count'),
  wrong('no tier', () => ({ best: { count: 1 } }), '/best/tier'),
  wrong('a tier that is a number', () => ({ best: { count: 1, tier: 7 } }), '/best/tier'),
  {
    what: 'a body that is a list',
    ask: () => rawLock('[1,2]'),
    word: 'VALIDATION_FAILED',
    status: 422,
  },
  { what: 'a broken body', ask: () => rawLock('{"seats":[1'), word: 'BODY_MALFORMED', status: 400 },
  {
    what: 'a body that is no text',
    ask: () => rawLock('\u0000\u0001'),
    word: 'BODY_MALFORMED',
    status: 400,
  },
  {
    what: 'a seat twice',
    ask: () => buyer.lock({ seats: [seats[1], seats[1]] }),
    word: 'SEAT_REPEATED',
    status: 422,
  },
  {
    what: 'a gap index',
    ask: () => buyer.lock({ seats: [seats[1], gap] }),
    word: 'SEAT_UNKNOWN',
    status: 422,
  },
  {
    what: 'a tier that does not exist',
    ask: () => buyer.lock({ best: { count: 1, tier: 'Nowhere' } }),
    word: 'VALIDATION_FAILED',
    status: 422,
  },
  {
    what: 'a taken seat beside a free one',
    ask: () => buyer.lock({ seats: [seats[0], seats[1]] }),
    word: 'SEAT_TAKEN',
    status: 409,
  },
  {
    what: 'an Idempotency-Key with another body',
    ask: () => buyer.lock({ seats: [seats[1]] }, { 'idempotency-key': 'first' }),
    word: 'IDEMPOTENCY_CONFLICT',
    status: 422,
  },
];

const ELSEWHERE: readonly Row[] = [
  {
    what: 'a forged token',
    ask: () =>
      new Visitor(stack.url, tokenOf(stack.config, buyer.uid, { secret: 'z'.repeat(40) })).post(
        locks(),
        { seats: [seats[1]] },
        { 'x-permit': buyer.permit },
      ),
    word: 'UNAUTHENTICATED',
    status: 401,
  },
  {
    what: 'an expired token',
    ask: () =>
      new Visitor(stack.url, tokenOf(stack.config, buyer.uid, { claims: { exp: 1 } })).post(
        locks(),
        { seats: [seats[1]] },
        { 'x-permit': buyer.permit },
      ),
    word: 'UNAUTHENTICATED',
    status: 401,
  },
  {
    what: 'a forged permit',
    ask: () => buyer.lock({ seats: [seats[1]] }, { 'x-permit': `${buyer.permit.slice(0, -3)}abc` }),
    word: 'PERMIT_INVALID',
    status: 403,
  },
  {
    what: 'a permit made longer by hand',
    ask() {
      const [kid, notBefore, expires, mac] = buyer.permit.split('.');
      const permit = [kid, notBefore, Number(expires) + 1, mac].join('.');
      return buyer.lock({ seats: [seats[1]] }, { 'x-permit': permit });
    },
    word: 'PERMIT_INVALID',
    status: 403,
  },
  {
    what: 'another user’s order, cancelled',
    ask: () => stranger.post(`/orders/${orderId}/cancel`),
    word: 'NOT_FOUND',
    status: 404,
  },
  {
    what: 'another user’s order, paid',
    ask: () => stranger.post(`/orders/${orderId}/payments`, {}, { 'idempotency-key': 'x' }),
    word: 'NOT_FOUND',
    status: 404,
  },
  {
    what: 'an order that never was',
    ask: () => buyer.post('/orders/nonsense/cancel'),
    word: 'NOT_FOUND',
    status: 404,
  },
  {
    what: 'a payment with an unknown field',
    ask: () => buyer.post(`/orders/${orderId}/payments`, { amountFen: 1 }),
    word: 'VALIDATION_FAILED',
    status: 422,
    pointers: ['/amountFen'],
  },
  {
    what: 'a cancel with an unknown field',
    ask: () => buyer.post(`/orders/${orderId}/cancel`, { why: 'x' }),
    word: 'VALIDATION_FAILED',
    status: 422,
    pointers: ['/why'],
  },
  {
    what: 'a list longer than 100',
    ask: () => buyer.get('/orders?limit=101'),
    word: 'VALIDATION_FAILED',
    status: 422,
    pointers: ['/limit'],
  },
  {
    what: 'a list of nonsense',
    ask: () => buyer.get('/shows?limit=many'),
    word: 'VALIDATION_FAILED',
    status: 422,
    pointers: ['/limit'],
  },
  {
    what: 'a query parameter nobody knows',
    ask: () => buyer.get('/shows?query=%7B%7D'),
    word: 'VALIDATION_FAILED',
    status: 422,
    pointers: ['/query'],
  },
  {
    what: 'a payment event without a signature',
    ask: () => new Visitor(stack.url).post('/payments/events', { eventId: 'e' }),
    word: 'SIGNATURE_INVALID',
    status: 401,
  },
  {
    what: 'a plan with an unknown category',
    ask() {
      const plan = plainPlan(1, 2);
      plan.categories = [];
      return hall.organiser.post('/admin/seat-templates', {
        venueId: hall.venueId,
        name: 'bad',
        plan,
      });
    },
    word: 'VALIDATION_FAILED',
    status: 422,
  },
  {
    what: 'a session whose lock lives too short',
    ask: () =>
      openSession(hall, { lockMs: 4_999 }).then(
        () => ({ status: 201 }) as Answer,
        (error: Error) => {
          const [, status, text] = /: (\d+) (.*)$/s.exec(error.message)!;
          return { status: Number(status), text, body: JSON.parse(text!), headers: {} } as Answer;
        },
      ),
    word: 'VALIDATION_FAILED',
    status: 422,
    pointers: ['/lockMs'],
  },
];

describe('the traces that are compared', () => {
  it('change with one lock, in the arbiter and in MySQL', async () => {
    const before = await tracesOf(stack.config);
    const other = await comeToBuy(stack.url, buyer.sessionId);
    const { orderId: made } = (await other.lock({ seats: [seats.at(-1)] })).body;
    await other.orderIn(made, ['LOCKED']);
    const after = await tracesOf(stack.config);
    const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(changed.some((name) => name.endsWith(':seats'))).toBe(true);
    expect(changed.some((name) => name.endsWith('.orders'))).toBe(true);
  });
});

describe('bad input is refused and leaves nothing behind', () => {
  it.each([...LOCKS, ...ELSEWHERE])('$what', async ({ ask, word, status, pointers }) => {
    const before = await tracesOf(stack.config);
    const answer = await ask();
    expect({ status: answer.status, code: answer.body?.code }).toEqual({ status, code: word });
    if (pointers) {
      const named = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
      expect(named.toSorted()).toEqual(pointers.toSorted());
    }
    expect(await tracesOf(stack.config)).toEqual(before);
  });

  it.each([
    ['10,000 seats', () => Array.from({ length: 10_000 }, (_, i) => i)],
    ['3,000 seats, which fit a body', () => Array.from({ length: 3_000 }, (_, i) => i)],
    ['a negative seat', () => [-1]],
    ['a seat beyond every number', () => [2 ** 53]],
  ])('%s: refused by a word, and never half done', async (_, wanted) => {
    const before = await tracesOf(stack.config);
    const answer = await buyer.lock({ seats: wanted() });
    expect([413, 422]).toContain(answer.status);
    const words = ['VALIDATION_FAILED', 'SEAT_UNKNOWN', 'BODY_TOO_LARGE'];
    expect(words).toContain(answer.body.code);
    expect(await tracesOf(stack.config)).toEqual(before);
  });
});
