/** What puts a sale right again: each move alone, twice, and against somebody who was quicker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { KeyedRequest } from '../../contracts/channels.ts';
import { SALE_KEYS, type SaleKeyName } from '../../contracts/keys.ts';
import type { Restored } from '../../lua/repairs.ts';
import { audit } from './audit.ts';
import { drawnHall } from './hall.ts';
import { freshOrderId, pricesOf, refusalOf, SALE, type Stage, stage, termsAt } from './stage.ts';

const HALL = drawnHall(['AAAAAA', 'BBBBBB']);
const DEADLINE_MS = Date.now() + 60_000;

let on: Stage;
afterEach(() => on.end());

const lockedFor = (orderId: string, seats: number[], uid = 'ann') => ({
  orderId,
  uid,
  seats,
  deadlineMs: DEADLINE_MS,
  state: 'LOCKED' as const,
});
const soldTo = (orderId: string, seats: number[], uid = 'ann') => ({
  ...lockedFor(orderId, seats, uid),
  state: 'SOLD' as const,
});
const restore = async (order: Restored) => (await on.arbiter.restore(SALE, [order]))[0];
const lose = (...names: SaleKeyName[]) =>
  on.redis.del(...names.map((name) => on.keys.ofSale(SALE)[name]));

describe('restore', () => {
  it('gives an order back what a lock would have left it, and tells the hall', async () => {
    on = await stage(HALL);
    const order = lockedFor(freshOrderId(), [2, 1]);
    expect(await restore(order)).toEqual({ changed: true });
    expect(await on.marks()).toBe('011000-000000');
    const hold = await on.arbiter.hold(SALE, order.orderId);
    expect(hold).toMatchObject({ uid: 'ann', state: 'LOCKED', deadlineMs: DEADLINE_MS });
    expect(hold).toMatchObject({ amountFen: 200, seats: [{ seat: 1, tier: 'A' }, { seat: 2 }] });
    expect((await on.messages('seat.moved')).at(-1)).toMatchObject({
      ...{ type: 'restored', to: '1', seats: [1, 2], epoch: 1, version: 1 },
    });
    expect(await audit(on, HALL)).toEqual([]);
  });

  it('answers the request again that the order comes from', async () => {
    on = await stage(HALL);
    const asked = { seats: [2, 1], idempotencyKey: 'k "1"' };
    const first = await on.lock('ann', asked);
    const { request } = (await on.messages('seat.moved')).at(-1)!;
    expect(request).toEqual({ key: 'k "1"', fingerprint: expect.any(String) });
    await on.arbiter.release(SALE, first.orderId, 'CANCELLED');
    await lose('requests', 'holds');
    const order = { ...lockedFor(first.orderId, [1, 2]), request: request as KeyedRequest };
    expect(await restore(order)).toEqual({ changed: true });
    const { orderId, replayed } = await on.lock('ann', asked);
    expect({ orderId, replayed }).toEqual({ orderId: first.orderId, replayed: true });
    const other = () => on.lock('ann', { ...asked, seats: [3] });
    expect((await refusalOf(on, other)).word).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('again changes nothing', async () => {
    on = await stage(HALL);
    const order = lockedFor(freshOrderId(), [0, 1]);
    await restore(order);
    const before = await on.dump();
    expect(await restore(order)).toEqual({ changed: false });
    expect(await on.dump()).toEqual(before);
  });

  it('leaves a seat to whoever has locked it since, and changes nothing', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('bob', { seats: [1] });
    const before = await on.dump();
    for (const order of [lockedFor('x', [0, 1]), soldTo('x', [0, 1])])
      expect(await restore(order)).toEqual({ changed: false, takenBy: orderId });
    expect(await on.dump()).toEqual(before);
  });

  it('sells what is locked for the order, and what is free, in one move', async () => {
    on = await stage(HALL);
    const order = freshOrderId();
    await restore(lockedFor(order, [0, 1]));
    expect(await restore(soldTo(order, [0, 1, 2]))).toEqual({ changed: true });
    expect(await on.marks()).toBe('222000-000000');
    expect(await audit(on, HALL)).toEqual([]);
  });

  it('never makes a sold seat a locked one', async () => {
    on = await stage(HALL);
    const order = freshOrderId();
    await restore(soldTo(order, [0]));
    expect(await restore(lockedFor(order, [0]))).toEqual({ changed: false });
    expect(await on.marks()).toBe('200000-000000');
  });

  it('ends as the order ends: released once, then late', async () => {
    on = await stage(HALL);
    const order = lockedFor(freshOrderId(), [7, 8]);
    await restore(order);
    expect(await on.arbiter.release(SALE, order.orderId, 'CANCELLED')).toEqual({ changed: true });
    expect(await on.arbiter.release(SALE, order.orderId, 'CANCELLED')).toEqual({ changed: false });
    expect(await audit(on, HALL)).toEqual([]);
  });

  it('gives nothing back to an order that has released it: that order ended', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('ann', { seats: [0] });
    await on.arbiter.release(SALE, orderId, 'CANCELLED');
    expect(await restore(lockedFor(orderId, [0]))).toEqual({ changed: false });
    expect(await on.marks()).toBe('000000-000000');
    // money has the last word all the same
    expect(await restore(soldTo(orderId, [0]))).toEqual({ changed: true });
  });

  it('makes the deadline of the order due again', async () => {
    on = await stage(HALL);
    const order = lockedFor(freshOrderId(), [0]);
    await restore(order);
    await on.arbiter.due(SALE, 10, 1_000, DEADLINE_MS + 1);
    expect(await on.messages('deadline.due')).toMatchObject([{ orderId: order.orderId }]);
  });

  it('of the last free seats says that the sale is sold out', async () => {
    on = await stage(drawnHall(['AA']));
    await restore(lockedFor(freshOrderId(), [0, 1]));
    expect((await on.arbiter.view(SALE)).state).toBe('SOLD_OUT');
    expect(await audit(on, drawnHall(['AA']))).toEqual([]);
  });

  it('gives many orders theirs at once, each all or none, with a result for each', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('bob', { seats: [4] });
    const orders = [lockedFor('a', [0, 1]), lockedFor('b', [3, 4]), soldTo('c', [9], 'cat')];
    const twice = [...orders, orders[0]!];
    expect(await on.arbiter.restore(SALE, twice)).toEqual([
      ...[{ changed: true }, { changed: false, takenBy: orderId }, { changed: true }],
      { changed: false },
    ]);
    expect(await on.marks()).toBe('110010-002000');
    expect(await audit(on, HALL)).toEqual([]);
    const many = Array.from({ length: 5 }, (_, i) => soldTo(`m${i}`, [[2, 3, 5, 7, 8][i]!]));
    await on.arbiter.restore(SALE, many, true);
    expect((await on.messages('seat.moved')).length).toBe(3);
  });

  it('of seats that the hall does not have changes nothing, and says so', async () => {
    on = await stage(HALL);
    const before = await on.dump();
    expect(await restore(lockedFor('x', [0, 6]))).toEqual({ changed: false, unknown: true });
    expect(await on.dump()).toEqual(before);
  });
});

describe('occupied', () => {
  it('names every seat that is not free, with its mark and owner', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('ann', { seats: [0, 1] });
    const other = soldTo(freshOrderId(), [12]);
    await restore(other);
    expect([...(await on.arbiter.occupied(SALE))]).toEqual([
      [0, { mark: '1', orderId }],
      [1, { mark: '1', orderId }],
      [12, { mark: '2', orderId: other.orderId }],
    ]);
  });

  it('says which seat has a mark and no owner', async () => {
    on = await stage(HALL);
    await on.redis.setrange(on.keys.ofSale(SALE).seats, 3, '1');
    expect((await on.arbiter.occupied(SALE)).get(3)).toEqual({ mark: '1', orderId: '' });
  });
});

describe('recount', () => {
  it('of a sale that adds up changes nothing and tells nobody', async () => {
    on = await stage(HALL);
    await on.lock('ann', { seats: [0, 1] });
    await restore(soldTo(freshOrderId(), [9]));
    const before = await on.dump();
    expect(await on.arbiter.recount(SALE)).toEqual({ corrected: 0 });
    expect(await on.dump()).toEqual(before);
  });

  it('makes everything agree with the holds, whatever was lost or overwritten', async () => {
    on = await stage(HALL);
    const of = on.keys.ofSale(SALE);
    const { orderId } = await on.lock('ann', { seats: [0, 1] });
    await on.lock('bob', { best: { count: 3, tier: 'B' } });
    const version = (await on.arbiter.snapshot(SALE)).version;
    await on.redis.setrange(of.seats, 1, '0');
    await on.redis.setrange(of.seats, 4, '2');
    await on.redis.hset(of.owners, 5, 'nobody');
    await on.redis.hset(of.buyers, 'ann', 5, 'zed', 2);
    await lose('deadlines');
    await on.redis.set(of.runs, '99');
    await on.redis.hset(of.meta, 'left:0', 77);
    expect(await on.arbiter.count(SALE)).toMatchObject({ free: 7, left: 80 });
    expect(await on.arbiter.recount(SALE)).toEqual({ corrected: 2 });
    expect(await on.marks()).toMatch(/^110000-/);
    expect(await on.arbiter.hold(SALE, orderId)).toMatchObject({ state: 'LOCKED' });
    // the version skips one, so that every reader reads the hall again
    expect((await on.arbiter.snapshot(SALE)).version).toBe(version + 2);
    const faults = await audit(on, HALL);
    expect(faults.filter((fault) => !fault.startsWith('version'))).toEqual([]);
  });
});

describe('announce', () => {
  it('tells every reader to read the hall again, under the new epoch', async () => {
    on = await stage(HALL);
    await on.arbiter.freeze(0, 2);
    await on.arbiter.announce(SALE);
    expect((await on.arbiter.snapshot(SALE)).version).toBe(2);
    expect((await on.messages('seat.moved')).at(-1)).toMatchObject({
      ...{ type: 'restored', epoch: 2, seats: [] },
    });
  });
});

describe('enrol', () => {
  it('puts buyers into the pool and the filter once, at the moment they reserved', async () => {
    on = await stage(HALL);
    const first = await on.arbiter.reserve(SALE, 'ann');
    const bits = await on.redis.getBuffer(on.keys.ofSale(SALE).bloom);
    const buyers = [
      { uid: 'ann', reservedAtMs: 1 },
      ...Array.from({ length: 600 }, (_, i) => ({ uid: `u${i}`, reservedAtMs: 1_000 + i })),
    ];
    expect(await on.arbiter.enrol(SALE, buyers)).toEqual({ added: 600 });
    expect(await on.arbiter.enrol(SALE, buyers)).toEqual({ added: 0 });
    expect(await on.arbiter.count(SALE)).toMatchObject({ reservations: 601 });
    const again = await on.arbiter.reserve(SALE, 'ann');
    expect(again).toEqual({ reservedAtMs: first.reservedAtMs, created: false });
    const after = (await on.redis.getBuffer(on.keys.ofSale(SALE).bloom))!;
    expect(after.length).toBeGreaterThanOrEqual(bits!.length);
    await lose('reserved', 'bloom');
    await on.redis.hset(on.keys.ofSale(SALE).meta, 'reservations', 0);
    await on.arbiter.enrol(SALE, buyers);
    expect(await on.redis.getBuffer(on.keys.ofSale(SALE).bloom)).toEqual(after);
  });
});

describe('a sale that has lost a part of itself', () => {
  const PARTS = ['meta', 'seats', 'plan', 'segments', 'runs', 'tiers'] as const;

  it.each(PARTS)('is not whole without its %s, and opens again', async (part) => {
    expect(Object.keys(SALE_KEYS)).toContain(part);
    on = await stage(HALL);
    const order = await on.lock('ann', { seats: [0, 1] });
    await lose(part);
    expect(await on.arbiter.count(SALE)).toMatchObject({ whole: false, leftover: 2 });
    const terms = termsAt(Date.now());
    const opened = await on.arbiter.open(SALE, HALL, pricesOf(HALL), terms, 'PAUSED');
    expect(opened).toEqual({ created: true });
    expect((await refusalOf(on, () => on.lock('bob', { seats: [4] }))).word).toBe('SALE_PAUSED');
    await on.arbiter.recount(SALE);
    expect(await on.arbiter.hold(SALE, order.orderId)).toMatchObject({ state: 'LOCKED' });
    expect(await on.marks()).toBe('110000-000000');
    const faults = await audit(on, HALL);
    expect(faults.filter((fault) => !fault.startsWith('version'))).toEqual([]);
  });
});

describe('a frozen shard', () => {
  it('locks nothing until it is adopted, sells and releases all the same', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('ann', { seats: [0] });
    expect(await on.arbiter.freeze(0, 2)).toEqual({ changed: true });
    expect(await on.arbiter.epoch(0)).toEqual({ runId: '', epoch: 2 });
    const act = () => on.lock('bob', { seats: [1] });
    expect((await refusalOf(on, act)).word).toBe('ARBITER_AWAY');
    expect(await on.arbiter.release(SALE, orderId, 'CANCELLED')).toEqual({ changed: true });
    expect((await on.messages('seat.moved')).at(-1)).toMatchObject({ type: 'released', epoch: 2 });
    expect(await on.arbiter.freeze(0, 2)).toEqual({ changed: true });
    expect(await on.arbiter.adopt(0, 2)).toEqual({ changed: true });
    await act();
  });

  it('is not frozen again by who was slower, nor adopted under an older epoch', async () => {
    on = await stage(HALL);
    expect(await on.arbiter.freeze(0, 1)).toEqual({ changed: false });
    await on.arbiter.freeze(0, 3);
    expect(await on.arbiter.adopt(0, 2)).toEqual({ changed: false });
    expect(await on.arbiter.freeze(0, 2)).toEqual({ changed: false });
    await on.arbiter.adopt(0, 3);
    expect(await on.arbiter.freeze(0, 3)).toEqual({ changed: false });
    expect((await on.arbiter.epoch(0))?.runId).toBe(await on.arbiter.runId());
  });

  it('leaps where no reader has been at the first move of a run nobody adopted', async () => {
    on = await stage(HALL);
    const orders = [];
    for (const seat of [0, 1, 2]) orders.push((await on.lock('ann', { seats: [seat] })).orderId);
    const last = async () => (await on.messages('seat.moved')).at(-1)?.version;
    await on.arbiter.adopt(0, 2, 'f'.repeat(40));
    const beforeMs = Date.now();
    await on.arbiter.sell(SALE, orders[0]!);
    const leapt = Number(await last());
    expect(leapt).toBeGreaterThan(beforeMs + 1_000_000);
    expect((await on.arbiter.snapshot(SALE)).version).toBe(leapt);
    await on.arbiter.release(SALE, orders[1]!, 'CANCELLED');
    expect(await last()).toBe(leapt + 1);
    // And again, when all of that was lost with its run: Redis takes a while to start.
    await on.redis.hset(on.keys.ofSale(SALE).meta, { version: 3, leapt: 'e'.repeat(40) });
    await sleep(10);
    expect(await restore(lockedFor(freshOrderId(), [4], 'bob'))).toEqual({ changed: true });
    expect(Number(await last())).toBeGreaterThan(leapt + 1);
  });

  it('that was adopted for another run of Redis still locks nothing', async () => {
    on = await stage(HALL);
    await on.arbiter.freeze(0, 2);
    await on.arbiter.adopt(0, 2, 'f'.repeat(40));
    expect((await refusalOf(on, () => on.lock('bob', { seats: [1] }))).word).toBe('ARBITER_AWAY');
  });
});
