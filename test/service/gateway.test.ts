/** The front door over HTTP: which paths there are, and what it makes of what services answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heard, ID, lastHeard, neighbours } from './gateway.neighbours.ts';
import { type OpenDoor, openDoor } from './gateway.support.ts';

const API = '/api/v1';

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor('front', async () => neighbours);
});
afterAll(() => door.close());

describe('a path', () => {
  test.each([
    '/',
    '/api/v1',
    `${API}/nothing`,
    `${API}/orders/`,
    `${API}/Orders`,
    `${API}//orders`,
    `${API}/sessions/${ID}/locks`, // another door's
    `${API}/order/list`,
    `${API}/order.list`,
    '/order/list',
    '/~node/services',
    '/$node/services',
    `${API}/list-aliases`,
    '/gateway/addRoute',
    '/order.list',
    `${API}/sessions/%E0%A4%A`,
  ])('%s does not exist here', async (path) => {
    const { status, json } = await door.ask(path, { uid: 'u1', role: 'operator' });
    expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
    expect(json.instance).toBe(path);
  });

  test.each([
    ['DELETE', `${API}/orders`, 'GET, HEAD'],
    ['PUT', `${API}/orders/${ID}`, 'GET, HEAD'],
    ['GET', `${API}/orders/${ID}/cancel`, 'POST'],
    ['OPTIONS', `${API}/orders`, 'GET, HEAD'],
  ])('%s %s says which methods there are', async (method, path, allow) => {
    const headers = { 'Access-Control-Request-Method': 'GET', Origin: 'https://elsewhere' };
    const before = heard.length;
    const answer = await door.ask(path, { method, uid: 'u1', headers });
    expect([answer.status, answer.json.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.allow).toBe(allow);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(heard).toHaveLength(before);
  });

  test('answers HEAD as GET without a body', async () => {
    const { status, text, headers } = await door.ask(`${API}/sessions/${ID}`, { method: 'HEAD' });
    expect([status, text]).toEqual([200, '']);
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });
});

describe('an answer', () => {
  test('carries the request id and is not kept when it is somebody’s own', async () => {
    const { headers } = await door.ask(`${API}/orders`, { uid: 'u1' });
    expect(headers['x-request-id']).toBe(door.requestId);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  test('of the catalogue has an ETag, and is 304 for whoever has it', async () => {
    const path = `${API}/sessions/${ID}`;
    const { headers } = await door.ask(path);
    expect(headers['cache-control']).toBe('public, max-age=0, must-revalidate');
    for (const known of [headers.etag!, `W/${headers.etag}`, `"x", ${headers.etag}`, '*']) {
      const again = await door.ask(path, { headers: { 'If-None-Match': known } });
      expect([again.status, again.text]).toEqual([304, '']);
      expect(again.headers.etag).toBe(headers.etag);
    }
    const other = await door.ask(path, { headers: { 'If-None-Match': '"x"' } });
    expect(other.status).toBe(200);
  });

  test('that is a stream is piped, and not even begun for whoever has it', async () => {
    const path = `${API}/sessions/${ID}/layout`;
    const whole = await door.ask(path);
    expect([whole.status, whole.json]).toEqual([200, { seatCount: 2 }]);
    const known = await door.ask(path, { headers: { 'If-None-Match': '"v1"' } });
    expect([known.status, known.text]).toEqual([304, '']);
  });

  test('of an operator’s look at a seat joins the arbiter and the orders', async () => {
    const path = `${API}/admin/sessions/${ID}/seats/7`;
    const { json } = await door.ask(path, { uid: 'op', role: 'operator' });
    expect(json).toEqual({
      seat: 7,
      state: 'SOLD',
      history: [{ orderId: 'o', state: 'PAID', at: 'then', by: 'them' }],
      blocks: [],
    });
    const odd = await door.ask(`${API}/admin/sessions/${ID}/seats/x`, {
      uid: 'op',
      role: 'operator',
    });
    expect([odd.status, odd.json.errors[0].pointer]).toEqual([422, '/seat']);
  });

  test('to a refusal of a service is its word, in the language asked for', async () => {
    const path = `${API}/admin/sessions/${ID}`;
    const asked = { method: 'DELETE', uid: 'o1', role: 'organiser' };
    const english = await door.ask(path, { ...asked, headers: { 'Accept-Language': 'en' } });
    expect([english.status, english.json.code]).toEqual([409, 'IN_USE']);
    expect(english.headers['content-language']).toBe('en');
    expect(english.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const chinese = await door.ask(path, asked);
    expect(chinese.json.title).toBe('仍被引用，不能删除或更改');
  });

  test('to a bug of a service leaks nothing', async () => {
    const { status, json, text } = await door.ask(`${API}/orders/${ID}`, { uid: 'u1' });
    expect([status, json.code]).toEqual([500, 'INTERNAL']);
    expect(text).not.toMatch(/SELECT|ER_BAD|secret/);
    expect(json.requestId).toBe(door.requestId);
  });

  test('of a service that hangs, or is not there, is BUSY', async () => {
    const hangs = await door.post(`${API}/orders/${ID}/payments`, 'u1');
    expect([hangs.status, hangs.json.code, hangs.headers['retry-after']]).toEqual([
      503,
      'BUSY',
      '1',
    ]);
    const absent = await door.ask(`${API}/shows`);
    expect([absent.status, absent.json.code]).toEqual([503, 'BUSY']);
  });
});

test('is ready when all that a lock and its order need is, and names what is not', async () => {
  const { status, json } = await door.ask('/readyz');
  expect([status, json.code]).toEqual([503, 'BUSY']);
  expect(json.missing).toEqual(['payment', 'payment: mysql']);
});

test('hands out development tokens in sandbox mode', async () => {
  const { status } = await door.ask(`${API}/dev/token`, { method: 'POST', body: { uid: 'u1' } });
  expect(status).toBe(201);
  expect(lastHeard()).toMatchObject({ action: 'sandbox.token', params: { uid: 'u1' } });
});

// Last: it ends the door.
test('a door that stops finishes what it has and takes nothing new', async () => {
  const slow = door.ask(`${API}/venues/${ID}`);
  await sleep(100);
  const stopped = door.broker.stop();
  expect((await slow).status).toBe(200);
  await stopped;
  await expect(door.ask(`${API}/orders`, { uid: 'u1' })).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
});
