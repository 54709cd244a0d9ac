/** One seat, all the way: reservation, permit, lock, order, payment, SOLD; and every way back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../support/stack.ts';
import { fold, openHallStream } from './hall-stream.ts';
import {
  buildHall,
  comeToBuy,
  type Hall,
  later,
  openSession,
  plainPlan,
  signIn,
  statesOf,
  until,
  Visitor,
} from './visitor.ts';

let stack: Stack;
let hall: Hall;
beforeAll(async () => {
  stack = await startStack();
  hall = await buildHall(stack.url, plainPlan(4, 10, 6));
});
afterAll(() => stack?.stop());

type SaleNow = { state: string; left: Record<string, number> };
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const states = (sessionId: string) => statesOf(stack.url, sessionId);

describe('a seat that is bought', () => {
  it('goes AVAILABLE → LOCKED → SOLD, and its order INIT → LOCKED → PAYING → PAID', async () => {
    const sessionId = await openSession(hall);
    const buyer = await comeToBuy(stack.url, sessionId);
    const stream = await openHallStream(stack.url, sessionId);
    const before = (await buyer.get(`/sessions/${sessionId}/seats`)).body;

    const locked = await buyer.lock({ best: { count: 2, tier: 'Front' } });
    expect(locked.status).toBe(201);
    const { orderId, seats } = locked.body;
    expect(locked.body).toMatchObject({
      sessionId,
      amountFen: 136_000,
      adjacent: true,
      deadline: expect.stringMatching(TIME),
      version: expect.any(Number),
    });
    expect(seats).toHaveLength(2);
    for (const seat of seats)
      expect(seat).toEqual({
        seat: expect.any(Number),
        label: expect.any(String),
        tier: 'Front',
        priceFen: 68_000,
      });

    const fresh = await buyer.order(orderId);
    expect(fresh.status).toBe(200);
    expect(['INIT', 'LOCKED']).toContain(fresh.body.state);
    const marks = (text: string) => seats.map(({ seat }: { seat: number }) => text[seat]).join('');
    expect(marks(await states(sessionId))).toBe('11');

    const payment = await buyer.post(
      `/orders/${orderId}/payments`,
      {},
      { 'idempotency-key': 'p1' },
    );
    expect(payment.status).toBe(201);
    expect(payment.body).toMatchObject({
      paymentId: expect.any(String),
      payUrl: expect.stringMatching(/^http/),
      amountFen: 136_000,
      expiresAt: expect.stringMatching(TIME),
    });
    expect((await buyer.order(orderId)).body.state).toBe('LOCKED');

    const paid = await buyer.post(`/sandbox/payments/${payment.body.paymentId}/succeed`);
    expect(paid.status).toBe(202);
    const order = (await buyer.orderIn(orderId, ['PAID'])).body;
    expect(order).toMatchObject({ orderId, sessionId, amountFen: 136_000, seats });
    const path = order.history.map(({ state }: { state: string }) => state);
    expect(path.filter((state: string) => state !== 'INIT')).toEqual(['LOCKED', 'PAYING', 'PAID']);
    for (const step of order.history)
      expect(step).toEqual({
        state: expect.any(String),
        at: expect.stringMatching(TIME),
        by: expect.any(String),
      });

    const sold = await until(
      'seats sold',
      5_000,
      () => states(sessionId),
      (t) => marks(t) === '22',
    );
    const told = await until(
      'the hall told',
      5_000,
      async () => fold(before, stream.events),
      (folded) => folded.states === sold,
    );
    expect(told.version).toBeGreaterThan(before.version);
    for (const { event, id, data } of stream.events.filter(({ event }) => event === 'seats')) {
      expect(id).toBe(`${data.epoch}:${data.v}`);
      expect(data.from).toBeLessThanOrEqual(data.v);
      expect(event).toBe('seats');
    }
    stream.close();

    const again = await buyer.get('/orders');
    expect(again.body.items.map(({ orderId }: { orderId: string }) => orderId)).toEqual([orderId]);
  });

  it('is PAYING once the payment starts, and can then no longer be cancelled', async () => {
    const sessionId = await openSession(hall);
    const buyer = await comeToBuy(stack.url, sessionId);
    const { orderId } = (await buyer.lock({ best: { count: 1, tier: 'Rear' } })).body;
    const { paymentId } = await buyer.made(
      `/orders/${orderId}/payments`,
      {},
      {
        'idempotency-key': 'p1',
      },
    );
    await buyer.made(`/sandbox/payments/${paymentId}/start`);
    await buyer.orderIn(orderId, ['PAYING']);
    const refused = await buyer.post(`/orders/${orderId}/cancel`);
    expect([refused.status, refused.body.code]).toEqual([409, 'ORDER_NOT_CANCELLABLE']);
    await buyer.made(`/sandbox/payments/${paymentId}/succeed`);
    await buyer.orderIn(orderId, ['PAID']);
  });
});

describe('a seat that is not bought', () => {
  it('comes back within lockMs + 2 s, its order TIMEOUT_CANCELLED', async () => {
    const sessionId = await openSession(hall, { lockMs: 5_000 });
    const buyer = await comeToBuy(stack.url, sessionId);
    const { orderId, seats, deadline } = (await buyer.lock({ best: { count: 2, tier: 'Rear' } }))
      .body;
    const lockedAtMs = Date.now();
    expect(Math.abs(Date.parse(deadline) - lockedAtMs - 5_000)).toBeLessThan(1_000);
    const isBack = (text: string) =>
      seats.every(({ seat }: { seat: number }) => text[seat] === '0');
    await until('seats back', 7_000, () => states(sessionId), isBack);
    const tookMs = Date.now() - lockedAtMs;
    expect(tookMs).toBeGreaterThan(4_900);
    expect(tookMs).toBeLessThan(7_000);
    expect((await buyer.orderIn(orderId, ['TIMEOUT_CANCELLED'])).status).toBe(200);
    const other = await comeToBuy(stack.url, sessionId);
    const again = await other.lock({ seats: seats.map(({ seat }: { seat: number }) => seat) });
    expect(again.status).toBe(201);
  });

  it('comes back at once when its order is cancelled, and may be locked by anybody', async () => {
    const sessionId = await openSession(hall);
    const buyer = await comeToBuy(stack.url, sessionId);
    const { orderId, seats } = (await buyer.lock({ best: { count: 4, tier: 'Front' } })).body;
    const cancelled = await buyer.post(`/orders/${orderId}/cancel`);
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toEqual({ orderId, state: 'CANCELLED' });
    const wanted = seats.map(({ seat }: { seat: number }) => seat);
    const isBack = (text: string) => wanted.every((seat: number) => text[seat] === '0');
    await until('seats back', 2_000, () => states(sessionId), isBack);
    expect((await buyer.lock({ seats: wanted })).status).toBe(201);
  });

  it('never comes back once it was paid, however late the deadline is noticed', async () => {
    const sessionId = await openSession(hall, { lockMs: 5_000 });
    const buyer = await comeToBuy(stack.url, sessionId);
    const { orderId, seats } = (await buyer.lock({ best: { count: 1, tier: 'Front' } })).body;
    await buyer.pay(orderId);
    await buyer.orderIn(orderId, ['PAID']);
    await sleep(7_000);
    expect((await states(sessionId))[seats[0].seat]).toBe('2');
    expect((await buyer.order(orderId)).body.state).toBe('PAID');
  });

  it('is missed while all are locked: SOLD_OUT, until one comes back', async () => {
    const sessionId = await openSession(hall, { seatsPerBuyerMax: 6 });
    const anybody = new Visitor(stack.url);
    const saleNow = async (): Promise<SaleNow> =>
      (await anybody.get(`/sessions/${sessionId}/sale`)).body;
    const is = (state: string) => (sale: SaleNow) => sale.state === state;
    expect(await saleNow()).toMatchObject({ state: 'OPEN', left: { Front: 10, Rear: 30 } });
    const orders = [];
    const free = [...(await states(sessionId))].flatMap((mark, seat) =>
      mark === '0' ? [seat] : [],
    );
    for (let i = 0; i < free.length; i += 5) {
      const buyer = await comeToBuy(stack.url, sessionId);
      const { status, body } = await buyer.lock({ seats: free.slice(i, i + 5) });
      expect(status).toBe(201);
      orders.push({ buyer, orderId: body.orderId });
    }
    const sale = await until('sold out', 2_000, saleNow, is('SOLD_OUT'));
    expect(sale.left).toEqual({ Front: 0, Rear: 0 });
    const late = await comeToBuy(stack.url, sessionId);
    const refused = await late.lock({ best: { count: 1, tier: 'Rear' } });
    expect([refused.status, refused.body.code]).toEqual([409, 'SOLD_OUT']);

    const [{ buyer, orderId }] = orders as [(typeof orders)[number]];
    await buyer.made(`/orders/${orderId}/cancel`);
    await until('open again', 2_000, saleNow, is('OPEN'));
    const tried = () => late.lock({ best: { count: 1, tier: 'Front' } });
    const locked = await until('a lock', 2_000, tried, ({ status }) => status === 201);
    expect(locked.body.seats).toHaveLength(1);
  });
});

describe('a crowd', () => {
  it('of 200 fighting for the same 10 seats gets exactly 10, none of them twice', async () => {
    const sessionId = await openSession(hall, { seatsPerBuyerMax: 2 });
    const free = [...(await states(sessionId))].flatMap((mark, seat) =>
      mark === '0' ? [seat] : [],
    );
    const prize = free.slice(0, 10);
    const buyers = await Promise.all(
      Array.from({ length: 200 }, () => comeToBuy(stack.url, sessionId)),
    );
    const answers = await Promise.all(
      buyers.map(async (buyer, i) => {
        const first = i % 10;
        // Half want one seat, half a pair: a pair that lost one seat must lose the other too.
        const seats = i % 2 === 0 ? [prize[first]!] : [prize[first]!, prize[(first + 1) % 10]!];
        const lock = (wanted: number[], key: string) =>
          later(() => buyer.lock({ seats: wanted }, { 'idempotency-key': key }));
        const answer = await lock(seats, 'first');
        if (answer.status === 409 && answer.body.code === 'SEAT_TAKEN') {
          expect(answer.body.lost.length + answer.body.stillAvailable.length).toBe(seats.length);
          return lock([prize.at(-1 - first)!], 'second');
        }
        return answer;
      }),
    );
    // A repeated request whose first answer was lost gets it as 200.
    const locked = answers.filter(({ status }) => status === 201 || status === 200);
    const taken = locked.flatMap(({ body }) =>
      body.seats.map(({ seat }: { seat: number }) => seat),
    );
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.every((seat: number) => prize.includes(seat))).toBe(true);
    const others = answers.filter((answer) => !locked.includes(answer));
    expect(new Set(others.map(({ body }) => body.code))).toEqual(new Set(['SEAT_TAKEN']));
    const after = await states(sessionId);
    expect(after.split('1').length - 1).toBe(taken.length);
    const rest = prize.filter((seat) => after[seat] === '0');
    for (const seat of rest) {
      const buyer = await comeToBuy(stack.url, sessionId);
      expect((await buyer.lock({ seats: [seat] })).status).toBe(201);
    }
    expect((await states(sessionId)).split('1').length - 1).toBe(10);
  });

  it('of 50 copies of one request gets one order', async () => {
    const sessionId = await openSession(hall, { seatsPerBuyerMax: 6 });
    const buyer = await comeToBuy(stack.url, sessionId);
    const ask = () =>
      buyer.lock({ best: { count: 2, tier: 'Rear' } }, { 'idempotency-key': 'the-one' });
    const answers = await Promise.all(Array.from({ length: 50 }, () => later(ask)));
    const counts = [200, 201].map((wanted) => answers.filter(({ status }) => status === wanted));
    // None is 201 when the answer to the first copy was lost on the way and it was sent again.
    expect(counts[1]!.length).toBeLessThanOrEqual(1);
    expect(counts[0]!.length + counts[1]!.length).toBe(50);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await states(sessionId)).split('1').length - 1).toBe(2);
    const { orderId } = answers[0]!.body;
    await buyer.orderIn(orderId, ['LOCKED']);
    expect((await buyer.get('/orders')).body.items).toHaveLength(1);

    await buyer.made(`/orders/${orderId}/cancel`);
    const again = await later(ask);
    expect([again.status, again.body.orderId]).toEqual([200, orderId]);
  });
});

describe('what is not one’s own', () => {
  it('does not exist: another’s order is a 404 to read, to cancel and to pay', async () => {
    const sessionId = await openSession(hall);
    const buyer = await comeToBuy(stack.url, sessionId);
    const { orderId } = (await buyer.lock({ best: { count: 1, tier: 'Rear' } })).body;
    await buyer.orderIn(orderId, ['LOCKED']);
    const stranger = await signIn(stack.url);
    const answers = [
      await stranger.get(`/orders/${orderId}`),
      await stranger.post(`/orders/${orderId}/cancel`),
      await stranger.post(`/orders/${orderId}/payments`, {}, { 'idempotency-key': 'x' }),
    ];
    for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
    expect((await buyer.order(orderId)).body.state).toBe('LOCKED');
    expect((await stranger.get('/orders')).body.items).toEqual([]);
  });
});

describe('the end of everything', () => {
  it('ends an open stream with the time to come back, instead of cutting it', async () => {
    const sessionId = await openSession(hall);
    const answer = await fetch(`${stack.url}/api/v1/sessions/${sessionId}/stream`, {
      headers: { accept: 'text/event-stream' },
    });
    const heard = answer.text();
    await stack.stop();
    expect(await heard).toMatch(/\nretry: \d+\n\n$/);
  });
});
