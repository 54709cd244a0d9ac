/** Locks, over HTTP: who gets which seats, and every way to be refused. */
import { describe, expect, test } from 'vitest';
import { lock, lockWith, openSale, permitOf, STATES, statesOf } from './seckill.support.ts';

describe('a lock', () => {
  test('gives the seats and says what they cost and until when they are held', async () => {
    const sale = await openSale();
    const before = Date.now();
    const { status, json, headers } = await lock(sale, 'u1', { seats: [1, 8] });
    expect(status).toBe(201);
    expect(json).toEqual({
      orderId: expect.stringMatching(new RegExp(`^${sale}-`)),
      sessionId: sale,
      seats: [
        { seat: 1, label: expect.any(String), tier: 'A', priceFen: 38_000 },
        { seat: 8, label: expect.any(String), tier: 'B', priceFen: 18_000 },
      ],
      amountFen: 56_000,
      currency: 'CNY',
      deadline: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      version: 1,
      adjacent: false,
    });
    const lives = Date.parse(json.deadline) - before;
    expect(Math.abs(lives - 900_000)).toBeLessThan(2_000);
    expect(headers.location).toBe(`/api/v1/orders/${json.orderId}`);
    expect(await statesOf(sale)).toBe('0100-00-100000');
  });

  test('of the best seats takes neighbours and says so', async () => {
    const sale = await openSale();
    const { status, json } = await lock(sale, 'u1', { best: { count: 2, tier: 'B' } });
    expect([status, json.adjacent, json.seats.length]).toEqual([201, true, 2]);
    const nowhere = await lock(sale, 'u1', { best: { count: 1, tier: 'Z' } });
    expect([nowhere.status, nowhere.json.errors[0].pointer]).toEqual([422, '/best/tier']);
  });

  test('repeated with its key gets its first answer; with another body, a conflict', async () => {
    const sale = await openSale();
    const permit = await permitOf(sale, 'u1');
    const first = await lockWith(sale, 'u1', permit, { seats: [0] }, 'k1');
    const again = await lockWith(sale, 'u1', permit, { seats: [0] }, 'k1');
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.json).toEqual(first.json);
    const other = await lockWith(sale, 'u1', permit, { seats: [2] }, 'k1');
    expect([other.status, other.json.code]).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
    expect(await statesOf(sale)).toBe('1000-00-000000');
  });

  test('sent fifty times at once with one key takes its seats once', async () => {
    const sale = await openSale();
    const permit = await permitOf(sale, 'u1');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => lockWith(sale, 'u1', permit, { seats: [0, 1] }, 'k')),
    );
    expect(new Set(answers.map(({ json }) => json.orderId)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await statesOf(sale)).toBe('1100-00-000000');
  });

  test.each<[string, object | string, number, string, object]>([
    ['taken', { seats: [0, 5] }, 409, 'SEAT_TAKEN', { lost: [0], stillAvailable: [5] }],
    ['in a gap', { seats: [4] }, 422, 'SEAT_UNKNOWN', { seats: [4] }],
    ['beyond the hall', { seats: [14] }, 422, 'SEAT_UNKNOWN', { seats: [14] }],
    ['negative', { seats: [-1] }, 422, 'SEAT_UNKNOWN', { seats: [-1] }],
    ['astronomical', { seats: [1e300] }, 422, 'SEAT_UNKNOWN', {}],
    ['named twice', { seats: [5, 5] }, 422, 'SEAT_REPEATED', {}],
    ['named twice among too many', { seats: [5, 5, 1, 2, 3] }, 422, 'SEAT_REPEATED', {}],
    ['too many', { seats: [1, 2, 3, 5, 6] }, 409, 'LIMIT_REACHED', { limit: 4, held: 0 }],
  ])('of a seat that is %s changes nothing', async (_, body, status, code, data) => {
    const sale = await openSale();
    await lock(sale, 'first', { seats: [0] });
    const { status: given, json } = await lock(sale, 'u1', body);
    expect([given, json.code]).toEqual([status, code]);
    expect(json).toMatchObject(data);
    expect(await statesOf(sale)).toBe('1000-00-000000');
  });

  test.each<[string, object | string, string[]]>([
    ['neither seats nor best', {}, ['']],
    ['both seats and best', { seats: [1], best: { count: 1, tier: 'A' } }, ['']],
    ['no seat', { seats: [] }, ['/seats']],
    ['half a seat', { seats: [0, 1.5] }, ['/seats/1']],
    ['a seat as text', { seats: ['1'] }, ['/seats/0']],
    ['a seat that is nothing', { seats: [null] }, ['/seats']],
    ['seats that are no list', { seats: 1 }, ['/seats']],
    ['ten thousand', `{"seats":[${'1,'.repeat(7_000)}1]}`, ['/seats']],
    ['best of none', { best: { count: 0, tier: 'A' } }, ['/best/count']],
    ['best of a text', { best: { count: '2', tier: 'A' } }, ['/best/count']],
    ['best without a tier', { best: { count: 1 } }, ['/best/tier']],
    ['best with more', { best: { count: 1, tier: 'A', row: 3 } }, ['/best/row']],
    ['another orderId', { seats: [1], orderId: 'x' }, ['/orderId']],
    ['another uid', { seats: [1], uid: 'victim' }, ['/uid']],
    ['a permit in the body', { seats: [1], permit: 'x' }, ['/permit']],
  ])('that names %s is refused with a pointer', async (_, body, pointers) => {
    const sale = await openSale();
    const { status, json } = await lock(sale, 'u1', body);
    expect([status, json.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
    for (const { detail } of json.errors) expect(detail).not.toBe('');
    expect(await statesOf(sale)).toBe(STATES);
  });

  test.each(['', 'x'.repeat(256), 'ключ'])('with the key %.10j is refused', async (key) => {
    const sale = await openSale();
    const { json } = await lock(sale, 'u1', { seats: [1] }, Buffer.from(key).toString('latin1'));
    expect(json.errors[0].pointer).toBe('/idempotencyKey');
  });

  test('of a body beyond 16 KiB is refused', async () => {
    const { status } = await lock(await openSale(), 'u1', `{"seats":[${'1,'.repeat(9_000)}1]}`);
    expect(status).toBe(413);
  });
});
