/** What reaches Node: by which door, under whose name, and nothing a client made up. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { edgeAuthText } from '../../contracts/claims.ts';
import type { Seen } from './doors.ts';
import { newSession, Stage, secretOf } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.end());
beforeEach(() => {
  stage.doors.seen.length = 0;
});

const only = (): Seen => {
  expect(stage.doors.seen).toHaveLength(1);
  return stage.doors.seen[0]!;
};

/** Says that the proof of a request is the one the gateway will work out. */
function expectProven({ headers, method, target }: Seen, uid: string): void {
  const [, t, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-edge-auth']))!;
  const text = edgeAuthText(Number(t), method, target, uid, String(headers['x-request-id']));
  const key = secretOf(stage.env.EDGE_KEYS!);
  expect(mac).toBe(createHmac('sha256', key).update(text).digest('hex'));
  expect(Math.abs(Date.now() - Number(t))).toBeLessThan(5_000);
}

describe('the proof for the gateway', () => {
  it('covers method, target with its query, uid, request id and moment', async () => {
    const headers = { Authorization: `Bearer ${stage.token({ sub: 'ada' })}` };
    await stage.ask('/api/v1/orders?limit=3&cursor=%E4%B8%AD', { headers });
    expect(only().target).toBe('/api/v1/orders?limit=3&cursor=%E4%B8%AD');
    expect(only().headers['x-edge-uid']).toBe('ada');
    expectProven(only(), 'ada');
  });
  it('has no uid without a token, and one with a token even where none is asked for', async () => {
    await stage.ask('/api/v1/time');
    expect(only().headers).not.toHaveProperty('x-edge-uid');
    expectProven(only(), '');
    stage.doors.seen.length = 0;
    await stage.ask('/api/v1/time', { headers: { Authorization: `Bearer ${stage.token()}` } });
    expectProven(only(), 'u1');
  });
  it('is about each of many who ask at once, with a name or without', async () => {
    const uidOf = (n: number) => (n % 3 === 0 ? '' : `u${n}`);
    const ask = (n: number) => {
      const sub = uidOf(n);
      const headers = sub && { Authorization: `Bearer ${stage.token({ sub })}` };
      return stage.ask(`/api/v1/time?n=${n}`, { headers: headers || {} });
    };
    await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n)));
    expect(stage.doors.seen).toHaveLength(200);
    for (const seen of stage.doors.seen)
      expectProven(seen, uidOf(Number(seen.target.split('=')[1])));
  });
  it.each(['/api/v1/%73hows', '/api/v1/x/../shows', '/api/v1//shows', '/api/v1/shows?a=//b'])(
    'covers %s as it was sent',
    async (target) => {
      const line = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
      expect(await stage.raw(line)).toMatch(/^HTTP\/1.1 200 /);
      expect(only().target).toBe(target);
      expectProven(only(), '');
    },
  );
});

describe('a request id', () => {
  it('is made by the edge, new each time, and the same for Node and the client', async () => {
    const first = await stage.ask('/api/v1/time', { headers: { 'X-Request-Id': 'f'.repeat(32) } });
    const second = await stage.ask('/api/v1/time');
    const [one, two] = [first, second].map(({ headers }) => headers['x-request-id']);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(one).not.toBe('f'.repeat(32));
    expect(one).not.toBe(two);
    expect(stage.doors.seen.map(({ headers }) => headers['x-request-id'])).toEqual([one, two]);
  });
  it('comes back once, although Node answers with one too', async () => {
    stage.doors.behave = (_req, res) => {
      res.setHeader('X-Request-Id', 'of-node');
      res.end();
    };
    const { headers } = await stage.ask('/api/v1/time');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('an internal header that a client sends', () => {
  const forged = {
    'X-Edge-Uid': 'eve',
    'X-Edge-Auth': `t=${Date.now()},v1=${'0'.repeat(64)}`,
    X_Edge_Uid: 'eve',
    X_Edge_Auth: 'forged',
    X_Request_Id: 'forged',
    'X-Edge-Role': 'operator',
    'X-User-Id': 'eve',
    'X-Real-IP': '6.6.6.6',
    'X-Forwarded-For': '6.6.6.6',
    X_Forwarded_For: '6.6.6.6',
    'X-Forwarded-Host': 'evil',
    'X-Original-URL': '/admin',
    Forwarded: 'for=6.6.6.6',
    Cookie: 'a=b',
  };
  it('never reaches Node, whatever way it is written', async () => {
    await stage.ask('/api/v1/time', { headers: forged });
    const { headers } = only();
    expect(JSON.stringify(headers)).not.toMatch(/eve|forged|6\.6\.6\.6|operator|evil|a=b|\/admin/);
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(headers).not.toHaveProperty('x-edge-uid');
    expectProven(only(), '');
  });
  it('is no second voice beside the right one', async () => {
    const line =
      'GET /api/v1/time HTTP/1.1\r\nHost: x\r\nX-Edge-Uid: eve\r\nx-edge-uid: mallory\r\n' +
      'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n' +
      'Connection: close, X-Edge-Auth\r\n\r\n';
    expect(await stage.raw(line)).toMatch(/^HTTP\/1.1 200 /);
    expect(only().headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(only().headers).not.toHaveProperty('x-edge-uid');
    expectProven(only(), '');
  });
  it('takes nothing from what a client may say', async () => {
    const said = {
      'content-type': 'application/json',
      'accept-language': 'en',
      'idempotency-key': 'k1',
      'if-match': '"3"',
      'if-none-match': '"4"',
      'last-event-id': '1:2',
      'x-signature': 't=1,v1=aa',
      'user-agent': 'test',
      accept: 'text/csv',
    };
    await stage.ask('/api/v1/payments/events', {
      method: 'POST',
      headers: said,
      body: '{ "a":1 }',
    });
    expect(only().headers).toMatchObject(said);
    expect(only().body.toString()).toBe('{ "a":1 }');
  });
});

describe('a path', () => {
  const id = newSession();
  it.each([
    ['GET', '/api/v1/time', 'rush'],
    ['GET', `/api/v1/sessions/${id}/sale`, 'rush'],
    ['GET', `/api/v1/sessions/${id}/seats?form=bits`, 'rush'],
    ['POST', `/api/v1/sessions/${id}/reservations`, 'rush'],
    ['POST', `/api/v1/sessions/${id}/permits`, 'rush'],
    ['POST', `/api/v1/sessions/${id}/locks`, 'rush'],
    ['GET', `/api/v1/sessions/${id}/stream`, 'live'],
    ['GET', '/api/v1/me/stream?ticket=x', 'live'],
    ['POST', '/api/v1/me/stream-tickets', 'front'],
    ['GET', `/api/v1/sessions/${id}`, 'front'],
    ['GET', `/api/v1/sessions/${id}/layout`, 'front'],
    ['GET', `/api/v1/admin/sessions/${id}/seats/3`, 'front'],
    ['GET', '/api/v1/orders', 'front'],
    ['POST', '/api/v1/payments/events', 'front'],
    ['POST', '/api/v1/dev/token', 'front'],
    ['GET', '/api/v1/no-such-thing', 'front'],
    ['GET', '/readyz', 'front'],
  ])('%s %s goes to the door %s', async (method, path, door) => {
    const headers = stage.buyer(id);
    expect((await stage.ask(path, { method, headers })).status).toBe(200);
    expect(only()).toMatchObject({ method, target: path, door: expect.stringMatching(door) });
  });
  it.each(['/nowhere', '/api/v1', '/api/v2/shows', '/_edge/problem', '/%2e%2e/etc/passwd'])(
    '%s that is none of ours goes nowhere',
    async (path) => {
      const { status, json } = await stage.ask(path);
      expect({ status, code: json.code }).toEqual({ status: 404, code: 'NOT_FOUND' });
      expect(stage.doors.seen).toEqual([]);
    },
  );
  it('/healthz is answered by the edge itself', async () => {
    expect(await stage.ask('/healthz')).toMatchObject({ status: 200, json: { ok: true } });
    expect(stage.doors.seen).toEqual([]);
  });
  it('of a sale is shared by both processes of the rush door', async () => {
    for (let i = 0; i < 8; i++) await stage.ask('/api/v1/time');
    expect(new Set(stage.doors.seen.map(({ door }) => door))).toEqual(
      new Set(['rush-1', 'rush-2']),
    );
  });
});
