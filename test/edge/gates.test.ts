/** The gates one by one, and the order they stand in. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { REFUSALS } from '../../contracts/errors.ts';
import { expectRefusal, lineOf, newSession, Stage } from './stage.ts';

let stage: Stage;
let sale: string;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.end());
beforeEach(() => {
  sale = newSession();
  stage.doors.seen.length = 0;
});

const expectPassed = async (headers: Record<string, string>) => {
  expect(await stage.lock(sale, headers)).toMatchObject({ status: 200, json: { from: 'node' } });
  expect(stage.doors.seen.map(({ target }) => target)).toContain(`/api/v1/sessions/${sale}/locks`);
};
const expectRefused = async (headers: Record<string, string>, status: number, word: string) => {
  const answer = await stage.lock(sale, headers);
  expectRefusal(answer, status, word);
  expect(stage.doors.seen).toEqual([]);
  return answer;
};
const quiet = async (line: string) => {
  await stage.flag(sale, line);
  stage.doors.seen.length = 0;
};

describe('the method gate', () => {
  it.each(['OPTIONS', 'PUT', 'TRACE'])('refuses %s, and says what is allowed', async (method) => {
    const answer = await stage.ask('/api/v1/time', { method });
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.allow).toBe('GET, HEAD, POST, PATCH, DELETE');
    expect(stage.doors.seen).toEqual([]);
  });
  it.each(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'])('lets %s pass', async (method) => {
    expect((await stage.ask('/api/v1/time', { method })).status).toBe(200);
    expect(stage.doors.seen[0]).toMatchObject({ method, target: '/api/v1/time' });
  });
});

describe('the token gate', () => {
  it.each([
    ['POST', '/api/v1/sessions/x/permits'],
    ['POST', '/api/v1/sessions/x/reservations'],
    ['GET', '/api/v1/orders'],
    ['GET', '/api/v1/orders/o1'],
    ['POST', '/api/v1/orders/o1/cancel'],
    ['POST', '/api/v1/orders/o1/payments'],
    ['POST', '/api/v1/me/stream-tickets'],
    ['GET', '/api/v1/admin/venues'],
    ['POST', '/api/v1/admin/seat-templates'],
    ['POST', '/api/v1/admin/sessions/x/publish'],
  ])('refuses %s %s without a token, and lets it pass with one', async (method, path) => {
    const refused = await stage.ask(path, { method });
    expectRefusal(refused, 401, 'UNAUTHENTICATED');
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect(stage.doors.seen).toEqual([]);
    const headers = { Authorization: `Bearer ${stage.token()}` };
    expect((await stage.ask(path, { method, headers })).status).toBe(200);
    expect(stage.doors.seen).toHaveLength(1);
  });
  it.each([
    ['GET', '/api/v1/time'],
    ['GET', '/api/v1/sessions/x/seats'],
    ['GET', '/api/v1/sessions/x/stream'],
    ['GET', '/api/v1/me/stream?ticket=t'],
    ['POST', '/api/v1/payments/events'],
    ['POST', '/api/v1/dev/token'],
    ['POST', '/api/v1/sandbox/payments/p1/succeed'],
  ])('asks no token for %s %s, and ignores a wrong one', async (method, path) => {
    const headers = { Authorization: 'Bearer a.b.c' };
    expect((await stage.ask(path, { method })).status).toBe(200);
    expect((await stage.ask(path, { method, headers })).status).toBe(200);
    expect(stage.doors.seen.map((seen) => seen.headers['x-edge-uid'])).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('the sold-out gate', () => {
  it('refuses while the flag is up, whoever it is, in the language asked for', async () => {
    await quiet(lineOf({ soldOut: 1 }));
    const zh = await expectRefused({}, 409, 'SOLD_OUT');
    expect(zh.json.title).toBe(REFUSALS.SOLD_OUT.zh);
    expect(zh.headers['content-language']).toBe('zh-CN');
    const en = await expectRefused({ 'Accept-Language': 'en-GB,zh;q=0.5' }, 409, 'SOLD_OUT');
    expect(en.json.title).toBe(REFUSALS.SOLD_OUT.en);
    expect(en.headers['content-language']).toBe('en');
  });
  it('opens again when a seat comes back', async () => {
    await quiet(lineOf({ soldOut: 1 }));
    await expectRefused(stage.buyer(sale), 409, 'SOLD_OUT');
    await quiet(lineOf({ soldOut: 0 }));
    await expectPassed(stage.buyer(sale));
  });
  it('lets a repeated request pass: an Idempotency-Key and a valid permit', async () => {
    await quiet(lineOf({ soldOut: 1 }));
    await expectPassed(stage.buyer(sale, { 'Idempotency-Key': 'k1' }));
  });
  it.each([
    ['no permit', { 'X-Permit': '' }],
    ['a forged permit', { 'X-Permit': 'k.1.9999999999999.AAAA' }],
    ['no token', { Authorization: '' }],
    ['an empty key', { 'Idempotency-Key': '' }],
  ])('takes %s for no repeated request', async (_, wrong) => {
    await quiet(lineOf({ soldOut: 1 }));
    const headers = stage.buyer(sale, { 'Idempotency-Key': 'k1', ...wrong });
    await expectRefused(headers, 409, 'SOLD_OUT');
  });
  it('speaks of one sale only', async () => {
    await stage.flag(newSession(), lineOf({ soldOut: 1 }));
    stage.doors.seen.length = 0;
    await expectPassed(stage.buyer(sale));
  });
});

describe('the sale window gate', () => {
  it('refuses before the opening and names the moment', async () => {
    const opensAtMs = Date.now() + 60_123;
    await quiet(lineOf({ opensAtMs }));
    const { json, headers } = await expectRefused(stage.buyer(sale), 403, 'SALE_NOT_OPEN');
    expect(json.opensAt).toBe(new Date(opensAtMs).toISOString());
    expect(Number(headers['retry-after'])).toBeGreaterThan(55);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(61);
  });
  it('opens at that moment, without hearing of it', async () => {
    await quiet(lineOf({ opensAtMs: Date.now() + 1_500 }));
    await expectRefused(stage.buyer(sale), 403, 'SALE_NOT_OPEN');
    await new Promise((done) => setTimeout(done, 1_600));
    await expectPassed(stage.buyer(sale));
  });
  it('lets nobody pass before the opening: nothing can be repeated yet', async () => {
    await quiet(lineOf({ opensAtMs: Date.now() + 60_000 }));
    await expectRefused(stage.buyer(sale, { 'Idempotency-Key': 'k1' }), 403, 'SALE_NOT_OPEN');
  });
  it.each([
    ['paused', { switch: 'PAUSED' }, 503, 'SALE_PAUSED'],
    ['closed by its organiser', { switch: 'CLOSED' }, 409, 'SALE_CLOSED'],
    ['closed by the clock', { closesAtMs: Date.now() - 1 }, 409, 'SALE_CLOSED'],
    ['closed and sold out', { switch: 'CLOSED', soldOut: 1 as const }, 409, 'SALE_CLOSED'],
    ['paused and sold out', { switch: 'PAUSED', soldOut: 1 as const }, 503, 'SALE_PAUSED'],
  ])('refuses when the sale is %s, but not a repeated request', async (_, line, status, word) => {
    await quiet(lineOf(line));
    const { headers } = await expectRefused(stage.buyer(sale), status, word);
    expect(headers['retry-after']).toBe(status === 503 ? '1' : undefined);
    await expectPassed(stage.buyer(sale, { 'Idempotency-Key': 'k1' }));
  });
});

describe('the order of the gates on /locks', () => {
  it('is sold out, token, permit, window: each speaks when those before are silent', async () => {
    await quiet(lineOf({ opensAtMs: Date.now() + 60_000, soldOut: 1 }));
    await expectRefused({}, 401, 'UNAUTHENTICATED');
    const signedIn = { Authorization: `Bearer ${stage.token()}` };
    await expectRefused(signedIn, 403, 'PERMIT_INVALID');
    await expectRefused(stage.buyer(sale), 403, 'SALE_NOT_OPEN');
    await quiet(lineOf({ soldOut: 1 }));
    await expectRefused({}, 409, 'SOLD_OUT');
    await quiet(lineOf());
    await expectRefused({}, 401, 'UNAUTHENTICATED');
    await expectPassed(stage.buyer(sale));
  });
  it('begins with the size of the body', async () => {
    await quiet(lineOf({ soldOut: 1 }));
    const body = Buffer.alloc(16_385, ' ');
    const path = `/api/v1/sessions/${sale}/locks`;
    expectRefusal(await stage.ask(path, { method: 'POST', body }), 413, 'BODY_TOO_LARGE');
  });
  it('asks nothing of what is not known: a sale the edge never heard of goes to Node', async () => {
    await expectPassed(stage.buyer(sale));
  });
  it('is for those who want seats: another method is for Node to refuse', async () => {
    await quiet(lineOf({ soldOut: 1 }));
    const headers = { Authorization: `Bearer ${stage.token()}` };
    expect((await stage.ask(`/api/v1/sessions/${sale}/locks`, { headers })).status).toBe(200);
  });
});
