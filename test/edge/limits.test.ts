/** How much a client may send, on both sides of each limit, and what is no HTTP at all. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, newSession, Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.end());
beforeEach(() => {
  stage.doors.seen.length = 0;
});

const KIB = 1_024;
const sale = newSession();

/** A body sent in pieces, without saying how long it will be. */
const chunked = (path: string, headers: Record<string, string>, bytes: number) => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return stage.raw(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('')}` +
      `Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n` +
      `${'x'.repeat(bytes)}\r\n0\r\n\r\n`,
  );
};

describe('a body', () => {
  it.each([
    [`/api/v1/sessions/${sale}/locks`, 16 * KIB],
    [`/api/v1/sessions/${sale}/permits`, 64 * KIB],
    ['/api/v1/payments/events', 64 * KIB],
    ['/api/v1/admin/shows', 64 * KIB],
    ['/api/v1/admin/seat-templates', 32 * KIB * KIB],
  ])('of %s has at most %i bytes', async (path, max) => {
    const headers = stage.buyer(sale);
    const body = Buffer.alloc(max, 'x');
    expect((await stage.ask(path, { method: 'POST', headers, body })).status).toBe(200);
    expect(stage.doors.seen[0]!.body.length).toBe(max);
    const more = Buffer.alloc(max + 1, 'x');
    expectRefusal(
      await stage.ask(path, { method: 'POST', headers, body: more }),
      413,
      'BODY_TOO_LARGE',
    );
    expect(stage.doors.seen).toHaveLength(1);
  });
  it('that does not say its length is measured all the same', async () => {
    const path = `/api/v1/sessions/${sale}/locks`;
    const headers = stage.buyer(sale);
    expect(await chunked(path, headers, 16 * KIB)).toMatch(/^HTTP\/1.1 200 /);
    expect(stage.doors.seen[0]!.headers['content-length']).toBe(String(16 * KIB));
    const refused = await chunked(path, headers, 16 * KIB + 1);
    expect(refused).toMatch(/^HTTP\/1.1 413 /);
    expect(refused).toMatch(/"code":"BODY_TOO_LARGE"/);
    expect(stage.doors.seen).toHaveLength(1);
  });
  it('of a refused request is not taken for the next request of its connection', async () => {
    const smuggled = 'GET /api/v1/shows HTTP/1.1\r\nHost: x\r\n\r\n';
    const text = await stage.raw(
      `POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n` +
        `${smuggled}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
    expect(stage.doors.seen).toEqual([]);
  });
});

describe('a header', () => {
  it.each([
    ['an address', (size: number) => ({ path: `/api/v1/shows?q=${'x'.repeat(size)}` })],
    [
      'a header',
      (size: number) => ({ path: '/api/v1/shows', headers: { 'X-Long': 'x'.repeat(size) } }),
    ],
  ])('line with %s of 8 KB or more is refused', async (_, make) => {
    const { path, ...rest } = make(7 * KIB);
    expect((await stage.ask(path, rest)).status).toBe(200);
    const { path: longer, ...more } = make(9 * KIB);
    const answer = await stage.ask(longer, more);
    expect(answer.status).toBe(431);
    expect(answer.json.code).toBe('HEADERS_TOO_LARGE');
  });
  it('block of more than 32 KB is refused', async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`x-long-${i}`, 'x'.repeat(4 * KIB)]),
    );
    expectRefusal(await stage.ask('/api/v1/shows', { headers }), 431, 'HEADERS_TOO_LARGE');
    expect(stage.doors.seen).toEqual([]);
  });
});

describe('what is no HTTP', () => {
  const lines = (...text: string[]) => text.map((line) => `${line}\r\n`).join('');
  it.each([
    ['garbage', lines('GARBAGE', '')],
    ['a request without a host', lines('GET /healthz HTTP/1.1', '')],
    ['two hosts', lines('GET /healthz HTTP/1.1', 'Host: a', 'Host: b', '')],
    [
      'two lengths',
      lines(
        'POST /api/v1/shows HTTP/1.1',
        'Host: x',
        'Content-Length: 2',
        'Content-Length: 3',
        '',
        '{}',
      ),
    ],
    [
      'a length and chunks',
      lines(
        ...['POST /api/v1/shows HTTP/1.1', 'Host: x', 'Content-Length: 5'],
        ...['Transfer-Encoding: chunked', '', '0', '', ''],
      ),
    ],
    [
      'a length that is no number',
      lines('POST /api/v1/shows HTTP/1.1', 'Host: x', 'Content-Length: +2', '', '{}'),
    ],
    [
      'an unknown transfer encoding',
      lines('POST /api/v1/shows HTTP/1.1', 'Host: x', 'Transfer-Encoding: gzip', '', ''),
    ],
    [
      'a chunk of no size',
      lines('POST /api/v1/shows HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', '', 'zz', ''),
    ],
    ['an address with a null byte', lines('GET /api/v1/%00 HTTP/1.1', 'Host: x', '')],
  ])('is refused: %s', async (_, bytes) => {
    const text = await stage.raw(bytes);
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toMatch(/Content-Type: application\/problem\+json/);
    expect(text).toMatch(/"code":"REQUEST_MALFORMED"/);
    expect(text).toMatch(/X-Request-Id: [0-9a-f]{32}/);
    expect(stage.doors.seen).toEqual([]);
  });
  it('a header folded over two lines reaches nobody', async () => {
    const text = await stage.raw(
      lines('GET /api/v1/shows HTTP/1.1', 'Host: x', 'X-Permit: a', ' b', 'Connection: close', ''),
    );
    expect(text).toMatch(/^HTTP\/1.1 (200|400) /);
    expect(stage.doors.seen.map(({ headers }) => headers['x-permit'] ?? 'a')).not.toContain('a b');
  });
  it('tells nothing of what runs here', async () => {
    const { headers, text } = await stage.ask('/nowhere');
    expect(headers.server).toBe('nginx');
    expect(text).not.toMatch(/nginx|openresty/i);
  });
});
