/** What a worker has in its own memory of what was just answered from the cache, and for whom. */
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerJson, from, type Kept, startKept } from './kept.ts';
import { type Ask, expectRefusal, newSession, type Stage } from './stage.ts';

/** As long as a worker believes its memory, and a tick of nginx's clock. */
const FORGOTTEN_MS = 1_100;
const BODY_MOST = 16_384;
/** A body that would be a request of its own, 45 bytes long. */
const HIDDEN = 'GET /api/v1/orders HTTP/1.1\r\nHost: hidden\r\n\r\n';

let kept: Kept;
let stage: Stage;
beforeAll(async () => {
  kept = await startKept({ env: { EDGE_WORKERS: '1' } });
  stage = kept.stage;
});
afterAll(() => kept.end());
beforeEach(() => {
  stage.doors.behave = (_req, res) => answerJson(res, 'v', { says: 'node' });
  stage.doors.seen.length = 0;
});

/** A page that is kept in a file, and not in memory: nobody has read it from there. */
async function filed(ask: Ask = {}): Promise<string> {
  const path = `/api/v1/shows/${newSession()}`;
  expect(from(await stage.ask(path, ask))).toBe('MISS');
  return path;
}
/** A page that the worker has in memory. */
async function remembered(ask: Ask = {}): Promise<string> {
  const path = await filed(ask);
  expect(from(await stage.ask(path, ask))).toBe('HIT');
  return path;
}
/** Changes a word of a page in its file, where nginx's cache reads it, and memory does not look. */
function rewrite(path: string, was: string, is: string): void {
  expect(is).toHaveLength(was.length);
  const file = kept.file(path);
  const at = readFileSync(file).indexOf(was);
  expect(at).toBeGreaterThan(0);
  const fd = openSync(file, 'r+');
  writeSync(fd, is, at);
  closeSync(fd);
}
const says = async (path: string, ask: Ask = {}) => (await stage.ask(path, ask)).json.says;

describe('a page that was answered from the cache', () => {
  it('is answered from memory for a second, then from the cache', async () => {
    const path = await remembered();
    rewrite(path, 'node', 'file');
    expect(await says(path)).toBe('node');
    await sleep(FORGOTTEN_MS);
    expect(await says(path)).toBe('file');
    expect(stage.doors.seen).toHaveLength(1);
  });
  it('is the same from there, headers and all', async () => {
    stage.doors.behave = (_req, res) => {
      res.setHeader('X-Two', ['a', 'b']);
      res.setHeader('Vary', 'Accept-Encoding');
      answerJson(res, 'v', { says: 'node' });
    };
    const path = await filed();
    const [file, memory] = [await stage.ask(path), await stage.ask(path)];
    const told = ({ headers }: typeof file) => ({ ...headers, date: '', 'x-request-id': '' });
    expect(told(memory)).toEqual(told(file));
    expect(memory.text).toBe(file.text);
    expect(memory.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(memory.headers['x-request-id']).not.toBe(file.headers['x-request-id']);
  });
  it('is kept apart from itself in another encoding', async () => {
    stage.doors.behave = (req, res) =>
      answerJson(res, 'v', { says: req.headers['accept-encoding'] ?? 'none' });
    const path = await filed();
    for (const encoding of ['gzip', 'br', 'identity', 'gzip', 'br', 'identity', 'gzip', 'br']) {
      const ask = { headers: { 'Accept-Encoding': encoding } };
      expect(await says(path, ask)).toBe(encoding === 'identity' ? 'none' : encoding);
    }
  });
  it.each([
    ['as large as may be', BODY_MOST, 'node'],
    ['larger than that', BODY_MOST + 1, 'file'],
  ])('is in memory or not: it is %s', async (_, bytes, answer) => {
    const pad = bytes - JSON.stringify({ says: 'node', pad: '' }).length;
    stage.doors.behave = (_req, res) => {
      const body = JSON.stringify({ says: 'node', pad: 'x'.repeat(pad) });
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
      res.end(body);
    };
    const path = await remembered();
    rewrite(path, 'node', 'file');
    expect(await says(path)).toBe(answer);
  });
  it('is new as soon as the generation has moved', async () => {
    const path = await remembered();
    stage.doors.behave = (_req, res) => answerJson(res, 'w', { says: 'news' });
    await kept.redis.set(kept.key, `moved-${newSession()}`);
    const movedMs = performance.now();
    await vi.waitFor(async () => expect(await says(path)).toBe('news'), { interval: 5 });
    expect(performance.now() - movedMs).toBeLessThan(FORGOTTEN_MS);
  });
  it('is new as soon as somebody had changed something through this edge', async () => {
    const path = await remembered();
    stage.doors.behave = (_req, res) => answerJson(res, 'w', { says: 'news' });
    const headers = { Authorization: `Bearer ${stage.token({ role: 'organiser' })}` };
    const admin = `/api/v1/admin/shows/${newSession()}`;
    await stage.ask(admin, { method: 'PATCH', headers, body: '{}' });
    expect(await says(path)).toBe('news');
  });
  it('stands in the log as such', async () => {
    const path = await remembered();
    await stage.ask(path);
    const lines = () =>
      stage
        .file('access.log')
        .split('\n')
        .filter((line) => line.includes(path))
        .map((line) => JSON.parse(line).cache);
    await vi.waitFor(() => expect(lines()).toEqual(['MISS', 'HIT', 'HIT']), { timeout: 5_000 });
  });
});

describe('a page in memory', () => {
  it('is told to be the same to a reader who has it', async () => {
    const path = await remembered();
    for (const tag of ['"v"', 'W/"v"', '"x", "v"', '*']) {
      const { status, text, headers } = await stage.ask(path, {
        headers: { 'If-None-Match': tag },
      });
      expect([tag, status, text, headers.etag]).toEqual([tag, 304, '', '"v"']);
    }
    const other = await stage.ask(path, { headers: { 'If-None-Match': '"w"' } });
    expect([other.status, other.json]).toEqual([200, { says: 'node' }]);
  });
  it.each<Ask['headers']>([
    { 'If-Match': '"w"' },
    { 'If-Unmodified-Since': 'Wed, 01 Jan 2020 00:00:00 GMT' },
  ])('is refused on a condition that does not hold: %j', async (headers = {}) => {
    expectRefusal(await stage.ask(await remembered(), { headers }), 412, 'PRECONDITION_FAILED');
  });
  it.each(['If-Match:', 'If-Unmodified-Since:'])('is refused on an empty %s', async (line) => {
    const path = await remembered();
    const text = await stage.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`, /}$/);
    const other = `GET ${await filed()} HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`;
    expect(text.split('\r\n')[0]).toBe((await stage.raw(other, /}$/)).split('\r\n')[0]);
    expect(text).toContain('PRECONDITION_FAILED');
  });
  it('has a head without a body', async () => {
    const path = await remembered();
    const { status, text, headers } = await stage.ask(path, { method: 'HEAD' });
    expect([status, text, headers.etag]).toEqual([200, '', '"v"']);
    expect(headers['content-length']).toBe('15');
  });
  it('is not what POST is answered with', async () => {
    const path = await remembered();
    stage.doors.behave = (_req, res) => answerJson(res, 'w', { says: 'post' });
    expect(await says(path, { method: 'POST', body: '{}' })).toBe('post');
    expect(await says(path)).toBe('node');
  });
  it.each(['Content-Length: 45', 'Transfer-Encoding: chunked'])(
    'is answered to a GET with a body, which is no request of its own: %s',
    async (how) => {
      const path = await remembered();
      const body = how.startsWith('T') ? `2d\r\n${HIDDEN}\r\n0\r\n\r\n` : HIDDEN;
      const text = await stage.raw(
        `GET ${path} HTTP/1.1\r\nHost: x\r\n${how}\r\n\r\n${body}` +
          `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
      expect(text.match(/"node"/g)).toHaveLength(2);
    },
  );
  it('is answered before such a body has come, which is no request then either', async () => {
    const path = await remembered();
    const socket = connect(stage.config.edgePort, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 45\r\n\r\n`);
    await vi.waitFor(() => expect(text).toContain('"node"'));
    socket.write(`${HIDDEN}GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  });
  it('is answered whole to who wants a piece', async () => {
    const ask = { headers: { Range: 'bytes=2-5' } };
    const { status, json, headers } = await stage.ask(await remembered(), ask);
    expect([status, json, headers['content-range']]).toEqual([200, { says: 'node' }, undefined]);
  });
  it('answers requests that come in one piece, each with its own id', async () => {
    const path = await remembered();
    const one = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const last = one.replace('Host: x', 'Host: x\r\nConnection: close');
    const text = await stage.raw(one.repeat(20) + last);
    const ids = text.match(/X-Request-Id: \w+/g);
    expect([ids?.length, new Set(ids).size]).toEqual([21, 21]);
    expect(text.match(/"node"/g)).toHaveLength(21);
  });
});

describe('who asked in another way', () => {
  it.each<[string, Ask]>([
    ['a piece of it', { headers: { Range: 'bytes=2-5' } }],
    ['pieces of it', { headers: { Range: 'bytes=0-1,4-5' } }],
    ['all but the last byte', { headers: { Range: 'bytes=0-13' } }],
    ['its head', { method: 'HEAD' }],
    ['whether it is the same', { headers: { 'If-None-Match': '"v"' } }],
  ])('leaves nothing but the whole to others: %s', async (_, ask) => {
    stage.doors.behave = (_req, res) => {
      res.setHeader('Accept-Ranges', 'bytes');
      answerJson(res, 'v', { says: 'node' });
    };
    const path = await filed();
    await stage.ask(path, ask);
    const { status, json, headers } = await stage.ask(path);
    expect([status, json]).toEqual([200, { says: 'node' }]);
    expect([headers['content-length'], headers['content-range']]).toEqual(['15', undefined]);
  });
});

describe('an address that asks too often', () => {
  it('is refused, though the page is in memory', async () => {
    const narrow = await startKept({
      env: { EDGE_WORKERS: '1', EDGE_IP_RATE: '1', EDGE_IP_BURST: '30' },
    });
    try {
      const path = `/api/v1/shows/${newSession()}`;
      const statuses: number[] = [];
      for (let i = 0; i < 40; i++) statuses.push((await narrow.stage.ask(path)).status);
      expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
      expectRefusal(await narrow.stage.ask(path), 429, 'RATE_LIMITED');
    } finally {
      await narrow.end();
    }
  });
});
