/** What operators and organisers ask about orders, and a seat freed by hand; a real arbiter. */
import type { Context, ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OrderSearch } from '../../contracts/admin.ts';
import { refuse } from '../../contracts/errors.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import {
  eventOf,
  freshSale,
  keys,
  type Locked,
  leave,
  lockOf,
  type Node,
  pathOf,
  posted,
  redis,
  soon,
  sqlTime,
  startNode,
  statements,
  stateOf,
  wordFrom,
} from './order.support.ts';

const { createArbiter } = await import('../../lua/arbiter.ts');
const { createOrders } = await import('../../services/order/creation.ts');
const { searchStatement } = await import('../../services/order/search.ts');
const { default: seckill } = await import('../../services/seckill/seckill.service.ts');
const arbiter = createArbiter({ redis, keys });
const SEATS = 20;
const OPERATOR = { user: { uid: 'opal', role: 'operator' as const }, requestId: 'r-opal' };
const ANNA = { user: { uid: 'anna', role: 'organiser' as const } };

const columns = <T>(of: (i: number) => T) => Array.from({ length: SEATS }, (_, i) => of(i));
const layout: LayoutColumns = {
  layoutVersion: 'v1',
  seatCount: SEATS,
  size: { width: 100, height: 10 },
  tiers: ['A'],
  sections: ['Hall'],
  rows: [{ section: 0, row: '1' }],
  seat: columns((i) => i),
  label: columns((i) => `1-${i}`),
  x: columns((i) => i),
  y: columns(() => 0),
  tier: columns(() => 0),
  row: columns(() => 0),
};

/** Whose a session is: every one of them is Anna's, and its answer has an ETag. */
const session: ServiceSchema = {
  name: 'session',
  actions: {
    adminGet(ctx: Context<{ id: string }, Record<string, unknown>>) {
      const { uid, role } = ctx.meta.user as { uid: string; role: string };
      if (role !== 'operator' && uid !== 'anna') refuse('NOT_FOUND');
      ctx.meta.$responseHeaders = { ETag: '"1"' };
      return { id: ctx.params.id, version: 1 };
    },
  },
};

let node: Node;
beforeAll(async () => {
  node = await startNode([seckill as ServiceSchema, session]);
  await arbiter.adopt(0, 1);
});
afterAll(() => leave(node));

const asOperator: Node['ask'] = (name, params) =>
  node.ask(name, params, undefined, structuredClone(OPERATOR));
const marks = async (sale: string) => (await arbiter.snapshot(sale)).states;
const free = (sessionId: string, seat: number, reason = '观众走错场') =>
  asOperator('order.freeSeat', { sessionId, seat, reason });
const audited = (target: string) =>
  statements().rows<{ uid: string; action: string; before: string; after: string }>(
    'SELECT uid, action, `before`, `after`, requestId FROM audit_log WHERE target = :target',
    { target },
  );

async function openSale(): Promise<string> {
  const sale = freshSale();
  const nowMs = Date.now();
  await arbiter.open(
    sale,
    layout,
    { A: 10_000 },
    {
      reservationRequired: false,
      reservationOpensAtMs: nowMs - 1_000,
      reservationClosesAtMs: nowMs + 60_000,
      opensAtMs: nowMs - 1_000,
      closesAtMs: nowMs + 600_000,
      seatsPerBuyerMax: 6,
      lockMs: 60_000,
    },
  );
  return sale;
}

/** A lock that became an order. */
async function ordered(sale: string, uid: string, seats: number[]): Promise<Locked> {
  const lock = lockOf(uid, seats, { sale });
  await arbiter.lock({ sale, uid, orderId: lock.orderId, seats, requestId: 'r1' });
  await soon(() => stateOf(lock.orderId)).toBe('LOCKED');
  return lock;
}
const pay = (lock: Locked) => node.ask('order.settle', eventOf(lock));

test('frees a seat through its order: as a whole, by an operator, with a reason', async () => {
  const sale = await openSale();
  const { orderId } = await ordered(sale, 'ann', [3, 4]);
  expect(await free(sale, 4)).toEqual({ orderId, state: 'CANCELLED', seats: [3, 4] });
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
  expect(await pathOf(orderId)).toBe('INIT LOCKED CANCELLED');
  const inspected = await asOperator('order.inspect', { orderId });
  expect(inspected.history.at(-1)).toMatchObject({ state: 'CANCELLED', by: 'operator' });
  expect(await posted('order.cancelled', orderId)).toMatchObject([
    { uid: 'ann', seats: [3, 4], reason: 'CANCELLED' },
  ]);
  const [row, ...more] = await audited(orderId);
  expect(more).toEqual([]);
  expect(row).toMatchObject({ uid: 'opal', action: 'order.cancel', requestId: 'r-opal' });
  expect(JSON.parse(row!.before)).toMatchObject({ state: 'LOCKED', uid: 'ann', seats: [3, 4] });
  expect(JSON.parse(row!.after)).toEqual({ state: 'CANCELLED', reason: '观众走错场' });
  // the seat and the buyer's quota are free again
  await ordered(sale, 'ann', [3, 4, 5, 6, 7, 8]);
});

test('leaves a seat that is sold, being paid, or free as it is', async () => {
  const sale = await openSale();
  const paid = await ordered(sale, 'bob', [0]);
  await pay(paid);
  await soon(() => marks(sale)).toMatch(/^2/);
  const paying = await ordered(sale, 'bob', [1]);
  await node.ask('order.settle', eventOf(paying, 'payment.started'));
  expect(await wordFrom(free(sale, 0))).toBe('SEAT_SOLD');
  expect(await wordFrom(free(sale, 1))).toBe('ORDER_NOT_CANCELLABLE');
  expect(await wordFrom(free(sale, 2))).toBe('SEAT_NOT_HELD');
  expect(await wordFrom(free(sale, SEATS))).toBe('SEAT_UNKNOWN');
  expect(await wordFrom(free(freshSale(), 0))).toBe('NOT_FOUND');
  expect([await stateOf(paid.orderId), await stateOf(paying.orderId)]).toEqual(['PAID', 'PAYING']);
  expect([...(await audited(paid.orderId)), ...(await audited(paying.orderId))]).toEqual([]);
});

test('frees a seat once, however many operators ask', async () => {
  const sale = await openSale();
  const { orderId } = await ordered(sale, 'cat', [5]);
  const words = await Promise.all([1, 2, 3].map(() => wordFrom(free(sale, 5))));
  expect(words.toSorted()).toEqual(['SEAT_NOT_HELD', 'SEAT_NOT_HELD', 'accepted']);
  expect(await audited(orderId)).toHaveLength(1);
  expect(await pathOf(orderId)).toBe('INIT LOCKED CANCELLED');
});

test('goes by the books where the arbiter has forgotten a lock', async () => {
  const sale = await openSale();
  const lock = lockOf('hal', [7], { sale });
  await createOrders([lock]);
  expect(await free(sale, 7)).toMatchObject({ orderId: lock.orderId, state: 'CANCELLED' });
});

test('says of a lock that is no order yet that it must be asked again', async () => {
  const sale = await openSale();
  const { orderId } = lockOf('dan', [6], { sale });
  await node.stop();
  await arbiter.lock({ sale, uid: 'dan', orderId, seats: [6], requestId: 'r1' });
  await redis.del(keys.stream('seat.moved', 0));
  node = await startNode([seckill as ServiceSchema, session]);
  expect(await wordFrom(free(sale, 6))).toBe('BUSY');
});

test('finds orders by session, buyer, seat and state, newest first, in pages', async () => {
  const [sale, other] = [freshSale(), freshSale()];
  const uid = `eve-${sale}`;
  // younger than what the other tests make, for the searches that look at every sale there is
  const nowMs = Date.now() + 60_000;
  const locked = (i: number, who: string, seats: number[], of: string) =>
    lockOf(who, seats, { sale: of, atMs: nowMs + i }, nowMs + i);
  const locks = [
    locked(0, uid, [1], sale),
    locked(1, 'finn', [2], sale),
    locked(2, uid, [1], other),
    locked(3, uid, [3, 4], sale),
  ];
  for (const lock of locks) await createOrders([lock]);
  await pay(locks[1]!);
  const ids = (...of: number[]) => of.map((i) => locks[i]!.orderId);
  const found = async (asked: OrderSearch) =>
    (await asOperator('order.search', asked)).items.map(({ orderId }) => orderId);

  expect(await found({ sessionId: sale })).toEqual(ids(3, 1, 0));
  expect(await found({ sessionId: sale, state: 'LOCKED' })).toEqual(ids(3, 0));
  expect(await found({ sessionId: sale, state: 'PAID' })).toEqual(ids(1));
  expect(await found({ sessionId: sale, seat: 4 })).toEqual(ids(3));
  expect(await found({ sessionId: sale, seat: 1 })).toEqual(ids(0));
  expect(await found({ sessionId: sale, seat: 1, uid: 'finn' })).toEqual([]);
  expect(await found({ uid })).toEqual(ids(3, 2, 0));
  expect(await found({ uid, sessionId: other })).toEqual(ids(2));
  expect(await found({ uid, state: 'PAID' })).toEqual([]);
  expect(await found({ limit: 4 })).toEqual(ids(3, 2, 1, 0));
  expect(await found({ state: 'LOCKED', limit: 3 })).toEqual(ids(3, 2, 0));

  for (const asked of [
    { sessionId: sale },
    { uid },
    { sessionId: sale, state: 'LOCKED' as const },
  ]) {
    const whole = await found(asked);
    const paged: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await asOperator('order.search', {
        ...asked,
        limit: 1,
        ...(cursor && { cursor }),
      });
      paged.push(...page.items.map(({ orderId }) => orderId));
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(whole);
  }
  const [shown] = (await asOperator('order.search', { sessionId: sale, state: 'PAID' })).items;
  expect(shown).toMatchObject({ uid: 'finn', seats: [{ seat: 2 }], amountFen: 10_000 });
});

test('goes by an index that is in order already, whatever is looked for', async () => {
  const sessionId = freshSale();
  const cursor = Buffer.from(`1 ${sessionId}-x`).toString('base64url');
  const asked: OrderSearch[] = [
    {},
    { state: 'PAID' },
    { sessionId },
    { sessionId, state: 'PAID' },
    { sessionId, seat: 1 },
    { uid: 'u' },
    { uid: 'u', sessionId, state: 'PAID' },
  ];
  for (const search of asked.flatMap((row) => [row, { ...row, cursor }])) {
    const { sql, values } = searchStatement(search);
    const plan = await statements().rows<{ key: string | null; Extra: string }>(
      `EXPLAIN ${sql}`,
      values,
    );
    const about = JSON.stringify({ search, plan });
    for (const { key, Extra } of plan) {
      expect(key, about).not.toBeNull();
      expect(Extra, about).not.toContain('filesort');
    }
  }
});

test('refuses what no page answered and a seat of nowhere', async () => {
  const asked = (params: object) => wordFrom(asOperator('order.search', params as OrderSearch));
  expect(await asked({ seat: 1 })).toBe('VALIDATION_FAILED');
  for (const params of [
    { cursor: 'x' },
    { limit: 0 },
    { limit: 101 },
    { state: 'SOLD' },
    { sessionId: '%' },
    { seat: -1, sessionId: freshSale() },
    { more: 1 },
  ])
    expect(await asked(params), JSON.stringify(params)).toBe('VALIDATION_ERROR');
});

test('shows every payment and refund of an order to an operator', async () => {
  const sale = await openSale();
  const lock = await ordered(sale, 'gus', [0]);
  await pay(lock);
  await node.ask('order.settle', eventOf(lock, 'payment.succeeded', { paymentId: 'p-second' }));
  const { refunds, uid } = await asOperator('order.inspect', { orderId: lock.orderId });
  expect(uid).toBe('gus');
  expect(refunds).toMatchObject([{ amountFen: 10_000, state: 'REQUESTED' }]);
});

/** Paid orders of a sale at moments of our choice: tier, seats, fen each. */
async function sold(sale: string, sales: readonly [atMs: number, tier: string, seats: number[]][]) {
  for (const [atMs, tier, seats] of sales) {
    const lock = lockOf(`u${atMs}`, seats, { sale });
    await createOrders([{ ...lock, seats: lock.seats.map((seat) => ({ ...seat, tier })) }]);
    await pay(lock);
    await statements().change('UPDATE orders SET updatedAt = :at WHERE orderId = :orderId', {
      at: sqlTime(atMs),
      orderId: lock.orderId,
    });
  }
}
const DAY = Date.UTC(2026, 4, 1);
const MINUTE = 60_000;

test('draws the sales of a session per tier, step by step, and counts its orders', async () => {
  const sale = freshSale();
  await sold(sale, [
    [DAY + 1_000, 'A', [0]],
    [DAY + 59_999, 'A', [1, 2]],
    [DAY + 59_000, 'B', [3]],
    [DAY + 5 * MINUTE, 'B', [4]],
  ]);
  await createOrders([lockOf('ivy', [9], { sale })]);
  const answer = await node.ask('order.sales', { sessionId: sale }, undefined, { ...ANNA });
  expect(answer).toEqual({
    sessionId: sale,
    stepMs: MINUTE,
    items: [
      { at: '2026-05-01T00:00:00.000Z', tier: 'A', orders: 2, seats: 3, amountFen: 30_000 },
      { at: '2026-05-01T00:00:00.000Z', tier: 'B', orders: 1, seats: 1, amountFen: 10_000 },
      { at: '2026-05-01T00:05:00.000Z', tier: 'B', orders: 1, seats: 1, amountFen: 10_000 },
    ],
    orders: { PAID: 4, LOCKED: 1 },
  });
});

test('takes longer steps where there would be too many', async () => {
  const sale = freshSale();
  const atMs = [0, 1, 2, 3].map((i) => DAY + i * 500 * MINUTE);
  await sold(
    sale,
    atMs.map((at, i) => [at, 'A', [i]]),
  );
  const asked = { sessionId: sale, stepMs: 7_000 };
  const { stepMs, items } = await asOperator('order.sales', asked);
  expect(stepMs).toBe(49_000); // 1,500 minutes in at most 1,999 steps of a multiple of 7 s
  expect(items.map(({ at }) => Date.parse(at))).toEqual(
    atMs.map((at) => Math.floor(at / stepMs) * stepMs),
  );
});

test('answers nobody who may not ask, and with no tag of something else', async () => {
  const sale = freshSale();
  const as = (user?: { uid: string; role: 'buyer' | 'organiser' }) => ({ ...(user && { user }) });
  const boris = { uid: 'boris', role: 'organiser' as const };
  const sales = (meta: Record<string, unknown>) =>
    node.ask('order.sales', { sessionId: sale }, undefined, meta);
  expect(await wordFrom(sales(as(boris)))).toBe('NOT_FOUND');
  expect(await wordFrom(sales(as()))).toBe('UNAUTHENTICATED');
  const meta: Record<string, unknown> = { ...ANNA };
  await sales(meta);
  expect(meta).not.toHaveProperty('$responseHeaders');
  const asks = [
    ['order.search', {}],
    ['order.freeSeat', { sessionId: sale, seat: 0, reason: 'r' }],
  ] as const;
  for (const role of ['buyer', 'organiser'] as const)
    for (const [name, params] of asks) {
      const asked = node.ask(name, params, undefined, as({ uid: 'u', role }));
      expect(await wordFrom(asked), `${role} ${name}`).toBe('FORBIDDEN');
    }
  const nameless = node.ask('order.freeSeat', { sessionId: sale, seat: 0, reason: 'r' });
  expect(await wordFrom(nameless)).toBe('UNAUTHENTICATED');
  expect(await wordFrom(free(sale, 0, '  '))).toBe('VALIDATION_ERROR');
});
