/** What a client can do to what the edge keeps for everybody: nothing. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { edgeAuthText } from '../../contracts/claims.ts';
import { counting, from, type Kept, startKept } from './kept.ts';
import { expectRefusal, newSession, type Stage, secretOf } from './stage.ts';

let kept: Kept;
let stage: Stage;
beforeAll(async () => {
  kept = await startKept();
  stage = kept.stage;
});
afterAll(() => kept.end());
beforeEach(() => {
  counting(stage);
  stage.doors.seen.length = 0;
});

const newShow = () => `/api/v1/shows/${newSession()}`;
const targets = () => stage.doors.seen.map(({ target }) => target);
/** Sends a target as it is, which a client library would tidy up first. */
const raw = (target: string) =>
  stage.raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
const cacheOf = (text: string) => /^X-Cache: (\w+)/m.exec(text)?.[1];

describe('a header of a client', () => {
  const said = {
    Authorization: 'Bearer a.b.c',
    'X-Permit': 'p',
    'Idempotency-Key': 'k',
    'X-Signature': 's',
    Cookie: 'a=b',
    Range: 'bytes=0-1',
    'If-Modified-Since': 'Wed, 01 Jan 2020 00:00:00 GMT',
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    Accept: 'text/csv',
    'User-Agent': 'evil',
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Host': 'evil',
    'X-Forwarded-Proto': 'evil',
    'X-Original-URL': '/admin',
    'X-HTTP-Method-Override': 'DELETE',
    'X-Edge-Uid': 'eve',
    'X-Edge-Auth': 'forged',
    'X-Request-Id': 'f'.repeat(32),
    X_Forwarded_Host: 'evil',
    X_Edge_Auth: 'forged',
    Origin: 'https://evil',
  };
  it('does not reach Node, who hears of an address and a language only', async () => {
    const path = newShow();
    const answer = await stage.ask(path, { headers: { ...said, 'Accept-Language': 'en' } });
    const [{ headers, method, target }] = stage.doors.seen as [(typeof stage.doors.seen)[0]];
    const id = String(answer.headers['x-request-id']);
    expect(headers).toEqual({
      host: 'front',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-request-id': id,
      'x-edge-auth': expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
      'accept-language': 'en',
    });
    const [, t, mac] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['x-edge-auth']))!;
    const text = edgeAuthText(Number(t), method, target, '', id);
    const key = secretOf(stage.env.EDGE_KEYS!);
    expect(mac).toBe(createHmac('sha256', key).update(text).digest('hex'));
  });
  it('does not split what is kept, nor change it', async () => {
    const path = newShow();
    const whole = await stage.ask(path);
    for (const [name, value] of Object.entries({
      ...said,
      'Accept-Language': 'en',
      Host: 'evil',
    })) {
      const answer = await stage.ask(path, { headers: { [name]: value } });
      expect([name, answer.status, from(answer)]).toEqual([name, 200, 'HIT']);
      expect(answer.text).toBe(whole.text);
    }
    expect(targets()).toEqual([path]);
  });
});

describe('a condition that does not hold', () => {
  it('is refused by the edge as everything is', async () => {
    const answer = await stage.ask(newShow(), { headers: { 'If-Match': '"other"' } });
    expectRefusal(answer, 412, 'PRECONDITION_FAILED');
  });
});

describe('a spelling', () => {
  const id = newSession();
  it.each([
    ['an escaped letter', `/api/v1/show%73/${id}`],
    ['an escaped id', `/api/v1/shows/%30${id.slice(1)}`],
    ['two slashes', `/api/v1//shows/${id}`],
    ['a way round', `/api/v1/venues/../shows/${id}`],
    ['a dot', `/api/v1/./shows/${id}`],
    ['an empty query', `/api/v1/shows/${id}?`],
    ['a parameter nobody knows', `/api/v1/shows/${id}?x=1`],
    ['a parameter of another page', `/api/v1/shows?form=columns`],
    ['a repeated separator', `/api/v1/shows?&&q=x`],
    ['a name that is escaped', `/api/v1/shows?%71=x`],
    ['a fragment', `/api/v1/shows#x`],
    ['a capital', `/api/v1/shows/${id.toUpperCase().replace(/^./, 'A')}`],
    ['another form', `/api/v1/sessions/${id}/layout?form=bits`],
    ['a bare parameter', '/api/v1/shows?q'],
  ])('with %s goes to Node as it is, each time, and is not kept', async (_, target) => {
    const before = kept.keys().length;
    for (let i = 0; i < 2; i++) {
      const text = await raw(target);
      expect(text).toMatch(/^HTTP\/1.1 200 /);
      expect(cacheOf(text) ?? 'BYPASS').toBe('BYPASS');
    }
    expect(targets()).toEqual([target, target]);
    expect(kept.keys()).toHaveLength(before);
  });
  it.each([
    '/api/v1/shows?q=%E6%B2%B3&city=%E4%B8%8A%E6%B5%B7',
    '/api/v1/shows?category=concert&limit=20',
    '/api/v1/shows?limit=20&category=concert',
    '/api/v1/shows?cursor=MDEyMw-_',
    '/api/v1/shows?q=a+b',
    '/api/v1/shows?q=a%20b',
  ])('of our own pages is kept, for itself alone: %s', async (target) => {
    stage.doors.behave = (req, res) => res.end(req.url);
    expect([cacheOf(await raw(target)), cacheOf(await raw(target))]).toEqual(['MISS', 'HIT']);
    expect((await stage.ask(target)).text).toBe(target);
    expect(targets()).toEqual([target]);
  });
  it('of the address with a host in it is the same page, whatever the host', async () => {
    const path = newShow();
    await stage.ask(path);
    expect(cacheOf(await raw(`http://evil.example${path}`))).toBe('HIT');
    expect(targets()).toEqual([path]);
  });
});

describe('a request that is no reading', () => {
  it.each(['POST', 'PATCH', 'DELETE'])(
    'with %s goes to Node, not to what is kept',
    async (method) => {
      const path = newShow();
      await stage.ask(path);
      stage.doors.behave = (_req, res) => {
        res.writeHead(405, { 'Content-Type': 'application/problem+json', Allow: 'GET, HEAD' });
        res.end('{"code":"METHOD_NOT_ALLOWED"}');
      };
      const answer = await stage.ask(path, { method, ...(method !== 'DELETE' && { body: '{}' }) });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
      expect(answer.text).toBe('{"code":"METHOD_NOT_ALLOWED"}');
      expect(stage.doors.seen.map((seen) => seen.method)).toEqual(['GET', method]);
      expect(from(await stage.ask(path))).toBe('HIT');
    },
  );
  it('that answers 200 all the same is not kept for those who read', async () => {
    const path = newShow();
    await stage.ask(path, { method: 'POST', body: '{}' });
    expect((await stage.ask(path)).json).toEqual({ n: 2 });
  });
  it('may bring a body with GET, which nobody reads', async () => {
    const path = newShow();
    const body = 'GET /api/v1/orders HTTP/1.1\r\nHost: x\r\n\r\n';
    const text = await stage.raw(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(targets().filter((target) => target !== path)).toEqual([]);
  });
});
