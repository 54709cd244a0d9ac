/** A sale's own life: opened once, turned, looked at; its reservations; the epoch of its Redis. */
import { hash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { audit } from './audit.ts';
import { drawnHall, plainHall } from './hall.ts';
import { pricesOf, refusalOf, SALE, type Stage, stage, termsAt } from './stage.ts';

const HALL = drawnHall(['AAA', 'AB']);
const OTHER = 'fedcba9876543210';
let on: Stage;
afterEach(() => on.end());

describe('opening a sale', () => {
  it('makes every seat free, and lists it with its terms', async () => {
    on = await stage(HALL, { reservationRequired: true, seatsPerBuyerMax: 2 });
    expect(await on.marks()).toBe('000-00');
    expect(await on.arbiter.sales()).toEqual([SALE]);
    const view = await on.arbiter.view(SALE);
    expect(view).toMatchObject({
      ...{ sale: SALE, switch: 'OPEN', state: 'OPEN', left: { A: 4, B: 1 }, leftTotal: 5 },
      ...{ epoch: 1, version: 0, terms: { reservationRequired: true, seatsPerBuyerMax: 2 } },
    });
    const { terms } = view;
    const flag = [terms.opensAtMs, terms.closesAtMs, terms.reservationClosesAtMs].join(' ');
    expect(await on.redis.hget(on.keys.ofShard(0).flags, SALE)).toBe(`OPEN ${flag} 0`);
    expect(await audit(on, HALL)).toEqual([]);
  });

  it('a second time changes nothing', async () => {
    on = await stage(HALL);
    await on.lock('a', { seats: [0] });
    const before = await on.dump();
    const again = on.arbiter.open(SALE, HALL, { A: 1, B: 1 }, termsAt(0));
    expect(await again).toEqual({ created: false });
    expect(await on.dump()).toEqual(before);
  });

  it('of 100,000 seats is quick, and its seats can be locked', async () => {
    on = await stage(HALL);
    const hall = plainHall(100_000);
    const startedMs = performance.now();
    await on.arbiter.open(OTHER, hall, pricesOf(hall), termsAt(Date.now()));
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    const last = hall.seat.at(-1)!;
    const { seats } = await on.lock('a', { sale: OTHER, seats: [last] });
    expect(seats[0]).toMatchObject({ seat: last, label: 'Row 3334 Seat 10' });
  });
});

describe('the switch', () => {
  it('pauses, resumes and closes, and tells the edge', async () => {
    on = await stage(HALL);
    const { flags } = on.keys.ofShard(0);
    for (const to of ['PAUSED', 'OPEN', 'CLOSED'] as const) {
      expect(await on.arbiter.turn(SALE, to)).toMatchObject({ switch: to, state: to });
      expect(await on.redis.hget(flags, SALE)).toMatch(new RegExp(`^${to} `));
    }
  });

  it('stays closed for ever', async () => {
    on = await stage(HALL);
    await on.arbiter.turn(SALE, 'CLOSED');
    for (const to of ['OPEN', 'PAUSED'] as const)
      expect((await refusalOf(on, () => on.arbiter.turn(SALE, to))).word).toBe('SALE_CLOSED');
    expect(await on.arbiter.turn(SALE, 'CLOSED')).toMatchObject({ switch: 'CLOSED' });
  });

  it('of no sale is no sale', async () => {
    on = await stage(HALL);
    expect((await refusalOf(on, () => on.arbiter.turn(OTHER, 'PAUSED'))).word).toBe('NOT_FOUND');
  });
});

describe('a reservation', () => {
  it('is remembered with its first moment, posted once, and known to the filter', async () => {
    const nowMs = Date.now();
    on = await stage(HALL, termsAt(nowMs));
    const first = await on.arbiter.reserve(SALE, 'buyer', nowMs);
    expect(first).toEqual({ reservedAtMs: nowMs, created: true });
    const again = await on.arbiter.reserve(SALE, 'buyer', nowMs + 5);
    expect(again).toEqual({ reservedAtMs: nowMs, created: false });
    expect(await on.arbiter.isReserved(SALE, 'buyer')).toBe(true);
    expect(await on.arbiter.isReserved(SALE, 'other')).toBe(false);
    expect(await on.messages('reservation.made')).toEqual([
      { sale: SALE, uid: 'buyer', reservedAtMs: nowMs },
    ]);
    const { meta, bloom } = on.keys.ofSale(SALE);
    const [bits, hashes] = (await on.redis.hmget(meta, 'bloomBits', 'bloomHashes')).map(Number);
    const digest = hash('md5', 'buyer', 'buffer');
    for (let i = 0; i < hashes!; i++) {
      const bit = (digest.readUInt32BE(0) + i * digest.readUInt32BE(4)) % bits!;
      expect(await on.redis.getbit(bloom, bit)).toBe(1);
    }
    expect(await on.redis.bitcount(bloom)).toBeLessThanOrEqual(hashes!);
  });

  it('is refused before and after its window, and when the sale is closed', async () => {
    const nowMs = Date.now();
    const { reservationOpensAtMs, reservationClosesAtMs } = termsAt(nowMs);
    on = await stage(HALL, termsAt(nowMs));
    const at = (ms: number) => () => on.arbiter.reserve(SALE, `u${ms}`, ms);
    for (const ms of [reservationOpensAtMs - 1, reservationClosesAtMs])
      expect((await refusalOf(on, at(ms))).word).toBe('RESERVATION_CLOSED');
    for (const ms of [reservationOpensAtMs, reservationClosesAtMs - 1])
      expect(await at(ms)()).toEqual({ reservedAtMs: ms, created: true });
    await on.arbiter.turn(SALE, 'CLOSED');
    expect((await refusalOf(on, at(nowMs))).word).toBe('RESERVATION_CLOSED');
  });

  it('in no sale is no sale', async () => {
    on = await stage(HALL);
    expect((await refusalOf(on, () => on.arbiter.reserve(OTHER, 'a'))).word).toBe('NOT_FOUND');
  });
});

describe('looking', () => {
  it('at a sale says its state at that moment', async () => {
    const nowMs = Date.now();
    on = await stage(HALL, termsAt(nowMs));
    const at = async (ms: number) => (await on.arbiter.view(SALE, ms)).state;
    expect(await at(nowMs - 120_000)).toBe('SCHEDULED');
    expect(await at(nowMs)).toBe('OPEN');
    expect(await at(nowMs + 3_600_000)).toBe('CLOSED');
    expect((await refusalOf(on, () => on.arbiter.view(OTHER))).word).toBe('NOT_FOUND');
    expect((await refusalOf(on, () => on.arbiter.snapshot(OTHER))).word).toBe('NOT_FOUND');
  });

  it('at a seat shows its state, owner and deadline', async () => {
    on = await stage(HALL);
    const { orderId, deadlineMs } = await on.lock('a', { seats: [4] });
    const seat = { seat: 4, label: 'Row 2 Seat 1', tier: 'A' };
    const owned = { orderId, uid: 'a', deadlineMs };
    expect(await on.arbiter.seat(SALE, 4)).toEqual({ ...seat, ...owned, state: 'LOCKED' });
    await on.arbiter.sell(SALE, orderId);
    expect(await on.arbiter.seat(SALE, 4)).toEqual({ ...seat, ...owned, state: 'SOLD' });
    expect(await on.arbiter.seat(SALE, 0)).toEqual({
      ...{ seat: 0, label: 'Row 1 Seat 1', tier: 'A', state: 'AVAILABLE' },
    });
  });

  it('at a seat that is none is refused', async () => {
    on = await stage(HALL);
    for (const seat of [3, 6, -1, 0.5, 1e300])
      expect(await refusalOf(on, () => on.arbiter.seat(SALE, seat))).toEqual({
        ...{ word: 'SEAT_UNKNOWN', data: { seats: [seat] } },
      });
    expect((await refusalOf(on, () => on.arbiter.seat(OTHER, 0))).word).toBe('NOT_FOUND');
  });

  it('at the hold of an order that never locked finds none', async () => {
    on = await stage(HALL);
    expect(await on.arbiter.hold(SALE, 'nobody')).toBeUndefined();
  });
});

describe('an epoch', () => {
  it('is recorded with the run of Redis it is for, and only goes forward', async () => {
    on = await stage(HALL);
    const runId = await on.arbiter.runId();
    expect(runId).toMatch(/^[0-9a-f]{40}$/);
    expect(await on.arbiter.epoch(0)).toEqual({ runId, epoch: 1 });
    expect(await on.arbiter.adopt(0, 1)).toEqual({ changed: false });
    expect(await on.arbiter.adopt(0, 3)).toEqual({ changed: true });
    expect(await on.arbiter.adopt(0, 2)).toEqual({ changed: false });
    expect(await on.arbiter.epoch(0)).toEqual({ runId, epoch: 3 });
    expect((await on.arbiter.snapshot(SALE)).epoch).toBe(3);
  });

  it('is unknown until somebody records one', async () => {
    on = await stage(HALL);
    await on.redis.del(on.keys.ofShard(0).epoch);
    expect(await on.arbiter.epoch(0)).toBeUndefined();
    expect((await on.arbiter.snapshot(SALE)).epoch).toBe(0);
  });
});
