/** A lock of chosen seats: what it gives, and every word it refuses with. */
import { afterEach, describe, expect, it } from 'vitest';
import { audit } from './audit.ts';
import { drawnHall } from './hall.ts';
import { freshOrderId, pricesOf, refusalOf, SALE, type Stage, stage, termsAt } from './stage.ts';

// Numbers:        0..5     7..10  12..15   (6 and 11 are gaps)
const HALL = drawnHall(['AAAAAA', 'AAAA BBBB']);
let on: Stage;
afterEach(() => on.end());

describe('a lock', () => {
  it('gives all its seats, with label, tier, price, sum, deadline and version', async () => {
    on = await stage(HALL, { lockMs: 5_000 });
    const nowMs = Date.now();
    const answer = await on.lock('buyer', { orderId: 'o1', seats: [13, 12], nowMs });
    expect(answer).toEqual({
      orderId: 'o1',
      seats: [
        { seat: 12, label: 'Row 2 Seat 6', tier: 'B', priceFen: 200 },
        { seat: 13, label: 'Row 2 Seat 7', tier: 'B', priceFen: 200 },
      ],
      amountFen: 400,
      deadlineMs: nowMs + 5_000,
      version: 1,
      adjacent: true,
      replayed: false,
    });
    expect(await on.marks()).toBe('000000-0000-1100');
    expect(await audit(on, HALL)).toEqual([]);
  });

  it('posts the whole lock as one message, under the request that made it', async () => {
    on = await stage(HALL);
    const nowMs = Date.now();
    const what = { orderId: 'o1', requestId: 'request-7', seats: [2], nowMs };
    const { deadlineMs } = await on.lock('buyer', what);
    expect(await on.messages('seat.moved')).toEqual([
      {
        type: 'locked',
        sale: SALE,
        epoch: 1,
        version: 1,
        orderId: 'o1',
        uid: 'buyer',
        to: '1',
        atMs: nowMs,
        seats: [{ seat: 2, label: 'Row 1 Seat 3', tier: 'A', priceFen: 100 }],
        amountFen: 100,
        deadlineMs,
        seatsPerBuyerMax: 6,
        requestId: 'request-7',
      },
    ]);
    const [[, fields]] = (await on.redis.xrange(on.keys.stream('seat.moved', 0), '-', '+')) as [
      [string, string[]],
    ];
    expect(fields[2]).toBe('headers');
    expect(JSON.parse(fields[3]!)).toMatchObject({ $requestID: 'request-7' });
  });

  it('says whether the seats stand side by side', async () => {
    on = await stage(HALL);
    expect((await on.lock('a', { seats: [0, 2] })).adjacent).toBe(false);
    expect((await on.lock('b', { seats: [5] })).adjacent).toBe(true);
    expect((await on.lock('c', { seats: [10, 12] })).adjacent).toBe(false);
  });

  it('takes seats of several rows and tiers at once', async () => {
    on = await stage(HALL);
    const { seats, amountFen } = await on.lock('a', { seats: [15, 0, 1, 8, 3] });
    expect(seats.map(({ seat }) => seat)).toEqual([0, 1, 3, 8, 15]);
    expect(amountFen).toBe(600);
    expect(await audit(on, HALL)).toEqual([]);
  });

  it('uses the clock of Redis when no test brings one', async () => {
    on = await stage(HALL, { lockMs: 5_000 });
    const clock = async () => {
      const [seconds, micros] = (await on.redis.time()).map(Number);
      return seconds! * 1_000 + Math.floor(micros! / 1_000);
    };
    // Often enough to meet microseconds of every length.
    for (let i = 0; i < 200; i++) {
      const beforeMs = await clock();
      const { orderId, deadlineMs } = await on.lock('a', { seats: [0] });
      expect(deadlineMs - 5_000).toBeGreaterThanOrEqual(beforeMs);
      expect(deadlineMs - 5_000).toBeLessThanOrEqual(await clock());
      await on.arbiter.release(SALE, orderId, 'CANCELLED');
    }
  });

  it('raises the sold-out flag with the last seat', async () => {
    on = await stage(drawnHall(['AAB']));
    const { flags } = on.keys.ofShard(0);
    await on.lock('a', { seats: [0, 1] });
    expect(await on.redis.hget(flags, SALE)).toMatch(/^OPEN \d+ \d+ \d+ 0$/);
    await on.lock('a', { seats: [2] });
    expect(await on.redis.hget(flags, SALE)).toMatch(/^OPEN \d+ \d+ \d+ 1$/);
    expect((await on.arbiter.view(SALE)).state).toBe('SOLD_OUT');
  });

  it('keeps labels and tier names of any script as they are', async () => {
    const hall = {
      ...drawnHall(['AA']),
      tiers: ['贵宾 "1"\n'],
      label: ['1排1座 \\', '1排"2"座😀'],
    };
    on = await stage(hall);
    const { seats } = await on.lock('a', { seats: [0, 1] });
    expect(seats.map(({ label, tier }) => [label, tier])).toEqual([
      ['1排1座 \\', '贵宾 "1"\n'],
      ['1排"2"座😀', '贵宾 "1"\n'],
    ]);
    expect((await on.messages('seat.moved'))[0]!.seats).toEqual(seats);
    expect(await on.arbiter.seat(SALE, 1)).toMatchObject({ label: '1排"2"座😀', state: 'LOCKED' });
  });
});

describe('a lock is refused, and changes nothing,', () => {
  it('when there is no such sale', async () => {
    on = await stage(HALL);
    const act = () => on.lock('a', { sale: 'fedcba9876543210', seats: [0] });
    expect(await refusalOf(on, act)).toMatchObject({ word: 'NOT_FOUND' });
  });

  it.each([
    ['SALE_NOT_OPEN', -120_000],
    ['SALE_CLOSED', 3_600_000],
  ])('with %s outside its window', async (word, awayMs) => {
    const nowMs = Date.now();
    const terms = termsAt(nowMs);
    on = await stage(HALL, terms);
    const act = () => on.lock('a', { seats: [0], nowMs: nowMs + awayMs });
    const data = word === 'SALE_NOT_OPEN' && { opensAt: new Date(terms.opensAtMs).toISOString() };
    expect(await refusalOf(on, act)).toEqual({ word, data: data || undefined });
  });

  it('until the millisecond before the opening, and again from the closing on', async () => {
    const nowMs = Date.now();
    const { opensAtMs, closesAtMs } = termsAt(nowMs);
    on = await stage(HALL, termsAt(nowMs));
    const at = (ms: number, seat: number) => () =>
      on.lock(`a${seat}`, { seats: [seat], nowMs: ms });
    expect((await refusalOf(on, at(opensAtMs - 1, 0))).word).toBe('SALE_NOT_OPEN');
    await at(opensAtMs, 0)();
    await at(closesAtMs - 1, 1)();
    expect((await refusalOf(on, at(closesAtMs, 2))).word).toBe('SALE_CLOSED');
  });

  it.each([
    ['SALE_PAUSED', 'PAUSED'],
    ['SALE_CLOSED', 'CLOSED'],
  ] as const)('with %s when the switch says so', async (word, to) => {
    on = await stage(HALL);
    await on.arbiter.turn(SALE, to);
    expect((await refusalOf(on, () => on.lock('a', { seats: [0] }))).word).toBe(word);
  });

  it('when the buyer has too many, with the limit and what he holds', async () => {
    on = await stage(HALL, { seatsPerBuyerMax: 3 });
    const { orderId } = await on.lock('a', { seats: [0, 1] });
    const two = () => on.lock('a', { seats: [2, 3] });
    const expected = { word: 'LIMIT_REACHED', data: { limit: 3, held: 2 } };
    expect(await refusalOf(on, two)).toEqual(expected);
    await on.arbiter.sell(SALE, orderId); // what is bought counts as well
    expect(await refusalOf(on, two)).toEqual(expected);
    await on.lock('a', { seats: [2] });
  });

  it('when ten thousand seats are asked at once', async () => {
    on = await stage(HALL);
    const act = () => on.lock('a', { seats: Array.from({ length: 10_000 }, (_, seat) => seat) });
    const data = { limit: 6, held: 0 };
    expect(await refusalOf(on, act)).toEqual({ word: 'LIMIT_REACHED', data });
  });

  it.each([
    ['a gap', [6, 0], [6]],
    ['beyond the end', [15, 16, 4_000_000], [16, 4_000_000]],
    ['negative', [-1, 0], [-1]],
    ['no whole number', [0.5], [0.5]],
    ['beyond every hall', [1e300, 2], [1e300]],
  ])('when a seat is %s, naming it', async (_, seats, unknown) => {
    on = await stage(HALL);
    const expected = { word: 'SEAT_UNKNOWN', data: { seats: unknown } };
    expect(await refusalOf(on, () => on.lock('a', { seats }))).toEqual(expected);
  });

  it('when a seat is the gap between two places of a standing floor', async () => {
    on = await stage(drawnHall(['A A A']));
    const expected = { word: 'SEAT_UNKNOWN', data: { seats: [1, 3] } };
    const act = () => on.lock('a', { seats: [0, 1, 2, 3, 4] });
    expect(await refusalOf(on, act)).toEqual(expected);
  });

  it('when a seat is named twice', async () => {
    on = await stage(HALL);
    expect((await refusalOf(on, () => on.lock('a', { seats: [3, 1, 3] }))).word).toBe(
      'SEAT_REPEATED',
    );
  });

  it('when no seat of the sale is left', async () => {
    on = await stage(drawnHall(['AB']));
    await on.lock('a', { seats: [0, 1] });
    const act = () => on.lock('b', { seats: [0] });
    expect(await refusalOf(on, act)).toEqual({ word: 'SOLD_OUT', data: {} });
  });

  it('when another order holds one of the seats, naming lost and still available', async () => {
    on = await stage(HALL);
    await on.lock('a', { seats: [1] });
    const { word, data } = await refusalOf(on, () => on.lock('b', { seats: [1, 2] }));
    expect(word).toBe('SEAT_TAKEN');
    expect(data).toMatchObject({ lost: [1], stillAvailable: [2] });
  });

  it('when neither seats nor best are asked, or both', async () => {
    on = await stage(HALL);
    const best = { count: 1, tier: 'A' };
    for (const what of [{}, { seats: [0], best }, { seats: [] }, { best: { ...best, count: 0 } }])
      expect((await refusalOf(on, () => on.lock('a', what))).word).toBe('VALIDATION_FAILED');
  });

  it('when Redis is not the run the sale is good on', async () => {
    on = await stage(HALL);
    const { epoch } = on.keys.ofShard(0);
    await on.redis.del(epoch);
    expect((await refusalOf(on, () => on.lock('a', { seats: [0] }))).word).toBe('ARBITER_AWAY');
    await on.redis.hset(epoch, 'run', `${'0'.repeat(40)} 1`, 'epoch', 1);
    expect((await refusalOf(on, () => on.lock('a', { seats: [0] }))).word).toBe('ARBITER_AWAY');
    expect(await on.arbiter.adopt(0, 2)).toEqual({ changed: true });
    await on.lock('a', { seats: [0] });
    expect((await on.messages('seat.moved'))[0]).toMatchObject({ epoch: 2 });
  });
});

describe('the alternatives of a lost seat', () => {
  const alternativesOf = async (seats: number[]) => {
    const { data } = await refusalOf(on, () => on.lock('late', { seats }));
    return (data as { alternatives: { seats: number[]; tier: string; adjacent: boolean }[] })
      .alternatives;
  };

  it('are up to three, of the asked size, nearest first, of the same tier if any', async () => {
    on = await stage(drawnHall(['AAAAAAAA', 'BBBBBBBB']));
    await on.lock('a', { seats: [3, 4] });
    expect(await alternativesOf([3, 4])).toEqual([
      { seats: [1, 2], tier: 'A', adjacent: true },
      { seats: [5, 6], tier: 'A', adjacent: true },
      { seats: [9, 10], tier: 'B', adjacent: true },
    ]);
  });

  it('are not side by side only when nothing else is near, and say so', async () => {
    on = await stage(drawnHall(['AAAAA']));
    await on.lock('a', { seats: [1, 3] });
    expect(await alternativesOf([1, 2])).toEqual([{ seats: [0, 2], tier: 'A', adjacent: false }]);
  });

  it('follow each other away from the lost seat', async () => {
    on = await stage(drawnHall(['AAAAAAAA']));
    await on.lock('a', { seats: [6, 7] });
    const found = await alternativesOf([6, 7]);
    expect(found.map(({ seats }) => seats)).toEqual([
      [4, 5],
      [2, 3],
      [0, 1],
    ]);
  });

  it('are never of two tiers', async () => {
    on = await stage(drawnHall(['AAABBB']));
    await on.lock('a', { seats: [0, 1] });
    expect(await alternativesOf([0, 1])).toEqual([{ seats: [4, 5], tier: 'B', adjacent: true }]);
  });

  it('may be none', async () => {
    on = await stage(drawnHall(['AA', 'B']));
    await on.lock('a', { seats: [0, 1] });
    expect(await alternativesOf([0, 1])).toEqual([]);
  });

  it('can all be locked', async () => {
    on = await stage(drawnHall(['AAAAAA', 'AAABBB', 'BB BBB']));
    await on.lock('a', { seats: [2, 3, 9] });
    const found = await alternativesOf([2, 9]);
    expect(found.length).toBeGreaterThan(0);
    for (const { seats, tier } of found) {
      const answer = await on.arbiter.lock({
        ...{ sale: SALE, uid: `u${seats[0]}`, orderId: freshOrderId(), requestId: '' },
        seats,
      });
      expect(new Set(answer.seats.map((seat) => seat.tier))).toEqual(new Set([tier]));
      await on.arbiter.release(SALE, answer.orderId, 'CANCELLED');
    }
  });
});

describe('an Idempotency-Key', () => {
  it('gets the first answer again, whatever became of the order', async () => {
    on = await stage(HALL);
    const what = { seats: [0, 1], idempotencyKey: 'key one' };
    const first = await on.lock('a', what);
    await on.arbiter.release(SALE, first.orderId, 'CANCELLED');
    await on.arbiter.turn(SALE, 'CLOSED');
    const before = await on.dump();
    expect(await on.lock('a', what)).toEqual({ ...first, replayed: true });
    expect(await on.dump()).toEqual(before);
  });

  it('is refused with another body', async () => {
    on = await stage(HALL);
    await on.lock('a', { seats: [0, 1], idempotencyKey: 'k' });
    for (const what of [{ seats: [0] }, { best: { count: 2, tier: 'A' } }]) {
      const act = () => on.lock('a', { ...what, idempotencyKey: 'k' });
      expect((await refusalOf(on, act)).word).toBe('IDEMPOTENCY_CONFLICT');
    }
  });

  it('belongs to its buyer', async () => {
    on = await stage(HALL);
    await on.lock('a', { seats: [0], idempotencyKey: 'k' });
    expect((await on.lock('b', { seats: [1], idempotencyKey: 'k' })).replayed).toBe(false);
  });

  it('is not used up by a refusal', async () => {
    on = await stage(HALL);
    const { orderId } = await on.lock('a', { seats: [0] });
    const act = () => on.lock('b', { seats: [0], idempotencyKey: 'k' });
    expect((await refusalOf(on, act)).word).toBe('SEAT_TAKEN');
    await on.arbiter.release(SALE, orderId, 'CANCELLED');
    expect((await act()).replayed).toBe(false);
  });

  it('sent fifty times at once locks once', async () => {
    on = await stage(HALL);
    const what = { best: { count: 2, tier: 'A' }, idempotencyKey: 'k' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => on.lock('a', what)));
    expect(new Set(answers.map(({ orderId }) => orderId)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await on.messages('seat.moved')).toHaveLength(1);
    expect(await audit(on, HALL)).toEqual([]);
  });
});

describe('a lock sent twice by the connection', () => {
  it.each([{ seats: [0, 1] }, { best: { count: 2, tier: 'A' } }])(
    'takes nothing twice: %j',
    async (what) => {
      on = await stage(HALL);
      const first = await on.lock('a', { ...what, orderId: 'same' });
      expect(await on.lock('a', { ...what, orderId: 'same' })).toEqual(first);
      expect(await on.messages('seat.moved')).toHaveLength(1);
      expect(await audit(on, HALL)).toEqual([]);
    },
  );
});

describe('a price', () => {
  it('is part of the layout’s sale: a tier with seats and none is refused', async () => {
    on = await stage(HALL);
    const { A } = pricesOf(HALL);
    const act = () => on.arbiter.open('fedcba9876543210', HALL, { A: A! }, termsAt(Date.now()));
    expect((await refusalOf(on, act)).word).toBe('VALIDATION_FAILED');
  });
});
