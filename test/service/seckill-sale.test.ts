/** A sale's life, its hall, its permits, and what other services ask of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { SaleTerms } from '../../contracts/sale.ts';
import {
  DRAFT,
  door,
  HOUR,
  keys,
  lock,
  lockWith,
  openSale,
  path,
  permitOf,
  redis,
  signed,
  statesOf,
} from './seckill.support.ts';

describe('a sale', () => {
  test.each<[string, Partial<SaleTerms>, string, number, string]>([
    ['that is to open', { opensAtMs: Date.now() + HOUR }, 'SCHEDULED', 403, 'SALE_NOT_OPEN'],
    ['that has ended', { closesAtMs: Date.now() - 1_000 }, 'CLOSED', 403, 'PERMIT_INVALID'],
  ])('%s locks nothing and says so', async (_, terms, state, status, code) => {
    const sale = await openSale(terms);
    const { json: said } = await door.ask(path(sale, 'sale'));
    expect(said).toEqual({ state, left: { A: 6, B: 6 }, epoch: 1, version: 0 });
    const answer = await lockWith(sale, 'u1', signed(sale, 'u1', terms), { seats: [0] });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    if (code === 'SALE_NOT_OPEN') {
      expect(answer.json.opensAt).toBe(new Date(terms.opensAtMs!).toISOString());
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3_000);
    }
  });

  test('that is paused locks nothing until it is resumed; closed, never again', async () => {
    const sale = await openSale();
    const turn = (to: string) => door.broker.call('seckill.turn', { sale, to });
    expect(await turn('PAUSED')).toEqual({ state: 'PAUSED' });
    const paused = await lock(sale, 'u1', { seats: [0] });
    expect([paused.status, paused.json.code]).toEqual([503, 'SALE_PAUSED']);
    expect(paused.headers['retry-after']).toBe('1');
    await turn('OPEN');
    expect((await lock(sale, 'u1', { seats: [0] })).status).toBe(201);
    const permit = await permitOf(sale, 'u1');
    await turn('CLOSED');
    expect((await lockWith(sale, 'u1', permit, { seats: [1] })).json.code).toBe('SALE_CLOSED');
    expect((await door.post(path(sale, 'permits'), 'u1')).json.code).toBe('SALE_CLOSED');
  });

  test('that has no seat left is SOLD_OUT, and its permits are still given', async () => {
    const sale = await openSale();
    for (const [uid, seats] of Object.entries({
      a: [0, 1, 2, 3],
      b: [5, 6, 8, 9],
      c: [10, 11, 12, 13],
    }))
      expect((await lock(sale, uid, { seats })).status).toBe(201);
    await sleep(20);
    expect((await door.ask(path(sale, 'sale'))).json).toMatchObject({
      state: 'SOLD_OUT',
      left: { A: 0, B: 0 },
      version: 3,
    });
    expect((await lock(sale, 'u1', { seats: [0] })).json.code).toBe('SOLD_OUT');
    expect((await door.post(path(sale, 'permits'), 'u1')).status).toBe(201);
  });

  test('that is a draft is DRAFT; what is no session is nowhere', async () => {
    expect((await door.ask(path(DRAFT, 'sale'))).json).toEqual({
      state: 'DRAFT',
      left: {},
      epoch: 1,
      version: 0,
    });
    for (const id of ['0000000000000000', 'x', '../secret', 'a:b{c}', 'DROP%20TABLE'])
      for (const noun of ['sale', 'seats']) {
        const { status, json } = await door.ask(path(encodeURIComponent(id), noun));
        expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
      }
    for (const noun of ['permits', 'reservations'])
      expect((await door.post(path('0000000000000000', noun), 'u1')).status).toBe(404);
  });

  test('shows its hall as marks, and packed', async () => {
    const sale = await openSale();
    await lock(sale, 'u1', { seats: [0, 13] });
    await sleep(20);
    const { json } = await door.ask(path(sale, 'seats'));
    expect(json).toEqual({ epoch: 1, version: 1, states: '1000-00-000001' });
    const { json: packed } = await door.ask(`${path(sale, 'seats')}?form=bits`);
    expect(packed).toMatchObject({ epoch: 1, version: 1, length: 14 });
    const bits = [...Buffer.from(packed.bits, 'base64')]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
    expect(
      bits.match(/../g)!.map((two) => ({ '00': '0', '01': '1', '10': '2', '11': '-' })[two]),
    ).toEqual([...'1000-00-000001--']);
    const odd = await door.ask(`${path(sale, 'seats')}?form=xml`);
    expect([odd.status, odd.json.errors[0].pointer]).toEqual([422, '/form']);
  });
});

describe('a permit', () => {
  test('is given to whoever reserved, when that is required', async () => {
    const sale = await openSale({ reservationRequired: true });
    const refused = await door.post(path(sale, 'permits'), 'u1');
    expect([refused.status, refused.json.code]).toEqual([403, 'NOT_RESERVED']);
    const reserved = await door.post(path(sale, 'reservations'), 'u1');
    const again = await door.post(path(sale, 'reservations'), 'u1');
    expect([reserved.status, again.status]).toEqual([201, 200]);
    expect(again.json).toEqual(reserved.json);
    expect(reserved.json).toMatchObject({ sessionId: sale, uid: 'u1' });
    const { status, json } = await door.post(path(sale, 'permits'), 'u1');
    expect(status).toBe(201);
    expect(Date.parse(json.notBefore)).toBeLessThan(Date.parse(json.expiresAt));
    expect((await door.post(path(sale, 'permits'), 'u2')).json.code).toBe('NOT_RESERVED');
  });

  test('cannot be had by reserving outside the window', async () => {
    const sale = await openSale({ reservationClosesAtMs: Date.now() - 1_000 });
    const { status, json } = await door.post(path(sale, 'reservations'), 'u1');
    expect([status, json.code]).toEqual([409, 'RESERVATION_CLOSED']);
  });

  test('is good for its uid and its session only, as often as they like', async () => {
    const [sale, other] = [await openSale(), await openSale()];
    const permit = await permitOf(sale, 'u1');
    expect((await lockWith(sale, 'u1', permit, { seats: [0] })).status).toBe(201);
    expect((await lockWith(sale, 'u1', permit, { seats: [1] })).status).toBe(201);
    for (const [at, uid, shown] of [
      [sale, 'u2', permit],
      [other, 'u1', permit],
      [sale, 'u1', ''],
      [sale, 'u1', `${permit}x`],
      [sale, 'u1', signed(sale, 'u1', { closesAtMs: Date.now() - 1 })],
    ] as const) {
      const { status, json } = await lockWith(at, uid, shown, { seats: [2] });
      expect([status, json.code]).toEqual([403, 'PERMIT_INVALID']);
    }
  });

  test('that has run out still brings a repeated request its first answer', async () => {
    const sale = await openSale();
    const first = await lock(sale, 'u1', { seats: [0] }, 'k');
    const old = signed(sale, 'u1', { closesAtMs: Date.now() - 1 });
    const again = await lockWith(sale, 'u1', old, { seats: [0] }, 'k');
    expect([again.status, again.json]).toEqual([200, first.json]);
  });
});

describe('what other services ask', () => {
  test('a paid order’s seats are sold, a cancelled one’s free, however often said', async () => {
    const sale = await openSale();
    const paid = (await lock(sale, 'u1', { seats: [0] })).json;
    const cancelled = (await lock(sale, 'u2', { seats: [1] })).json;
    const { postTo } = await import('../../mixins/posting.ts');
    const about = ({ orderId }: { orderId: string }, uid: string) => ({
      sale,
      orderId,
      uid,
      seats: [0],
    });
    for (let times = 0; times < 2; times++) {
      await postTo(redis, keys.stream('order.paid', 0), about(paid, 'u1'));
      const end = { ...about(cancelled, 'u2'), reason: 'CANCELLED' };
      await postTo(redis, keys.stream('order.cancelled', 0), end);
    }
    await vi.waitFor(async () => expect(await statesOf(sale)).toBe('2000-00-000000'), 5_000);
  });

  test('a hold, a seat, and what is late', async () => {
    const sale = await openSale({ lockMs: 5_000 });
    const { orderId, amountFen } = (await lock(sale, 'u1', { seats: [0] })).json;
    const meta = { user: { uid: 'olga', role: 'operator' } };
    const ask = (name: string, params: object) =>
      door.broker.call(`seckill.${name}`, params, { meta });
    expect(await ask('hold', { orderId })).toMatchObject({
      orderId,
      uid: 'u1',
      amountFen,
      state: 'LOCKED',
    });
    expect(await ask('hold', { orderId: 'nonsense' })).toBeNull();
    expect(await ask('inspect', { sessionId: sale, seat: 0 })).toMatchObject({
      seat: 0,
      state: 'LOCKED',
      orderId,
      uid: 'u1',
      deadline: expect.any(String),
    });
    expect(await ask('inspect', { sessionId: sale, seat: 1 })).not.toHaveProperty('deadline');
    await expect(ask('inspect', { sessionId: sale, seat: 4 })).rejects.toMatchObject({
      type: 'SEAT_UNKNOWN',
    });
    expect(await ask('late', { lateMs: 0, limit: 10 })).toEqual([]);
    expect(await ask('health', {})).toEqual({ ok: true });
  });

  test('when orders are further behind than half a lock’s life, nothing is locked', async () => {
    const [short, long] = [await openSale({ lockMs: 5_000 }), await openSale()];
    // A group that has not got further than a lock of three seconds ago.
    const stream = keys.stream('seat.moved', 0);
    await redis.xgroup('CREATE', stream, 'order', '$', 'MKSTREAM');
    expect((await lock(short, 'u1', { seats: [0] })).status).toBe(201);
    const last = (await redis.xrevrange(stream, '+', '-', 'COUNT', 1))[0]![0];
    await sleep(Number(last.split('-')[0]) + 4_600 - Date.now());
    const behind = await lock(short, 'u2', { seats: [1] });
    expect([behind.status, behind.json.code]).toEqual([503, 'BUSY']);
    expect((await lock(long, 'u2', { seats: [1] })).status).toBe(201);
  });
});
