/**
 * Seed §7.2, failure by failure, on the whole system. Each test first takes the mechanism away
 * that is meant to save the day and sees that nothing does, then brings it back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ChannelName } from '../../contracts/channels.ts';
import { fold, openHallStream } from '../flow/hall-stream.ts';
import { type Buyer, comeToBuy, openSession, statesOf, until } from '../flow/visitor.ts';
import { LOCK_MS, PAST_MS, PATIENCE_MS, useFailing } from './failing.ts';

const ORDERS = ['order-1', 'order-2'];
const SCHEDULERS = ['scheduler-1', 'scheduler-2'];
const failing = useFailing();

const openSale = () => openSession(failing().hall, { lockMs: LOCK_MS, reservationRequired: false });
const come = (sale: string) => comeToBuy(failing().stack.url, sale);
/** A lock the buyer has been told of. */
async function locked(sale: string, seats: number[]) {
  const buyer = await come(sale);
  const { orderId } = await buyer.made(
    `/sessions/${sale}/locks`,
    { seats },
    {
      'x-permit': buyer.permit,
    },
  );
  return { buyer, orderId: orderId as string, lockedAtMs: Date.now() };
}
/** The door refuses while orders are behind: what an earlier test left is caught up first. */
const lockAnyway = (buyer: Buyer, sale: string, seat: number) =>
  buyer.made(`/sessions/${sale}/locks`, { seats: [seat] }, { 'x-permit': buyer.permit });
/** Until the deadline is so far behind that whoever acts has acted. */
const passDeadline = (lockedAtMs: number) =>
  sleep(Math.max(0, lockedAtMs + LOCK_MS + PAST_MS - Date.now()));
const ordered = async ({ orderId }: { orderId: string }) => failing().verdictIs(orderId, 'ORDERED');

describe('§7.2.1 the seat is locked, and its message is lost', () => {
  it('the sweep for locks without an order frees it, and the buyer is told', async () => {
    const { takeAway, bringBack, redis, stream, seat, seatBecomes, verdictIs } = failing();
    const sale = await openSale();
    await takeAway(...ORDERS);
    const lock = await locked(sale, [0]);
    await redis.del(stream('seat.moved'));
    await takeAway(...SCHEDULERS);
    await bringBack(...ORDERS);
    await passDeadline(lock.lockedAtMs);
    // without the sweep and the deadlines it would be locked for ever
    expect(await seat(sale, 0)).toEqual({ mark: '1', orderId: lock.orderId });

    await bringBack(...SCHEDULERS);
    await seatBecomes(sale, 0, '0');
    await verdictIs(lock.orderId, 'ABORTED', 'orphan');
    const told = await lock.buyer.order(lock.orderId);
    expect(told).toMatchObject({ status: 410, body: { code: 'ORDER_ABORTED', reason: 'orphan' } });
    // the seat is anybody's again
    expect((await (await come(sale)).lock({ seats: [0] })).status).toBe(201);
  });
});

describe('§7.2.2 the message is there, and the transaction of the order fails', () => {
  it('a database that comes back in time: the message makes the order', async () => {
    const { takeAway, bringBack, verdict, stateOf, seat } = failing();
    const sale = await openSession(failing().hall, { lockMs: 60_000, reservationRequired: false });
    const buyer = await come(sale);
    await takeAway('mariadb');
    const { orderId } = await lockAnyway(buyer, sale, 1);
    await takeAway(...ORDERS);
    await bringBack('mariadb');
    // nobody hears the message: nobody knows of an order
    await sleep(2_000);
    expect(await verdict(orderId)).toBeUndefined();
    await bringBack(...ORDERS);
    await ordered({ orderId });
    expect(await stateOf(orderId)).toBe('LOCKED');
    expect(await seat(sale, 1)).toEqual({ mark: '1', orderId });
  });

  it('a database that comes back too late: the lock never becomes an order', async () => {
    const { takeAway, bringBack, seat, seatBecomes, verdictIs, stateOf } = failing();
    const sale = await openSale();
    const buyer = await come(sale);
    await takeAway('mariadb');
    const { orderId } = await lockAnyway(buyer, sale, 2);
    // what needs the database says that it may be tried again
    for (const answer of [
      await buyer.order(orderId),
      await buyer.post(`/orders/${orderId}/cancel`),
      await failing().hall.organiser.post('/admin/shows', { title: 'x', category: 'x' }),
    ])
      expect(answer).toMatchObject({ status: 503, body: { code: 'BUSY' } });
    await passDeadline(Date.now());
    // no database, no verdict: a seat is not freed because nobody can say whose it is
    expect(await seat(sale, 2)).toEqual({ mark: '1', orderId });
    await bringBack('mariadb');
    await seatBecomes(sale, 2, '0');
    await verdictIs(orderId, 'ABORTED');
    expect(await stateOf(orderId)).toBeUndefined();
  });
});

describe('§7.2.3 messages are delivered again, in any order', () => {
  const HEARD: ChannelName[] = ['seat.moved', 'order.paid', 'order.cancelled', 'deadline.due'];

  it('nothing changes a second time', async () => {
    const { redis, stream, rows, seatBecomes, stateOf } = failing();
    const sale = await openSale();
    const sold = await locked(sale, [3]);
    const gone = await locked(sale, [4]);
    const late = await locked(sale, [5]);
    await ordered(sold);
    await ordered(gone);
    await sold.buyer.pay(sold.orderId);
    await gone.buyer.made(`/orders/${gone.orderId}/cancel`);
    await seatBecomes(sale, 3, '2');
    await seatBecomes(sale, 4, '0');
    await until(
      'the deadline',
      PATIENCE_MS,
      () => stateOf(late.orderId),
      (state) => state === 'TIMEOUT_CANCELLED',
    );
    await seatBecomes(sale, 5, '0');
    const taken = await locked(sale, [4]);
    await ordered(taken);
    const books = async () =>
      JSON.stringify([
        await rows(
          'SELECT * FROM orders WHERE sessionId = ? AND orderId <> ?',
          sale,
          taken.orderId,
        ),
        await rows('SELECT * FROM seat_claims WHERE sessionId = ?', sale),
        await rows('SELECT * FROM buyer_quotas WHERE sessionId = ? ORDER BY uid', sale),
        await rows(
          `SELECT h.* FROM order_history h JOIN orders o USING (orderId)
          WHERE o.sessionId = ? ORDER BY orderId, seq`,
          sale,
        ),
        await rows('SELECT * FROM refunds WHERE orderId = ?', sold.orderId),
      ]);
    const before = await books();
    const states = await statesOf(failing().stack.url, sale);

    // everything about these orders, youngest first, three times over
    for (let again = 0; again < 3; again++)
      for (const channel of HEARD)
        for (const [, fields] of await redis.xrevrange(stream(channel), '+', '-'))
          if (fields.join(' ').includes(sale)) await redis.xadd(stream(channel), '*', ...fields);
    await quiet();
    expect(await books()).toBe(before);
    expect(await statesOf(failing().stack.url, sale)).toBe(states);
    // a payment's events are delivered by the provider as often as it likes
    const { paymentId } = (await sold.buyer.order(sold.orderId)).body.payment;
    for (let again = 0; again < 3; again++)
      await sold.buyer.made(`/sandbox/payments/${paymentId}/succeed`);
    await sleep(1_000);
    expect(await books()).toBe(before);
  });

  it('because a verdict is written once: without it the lock would be an order again', async () => {
    const { redis, stream, rows, stateOf, seatBecomes } = failing();
    const sale = await openSession(failing().hall, { lockMs: 60_000, reservationRequired: false });
    const gone = await locked(sale, [6]);
    await ordered(gone);
    await gone.buyer.made(`/orders/${gone.orderId}/cancel`);
    await seatBecomes(sale, 6, '0');
    for (const table of ['hold_verdicts', 'orders', 'order_seats', 'order_history'])
      await rows(`DELETE FROM ${table} WHERE orderId = ?`, gone.orderId);
    for (const [, fields] of await redis.xrange(stream('seat.moved'), '-', '+'))
      if (fields.join(' ').includes(`"locked","sale":"${sale}`))
        await redis.xadd(stream('seat.moved'), '*', ...fields);
    await until(
      'made again',
      PATIENCE_MS,
      () => stateOf(gone.orderId),
      (state) => state === 'LOCKED',
    );
  });
});

describe('§7.2.4 the deadline is not announced', () => {
  it('the sweep over orders cancels it, the seat comes back', async () => {
    const { redis, keys, takeAway, bringBack, seat, seatBecomes, stateOf } = failing();
    const sale = await openSale();
    const lock = await locked(sale, [7]);
    await ordered(lock);
    // the fast road of this lock: gone, and with it everything the arbiter would remind of
    await redis.zrem(keys.ofSale(sale).deadlines, lock.orderId);
    await takeAway(...SCHEDULERS);
    await passDeadline(lock.lockedAtMs);
    // with neither road the order lives on
    expect(await stateOf(lock.orderId)).toBe('LOCKED');
    expect(await seat(sale, 7)).toEqual({ mark: '1', orderId: lock.orderId });
    await bringBack('scheduler-2');
    await seatBecomes(sale, 7, '0');
    expect(await stateOf(lock.orderId)).toBe('TIMEOUT_CANCELLED');
    await bringBack('scheduler-1');
  });

  it('the message that should free the seats is lost as well: they are found', async () => {
    const { redis, keys, stream, takeAway, bringBack, seat, seatBecomes, stateOf } = failing();
    const sale = await openSale();
    const lock = await locked(sale, [8]);
    await ordered(lock);
    await redis.zrem(keys.ofSale(sale).deadlines, lock.orderId);
    await takeAway('rush-1', 'rush-2');
    await until(
      'the deadline',
      PATIENCE_MS,
      () => stateOf(lock.orderId),
      (state) => state === 'TIMEOUT_CANCELLED',
    );
    await takeAway(...SCHEDULERS);
    await redis.del(stream('order.cancelled'));
    await bringBack('rush-1', 'rush-2');
    await sleep(PAST_MS);
    expect(await seat(sale, 8)).toEqual({ mark: '1', orderId: lock.orderId });
    await bringBack(...SCHEDULERS);
    await seatBecomes(sale, 8, '0');
  });

  it('money was taken and the message that should sell is lost: it is sold', async () => {
    const { redis, stream, takeAway, bringBack, seat, seatBecomes, stateOf } = failing();
    const sale = await openSession(failing().hall, { lockMs: 60_000, reservationRequired: false });
    const lock = await locked(sale, [9]);
    await ordered(lock);
    const { paymentId } = await lock.buyer.made(`/orders/${lock.orderId}/payments`);
    await takeAway('rush-1', 'rush-2', ...SCHEDULERS);
    await lock.buyer.made(`/sandbox/payments/${paymentId}/succeed`);
    await until(
      'paid',
      PATIENCE_MS,
      () => stateOf(lock.orderId),
      (state) => state === 'PAID',
    );
    await until('posted', PATIENCE_MS, () => redis.exists(stream('order.paid')), Boolean);
    await sleep(500);
    await redis.del(stream('order.paid'));
    await bringBack('rush-1', 'rush-2');
    await sleep(PAST_MS);
    expect(await seat(sale, 9)).toEqual({ mark: '1', orderId: lock.orderId });
    await bringBack(...SCHEDULERS);
    await seatBecomes(sale, 9, '2');
  });
});

describe('§7.2.5 nobody is told', () => {
  it('the road works while notification is away; back, it goes on from where it was', async () => {
    const { stack, takeAway, bringBack, seatBecomes } = failing();
    const sale = await openSession(failing().hall, { lockMs: 60_000, reservationRequired: false });
    const stream = await openHallStream(stack.url, sale);
    const before = (await (await come(sale)).get(`/sessions/${sale}/seats`)).body;
    await locked(sale, [1]);
    const heard = () => stream.events.findLast(({ event }) => event === 'seats');
    await until('a delta', PATIENCE_MS, async () => heard(), Boolean);
    const lastId = heard()!.id!;
    await takeAway('live-1');
    stream.close();
    const lock = await locked(sale, [2]);
    await ordered(lock);
    await lock.buyer.pay(lock.orderId);
    await seatBecomes(sale, 2, '2');
    // who cannot be told looks for himself
    expect((await statesOf(stack.url, sale))[2]).toBe('2');

    await bringBack('live-1');
    const after = await openHallStream(stack.url, sale, { 'last-event-id': lastId });
    const folded = () => fold(before, [...stream.events, ...after.events]).states;
    await until(
      'the moves it missed',
      PATIENCE_MS,
      async () => folded()[2],
      (mark) => mark === '2',
    );
    expect(folded()).toBe(await statesOf(stack.url, sale));
    after.close();
  });
});

/** Until every message has been heard. */
async function quiet(): Promise<void> {
  const { redis, stream } = failing();
  const channels: ChannelName[] = ['seat.moved', 'order.paid', 'order.cancelled', 'deadline.due'];
  const waiting = async () => {
    const groups = await Promise.all(
      channels.map((channel) => redis.xinfo('GROUPS', stream(channel)) as Promise<unknown[][]>),
    );
    return groups
      .flat()
      .map((row) => Number(row[row.indexOf('pending') + 1]) + Number(row[row.indexOf('lag') + 1]))
      .reduce((sum, count) => sum + count, 0);
  };
  await until('every message heard', PATIENCE_MS, waiting, (count) => count === 0);
}
