/**
 * Seed §7.4 and design §4: an arbiter that lost its last second, or everything, heals from MySQL;
 * nobody buys a seat twice, nobody who paid is without one.
 */
import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { comeToBuy, later, openSession, statesOf, until } from '../flow/visitor.ts';
import { PATIENCE_MS, useFailing } from './failing.ts';

const failing = useFailing();
const openSale = (over: object = {}) =>
  openSession(failing().hall, { lockMs: 60_000, reservationRequired: true, ...over });

/** The key every lock here is sent with. */
const ONCE = { 'idempotency-key': 'once' };

/** A lock that has become an order. */
async function order(sale: string, seats: number[]) {
  const buyer = await comeToBuy(failing().stack.url, sale);
  const { orderId } = await buyer.made(
    `/sessions/${sale}/locks`,
    { seats },
    { 'x-permit': buyer.permit, ...ONCE },
  );
  await failing().verdictIs(orderId, 'ORDERED');
  return { buyer, orderId: orderId as string };
}
async function paid(sale: string, seats: number[]) {
  const bought = await order(sale, seats);
  await bought.buyer.pay(bought.orderId);
  await failing().seatBecomes(sale, seats[0]!, '2');
  return bought;
}
const dataDir = () => join(failing().stack.runDir, 'data/arbiter');
const appended = () => {
  const folder = join(dataDir(), 'appendonlydir');
  const name = readdirSync(folder).find((file) => file.endsWith('.incr.aof'))!;
  return join(folder, name);
};
/** Waits until locks are given again. */
const healed = () =>
  until(
    'adopted',
    PATIENCE_MS,
    async () => {
      const { redis, keys } = failing();
      const [info, known] = await Promise.all([
        redis.info('server'),
        redis.hgetall(keys.ofShard(0).epoch),
      ]);
      return info.includes(`run_id:${known.runId}`);
    },
    Boolean,
  );
const incidents = () => failing().rows('SELECT * FROM arbiter_incidents ORDER BY epoch');

describe('§7.4 the arbiter', () => {
  it('has lost everything: sales, reservations, locks and sold seats are there again', async () => {
    const { stack, takeAway, bringBack } = failing();
    const sale = await openSale();
    const held = await order(sale, [0, 1]);
    const sold = await paid(sale, [4, 5]);
    const gone = await order(sale, [7]);
    await gone.buyer.made(`/orders/${gone.orderId}/cancel`);
    const paused = await openSale();
    await failing().hall.organiser.made(`/admin/sessions/${paused}/pause`);
    await failing().seatBecomes(sale, 7, '0');
    const states = await statesOf(stack.url, sale);

    await takeAway('arbiter');
    rmSync(dataDir(), { recursive: true });
    await bringBack('arbiter');
    await healed();
    expect(await statesOf(stack.url, sale)).toBe(states);
    expect((await held.buyer.get(`/sessions/${paused}/sale`)).body.state).toBe('PAUSED');
    // who reserved still has, the limit still counts, a lock ends as it would have
    expect((await held.buyer.post(`/sessions/${sale}/permits`)).status).toBe(201);
    const more = await held.buyer.lock({ seats: [20, 21, 22] });
    expect(more.body).toMatchObject({ code: 'LIMIT_REACHED', held: 2 });
    const again = await held.buyer.lock({ seats: [0, 1] }, ONCE);
    expect(again).toMatchObject({ status: 200, body: { orderId: held.orderId } });
    await held.buyer.pay(held.orderId);
    await failing().seatBecomes(sale, 0, '2');
    expect((await sold.buyer.order(sold.orderId)).body.state).toBe('PAID');
    const [last] = (await incidents()).slice(-1);
    expect(last).toMatchObject({ repairedAt: expect.any(Date) });
  });

  it('has lost its last second: each accepted lock is an order, or has a reason', async () => {
    const { stack, redis, takeAway, bringBack, stateOf, verdict } = failing();
    const sale = await openSale();
    const kept = await order(sale, [0]);
    const { size } = statSync(appended());
    const lost = await order(sale, [1]); // MySQL has it, Redis will not
    const sold = await paid(sale, [2]);
    await takeAway('order-1', 'order-2');
    const buyer = await comeToBuy(stack.url, sale);
    const forgotten = await buyer.lock({ seats: [3] }); // nobody will have it
    expect(forgotten.status).toBe(201);
    await takeAway('arbiter');
    truncateSync(appended(), size);
    await bringBack('arbiter', 'order-1', 'order-2');
    await healed();
    expect(await stateOf(lost.orderId)).toBe('LOCKED');
    for (const [seat, mark] of [
      ['0', '1'],
      ['1', '1'],
      ['2', '2'],
      ['3', '0'],
    ] as const)
      await failing().seatBecomes(sale, Number(seat), mark);
    // a lock that only the client remembers has a verdict in the end
    await sleep(11_000 - (Date.now() - Date.parse(forgotten.headers.date!)));
    const told = await later(() => buyer.order(forgotten.body.orderId));
    expect(told).toMatchObject({ status: 410, body: { code: 'ORDER_ABORTED', reason: 'lost' } });
    expect(await verdict(forgotten.body.orderId)).toMatchObject({ verdict: 'ABORTED' });
    expect((await kept.buyer.order(kept.orderId)).body.state).toBe('LOCKED');
    expect((await sold.buyer.order(sold.orderId)).body.state).toBe('PAID');
    expect(await redis.hget(failing().keys.ofSale(sale).owners, '2')).toBe(sold.orderId);
  });

  it('is emptied while it runs: nothing is locked before it is whole again', async () => {
    const { stack, redis } = failing();
    const sale = await openSale();
    const sold = await paid(sale, [4]);
    const before = (await incidents()).length;
    await sleep(2_500); // a repair that has just ended is not begun again
    await redis.flushall();
    const buyer = sold.buyer;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => buyer.lock({ seats: [4] }).then(({ body }) => body.code)),
    );
    expect(new Set(answers)).toEqual(new Set(['ARBITER_AWAY']));
    await healed();
    expect((await statesOf(stack.url, sale))[4]).toBe('2');
    expect((await buyer.lock({ seats: [4] })).body.code).toBe('SEAT_TAKEN');
    expect(await incidents()).toHaveLength(before + 1);
  });
});
