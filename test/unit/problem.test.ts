/** What is said to somebody whose request went wrong, whatever went wrong. */
import { Errors } from 'moleculer';
import { describe, expect, test } from 'vitest';
import { REFUSALS, type RefusalWord, refusal } from '../../contracts/errors.ts';
import { faultsOf, pointerOf } from '../../services/gateway/faults.ts';
import { invalid, languageOf, problemOf, wordFor } from '../../services/gateway/problem.ts';

const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
const asked = { instance: '/api/v1/x', requestId: 'r1', nowMs: NOW_MS };
const zh = (error: unknown) => problemOf(error, asked);
const en = (error: unknown) => problemOf(error, { ...asked, acceptLanguage: 'en' });

/** What an error becomes on its way over the bus: no class, only its members. */
const carried = (error: Error & { code?: unknown; type?: unknown; data?: unknown }) =>
  Object.assign(new Error(error.message), {
    name: error.name,
    code: error.code,
    type: error.type,
    data: error.data,
  });

describe('a refusal', () => {
  test.each(Object.keys(REFUSALS) as RefusalWord[])('%s is said in zh-CN and en', (word) => {
    const error = refusal(word, {} as never);
    const { status, zh: chinese, en: english } = REFUSALS[word];
    const inChinese = zh(error);
    expect(inChinese.status).toBe(status);
    expect(inChinese.headers).toMatchObject({
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Language': 'zh-CN',
      'Cache-Control': 'no-store',
    });
    expect(inChinese.body).toMatchObject({
      type: `/problems/${word}`,
      title: chinese,
      status,
      detail: chinese,
      code: word,
      instance: '/api/v1/x',
      requestId: 'r1',
    });
    expect(en(error).body).toMatchObject({ title: english, code: word });
  });

  test('brings its data, which cannot take the place of a standard member', () => {
    const { body } = zh(
      carried(refusal('LIMIT_REACHED', { limit: 4, held: 3, code: 'x' } as never)),
    );
    expect(body).toMatchObject({ limit: 4, held: 3, code: 'LIMIT_REACHED', status: 409 });
  });

  test('says when to come back, if anybody can know it', () => {
    const opensAt = new Date(NOW_MS + 90_500).toISOString();
    expect(zh(refusal('SALE_NOT_OPEN', { opensAt })).headers['Retry-After']).toBe('91');
    expect(zh(refusal('RATE_LIMITED', { retryAfterMs: 1_400 })).headers['Retry-After']).toBe('2');
    expect(zh(refusal('BUSY')).headers['Retry-After']).toBe('1');
    expect(zh(refusal('ARBITER_AWAY')).headers['Retry-After']).toBe('1');
    expect(zh(refusal('SOLD_OUT', {})).headers).not.toHaveProperty('Retry-After');
    expect(zh(refusal('NOT_FOUND')).headers).not.toHaveProperty('Retry-After');
  });
});

describe('what is no refusal', () => {
  test.each([
    new Errors.ServiceNotFoundError({ action: 'order.get' } as never),
    new Errors.ServiceNotAvailableError({ action: 'order.get' } as never),
    new Errors.RequestTimeoutError({ action: 'order.get' } as never),
    new Errors.RequestSkippedError({ action: 'order.get' } as never),
    new Errors.RequestRejectedError({ action: 'order.get' } as never),
    new Errors.QueueIsFullError({ action: 'seckill.lock' } as never),
    new Errors.BrokerDisconnectedError('', 0, '', {}),
  ])('$name is weather: BUSY, and says nothing of itself', (error) => {
    for (const one of [error, carried(error)]) {
      expect(wordFor(one)).toBe('BUSY');
      expect(JSON.stringify(zh(one))).not.toMatch(/order\.get|seckill\.lock/);
    }
  });

  test.each([
    new Error("SELECT * FROM orders WHERE uid='u1'"),
    new TypeError('x is not a function'),
    Object.assign(new Error('secret'), { code: 404, type: 'SOMETHING', data: { secret: 1 } }),
    'a string',
    null,
  ])('a bug is INTERNAL and leaks nothing: %s', (error) => {
    const { status, body } = en(error);
    expect(status).toBe(500);
    expect(Object.keys(body).sort()).toEqual(
      ['code', 'detail', 'instance', 'requestId', 'status', 'title', 'type'].sort(),
    );
    expect(JSON.stringify(body)).not.toMatch(/SELECT|secret|function/);
  });
});

describe('what is wrong with a request', () => {
  test('is named by JSON pointers', () => {
    expect(pointerOf('seats[0]')).toBe('/seats/0');
    expect(pointerOf('best.count')).toBe('/best/count');
    expect(pointerOf('tiers[2].price/Fen')).toBe('/tiers/2/price~1Fen');
    expect(pointerOf("best['a b']")).toBe('/best/a b');
    expect(pointerOf('')).toBe('');
  });

  test('names each unknown member apart', () => {
    const complaint = { type: 'objectStrict', field: 'best', actual: 'x, y', expected: 'count' };
    expect(faultsOf([complaint], 'en')).toEqual([
      { pointer: '/best/x', code: 'unknownField', detail: 'is not accepted here' },
      { pointer: '/best/y', code: 'unknownField', detail: 'is not accepted here' },
    ]);
  });

  test('is a VALIDATION_FAILED when the validator says so, here and over the bus', () => {
    const error = new Errors.ValidationError('Parameters validation error!', null as never, [
      { type: 'numberInteger', field: 'seats[1]', actual: 1.5, action: 'seckill.lock' },
    ]);
    for (const one of [error, carried(error)])
      expect(en(one)).toMatchObject({
        status: 422,
        body: {
          errors: [
            { pointer: '/seats/1', code: 'numberInteger', detail: 'must be a whole number' },
          ],
        },
      });
    expect(zh(error).body.errors).toEqual([
      { pointer: '/seats/1', code: 'numberInteger', detail: '必须是整数' },
    ]);
  });

  test('says in Chinese what kind of fault it is that a service found in its own words', () => {
    const detail = 'names no category of the plan';
    const own = { pointer: '/plan/zones/0/rows/0/seats/0/category', code: 'unknown', detail };
    const error = refusal('VALIDATION_FAILED', { errors: [own] });
    expect(en(error).body.errors).toEqual([own]);
    expect(zh(error).body.errors).toEqual([{ ...own, detail: `所指的内容不存在（${detail}）` }]);
  });

  test('keeps the words a service found for a fault of its own', () => {
    const own = { pointer: '/plan/zones/0', code: 'ZONE_EMPTY', detail: 'the zone has no seats' };
    expect(zh(refusal('VALIDATION_FAILED', { errors: [own] })).body.errors).toEqual([own]);
    expect(zh(invalid('/x', 'repeatedParameter')).body.errors).toEqual([
      { pointer: '/x', code: 'repeatedParameter', detail: '只能出现一次' },
    ]);
  });
});

test.each([
  [undefined, 'zh-CN'],
  ['', 'zh-CN'],
  ['en', 'en'],
  ['en-GB,en;q=0.9', 'en'],
  ['fr, en;q=0.3', 'en'],
  ['zh;q=0.4, en;q=0.5', 'en'],
  ['en;q=0.5, zh-TW', 'zh-CN'],
  ['en, zh', 'zh-CN'],
  ['en;q=0', 'zh-CN'],
  ['en;q=nonsense', 'zh-CN'],
  ['fr', 'zh-CN'],
])('Accept-Language %s is answered in %s', (header, language) => {
  expect(languageOf(header)).toBe(language);
});
