/** What becomes of a lock: sold, released, or due. Only for the order that holds it, and once. */
import { afterEach, describe, expect, it } from 'vitest';
import { audit } from './audit.ts';
import { drawnHall } from './hall.ts';
import { SALE, type Stage, stage } from './stage.ts';

const HALL = drawnHall(['AAAA', 'AA BB']);
let on: Stage;
afterEach(() => on.end());

/** An act that must change nothing and say so. */
const unchanged = async (act: () => Promise<{ changed: boolean }>) => {
  const before = await on.dump();
  expect(await act()).toEqual({ changed: false });
  expect(await on.dump()).toEqual(before);
};

describe('a sale of the seats', () => {
  it('marks them SOLD, keeps the buyer’s count, ends the deadline and says so once', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [1, 2, 8] });
    expect(await on.arbiter.sell(SALE, orderId)).toEqual({ changed: true });
    expect(await on.marks()).toBe('0220-00-20');
    expect(await on.arbiter.hold(SALE, orderId)).toMatchObject({ state: 'SOLD', uid: 'a' });
    expect((await on.messages('seat.moved')).at(-1)).toMatchObject({
      ...{ type: 'sold', sale: SALE, epoch: 1, version: 2, orderId, uid: 'a', to: '2' },
      seats: [1, 2, 8],
    });
    expect(await audit(on, HALL)).toEqual([]);
    await unchanged(() => on.arbiter.sell(SALE, orderId));
    await unchanged(() => on.arbiter.release(SALE, orderId, 'CANCELLED'));
  });

  it('does nothing for an order that was released, or never was', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [1] });
    await on.arbiter.release(SALE, orderId, 'TIMEOUT_CANCELLED');
    await unchanged(() => on.arbiter.sell(SALE, orderId));
    await unchanged(() => on.arbiter.sell(SALE, 'nobody'));
    await unchanged(() => on.arbiter.sell('fedcba9876543210', orderId));
  });

  it('does nothing when a seat of the order has another owner', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [1, 2] });
    await on.redis.hset(on.keys.ofSale(SALE).owners, '2', 'somebody-else');
    await unchanged(() => on.arbiter.sell(SALE, orderId));
  });

  it('does nothing when a seat of the order is not LOCKED', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [1, 2] });
    await on.redis.setrange(on.keys.ofSale(SALE).seats, 2, '2');
    await unchanged(() => on.arbiter.sell(SALE, orderId));
  });
});

describe('a release', () => {
  it('frees the seats, the buyer’s count and the deadline, and tells why', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [1, 2, 8] });
    await on.lock('a', { seats: [0] });
    expect(await on.arbiter.release(SALE, orderId, 'CANCELLED')).toEqual({ changed: true });
    expect(await on.marks()).toBe('1000-00-00');
    expect(await on.arbiter.hold(SALE, orderId)).toMatchObject({ state: 'RELEASED' });
    expect((await on.messages('seat.moved')).at(-1)).toMatchObject({
      ...{ type: 'released', version: 3, orderId, uid: 'a', to: '0', reason: 'CANCELLED' },
      seats: [1, 2, 8],
    });
    expect(await audit(on, HALL)).toEqual([]);
    await unchanged(() => on.arbiter.release(SALE, orderId, 'CANCELLED'));
  });

  it('that comes late leaves the seats to whoever locked them since', async () => {
    on = await stage(HALL);
    const first = await on.lock('a', { seats: [1, 2] });
    await on.arbiter.release(SALE, first.orderId, 'TIMEOUT_CANCELLED');
    await on.lock('b', { seats: [1, 2] });
    await unchanged(() => on.arbiter.release(SALE, first.orderId, 'TIMEOUT_CANCELLED'));
  });

  it('frees only the seats the order still owns', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [1, 2] });
    await on.redis.hset(on.keys.ofSale(SALE).owners, '2', 'somebody-else');
    expect(await on.arbiter.release(SALE, orderId, 'CANCELLED')).toEqual({ changed: true });
    expect(await on.marks()).toBe('0010-00-00');
    expect((await on.messages('seat.moved')).at(-1)).toMatchObject({ seats: [1] });
  });

  it('takes the sold-out flag down', async () => {
    on = await stage(drawnHall(['AB']));
    const { flags } = on.keys.ofShard(0);
    const { orderId } = await on.lock('a', { seats: [0] });
    await on.lock('b', { seats: [1] });
    expect(await on.redis.hget(flags, SALE)).toMatch(/1$/);
    await on.arbiter.release(SALE, orderId, 'CANCELLED');
    expect(await on.redis.hget(flags, SALE)).toMatch(/0$/);
  });

  it('works while the sale is paused, closed, or its Redis is not the recorded one', async () => {
    on = await stage(HALL);
    const orders = [];
    for (const seat of [0, 1, 2]) orders.push((await on.lock('a', { seats: [seat] })).orderId);
    await on.redis.del(on.keys.ofShard(0).epoch);
    for (const to of ['PAUSED', 'CLOSED'] as const) {
      await on.arbiter.turn(SALE, to);
      expect(await on.arbiter.release(SALE, orders.pop()!, 'lost')).toEqual({ changed: true });
    }
    expect(await on.arbiter.sell(SALE, orders.pop()!)).toEqual({ changed: true });
  });
});

describe('a deadline', () => {
  const LOCK_MS = 5_000;
  const due = async (nowMs: number, limit = 10) =>
    (await on.arbiter.due(SALE, limit, 2_000, nowMs)).posted;

  it('is posted when it is due, again later, and no more once the hold has ended', async () => {
    on = await stage(HALL, { lockMs: LOCK_MS });
    const { orderId, deadlineMs } = await on.lock('a', { seats: [0] });
    expect(await due(deadlineMs - 1)).toBe(0);
    expect(await due(deadlineMs)).toBe(1);
    expect(await due(deadlineMs + 1_999)).toBe(0);
    expect(await due(deadlineMs + 2_000)).toBe(1);
    // 2 s late now: said again only when it is 4 s late
    expect(await due(deadlineMs + 3_999)).toBe(0);
    expect(await due(deadlineMs + 4_000)).toBe(1);
    expect(await on.messages('deadline.due')).toEqual([
      { sale: SALE, orderId, deadlineMs },
      { sale: SALE, orderId, deadlineMs },
      { sale: SALE, orderId, deadlineMs },
    ]);
    await on.arbiter.release(SALE, orderId, 'TIMEOUT_CANCELLED');
    expect(await due(deadlineMs + 60_000)).toBe(0);
  });

  it('is posted oldest first, so many at once as asked', async () => {
    on = await stage(HALL, { lockMs: LOCK_MS });
    const nowMs = Date.now();
    for (const seat of [3, 1, 2])
      await on.lock('a', { seats: [seat], orderId: `o${seat}`, nowMs: nowMs + seat });
    expect(await due(nowMs + LOCK_MS + 10, 2)).toBe(2);
    const posted = await on.messages('deadline.due');
    expect(posted.map(({ orderId }) => orderId)).toEqual(['o1', 'o2']);
    expect(await due(nowMs + LOCK_MS + 10, 2)).toBe(1);
  });

  it('of a sale that is not there is not posted', async () => {
    on = await stage(HALL);
    expect(await on.arbiter.due('fedcba9876543210', 10, 1_000)).toEqual({ posted: 0 });
    expect(await on.arbiter.late('fedcba9876543210', 0, 10)).toEqual([]);
  });

  it('that nobody heeded makes its hold late, oldest first, also after it was posted', async () => {
    on = await stage(HALL, { lockMs: LOCK_MS });
    const nowMs = Date.now();
    const at = (seconds: number) => nowMs - LOCK_MS - seconds * 1_000;
    await on.lock('a', { seats: [0], orderId: 'late1', nowMs: at(20) });
    await on.lock('a', { seats: [1], orderId: 'late2', nowMs: at(40) });
    await on.lock('a', { seats: [2], orderId: 'justDue', nowMs: at(1) });
    await on.lock('a', { seats: [3], orderId: 'notDue' });
    await due(nowMs);
    const late = await on.arbiter.late(SALE, 10_000, 10);
    expect(late.map(({ orderId }) => orderId)).toEqual(['late2', 'late1']);
    expect(late[0]).toMatchObject({ uid: 'a', state: 'LOCKED', seats: [{ seat: 1 }] });
    expect(await on.arbiter.late(SALE, 10_000, 1)).toHaveLength(1);
  });
});
