/** What a door takes for input, and what it refuses before any action runs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heard, ID, lastHeard, neighbours } from './gateway.neighbours.ts';
import { type OpenDoor, openDoor } from './gateway.support.ts';

const API = '/api/v1';

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor('front', async () => neighbours);
});
afterAll(() => door.close());

describe('input', () => {
  const cancel = `${API}/orders/${ID}/cancel`;
  const pointers = (json: { errors: { pointer: string }[] }) =>
    json.errors.map(({ pointer }) => pointer);

  test.each<[string, string | object, number, string]>([
    ['that is no JSON', '{"a":', 400, 'BODY_MALFORMED'],
    ['that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400, 'BODY_MALFORMED'],
    ['that is an array', '[]', 422, 'VALIDATION_FAILED'],
    ['that is a number', '1', 422, 'VALIDATION_FAILED'],
    ['that is null', 'null', 422, 'VALIDATION_FAILED'],
    ['with a field nobody asked for', { x: 1 }, 422, 'VALIDATION_FAILED'],
    ['with a field that the path has', { orderId: 'other' }, 422, 'VALIDATION_FAILED'],
    ['with a field that only a header has', { idempotencyKey: 'k' }, 422, 'VALIDATION_FAILED'],
    ['with __proto__', '{"__proto__":{"orderId":"x"}}', 422, 'VALIDATION_FAILED'],
    ['that is too large', { x: 'x'.repeat(66_000) }, 413, 'BODY_TOO_LARGE'],
  ])('a body %s is refused before the action runs', async (_, body, status, code) => {
    const before = heard.length;
    const answer = await door.post(cancel, 'u1', body);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(heard).toHaveLength(before);
    expect(({} as Record<string, unknown>).orderId).toBeUndefined();
  });

  test('a body that grows too large without announcing it is cut off', async () => {
    const answer = await door.ask(cancel, {
      method: 'POST',
      uid: 'u1',
      chunked: true,
      body: 'x'.repeat(70_000),
    });
    expect(answer.json.code).toBe('BODY_TOO_LARGE');
  });

  test.each(['', '{}', ' {} '])(
    'an empty body, %j, is what a call without input takes',
    async (body) => {
      expect((await door.post(cancel, 'u1', body)).status).toBe(200);
      expect(lastHeard().params).toEqual({ orderId: ID });
    },
  );

  test.each([
    ['text/plain;charset=UTF-8', 200],
    ['application/x-www-form-urlencoded', 200],
    ['application/merge-patch+json', 200],
    ['application/xml', 415],
    ['multipart/form-data; boundary=x', 415],
  ])('a body of type %s is answered with %i', async (type, status) => {
    expect((await door.post(cancel, 'u1', {}, { 'Content-Type': type })).status).toBe(status);
  });

  test('a compressed body is refused', async () => {
    const answer = await door.post(cancel, 'u1', {}, { 'Content-Encoding': 'gzip' });
    expect([answer.status, answer.json.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test.each([
    ['?limit=1&limit=2', '/limit'],
    ['?limit=0', '/limit'],
    ['?limit=101', '/limit'],
    ['?limit=x', '/limit'],
    ['?offset=1', '/offset'],
    ['?limit[$gt]=1', '/limit[$gt]'],
    ['?__proto__=1', '/__proto__'],
    ['?permit=x', '/permit'],
  ])('the query %s is refused by name', async (query, pointer) => {
    const { status, json } = await door.ask(`${API}/orders${query}`, { uid: 'u1' });
    expect([status, json.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(pointers(json)).toEqual([pointer]);
  });

  test('a query beside a body is refused', async () => {
    const { json } = await door.post(`${cancel}?orderId=x`, 'u1');
    expect(pointers(json)).toEqual(['/orderId']);
  });

  test('a query cannot take the place of a path parameter', async () => {
    const { json } = await door.ask(`${API}/sessions/${ID}?id=other`);
    expect(pointers(json)).toEqual(['/id']);
  });

  test('the payment system’s body arrives byte for byte, with its signature', async () => {
    const body = '{ "eventId":\t"e" , "n":1.0, "名":"座" }';
    const headers = { 'X-Signature': 't=1,v1=ab' };
    const { status } = await door.ask(`${API}/payments/events`, { method: 'POST', body, headers });
    expect(status).toBe(200);
    expect(lastHeard().params).toEqual({ raw: body, signature: 't=1,v1=ab' });
    await door.ask(`${API}/payments/events`, { method: 'POST', body });
    expect(lastHeard().params).toEqual({ raw: body, signature: '' });
  });

  test('If-Match reaches the change it is a condition of', async () => {
    const asked = { method: 'PATCH', uid: 'o1', role: 'organiser', body: { title: 'x' } };
    await door.ask(`${API}/admin/sessions/${ID}`, { ...asked, headers: { 'If-Match': '"3"' } });
    expect(lastHeard().params).toEqual({ id: ID, title: 'x', ifMatch: '"3"' });
    await door.ask(`${API}/admin/sessions/${ID}`, asked);
    expect(lastHeard().params).toEqual({ id: ID, title: 'x' });
  });

  test('a plan is handed on as it arrives, with its type and what its query says', async () => {
    const path = `${API}/admin/seat-templates?venueId=v&name=n`;
    const headers = { 'Content-Type': 'text/csv' };
    const asked = { method: 'POST', uid: 'o1', role: 'organiser', headers };
    const answer = await door.ask(path, { ...asked, body: 'x'.repeat(3_000_000) });
    expect([answer.status, answer.json.bytes]).toEqual([201, 3_000_000]);
    expect(lastHeard().params).toEqual({ contentType: 'text/csv', venueId: 'v', name: 'n' });
    expect(answer.headers.location).toBe(`${API}/admin/seat-templates/${ID}`);
  });

  test('a plan that is too large is refused, announced or not', async () => {
    const path = `${API}/admin/seat-templates`;
    const asked = { method: 'POST', uid: 'o1', role: 'organiser' };
    const announced = { 'Content-Length': String(33 * 1_024 * 1_024) };
    const one = await door.ask(path, { ...asked, headers: announced, body: 'x' });
    expect(one.json.code).toBe('BODY_TOO_LARGE');
    const body = Buffer.alloc(33 * 1_024 * 1_024, 'x');
    const [two] = await Promise.allSettled([door.ask(path, { ...asked, chunked: true, body })]);
    // The answer may be lost when the connection is cut while the rest is still being sent.
    if (two.status === 'fulfilled') expect(two.value.json.code).toBe('BODY_TOO_LARGE');
    expect(lastHeard().params).not.toMatchObject({ bytes: body.length });
  });
});
