/** What the edge keeps of the catalogue, for whom, and what it never keeps. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EDGE_INSIDE_PORT } from '../../config/processes.ts';
import { counting, from, type Kept, startKept } from './kept.ts';
import { expectRefusal, newSession, type Stage } from './stage.ts';

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

describe('an answer of the catalogue', () => {
  it.each(['/shows', `/shows/${newSession()}`, `/venues/${newSession()}`])(
    '%s is asked of Node once, then kept',
    async (path) => {
      const first = await stage.ask(`/api/v1${path}`);
      const second = await stage.ask(`/api/v1${path}`);
      expect([first, second].map(from)).toEqual(['MISS', 'HIT']);
      expect(second.text).toBe(first.text);
      expect(second.headers).toMatchObject({
        etag: '"v1"',
        'cache-control': 'public, max-age=0, must-revalidate',
        'content-type': 'application/json',
      });
      expect(targets()).toEqual([`/api/v1${path}`]);
    },
  );
  it.each(['', '/layout', '/layout?form=columns'])('/sessions/:id%s is, too', async (rest) => {
    const path = `/api/v1/sessions/${newSession()}${rest}`;
    const answers = [await stage.ask(path), await stage.ask(path)];
    expect(answers.map(from)).toEqual(['MISS', 'HIT']);
    expect(targets()).toEqual([path]);
  });
  it.each(['sale', 'seats', 'stream'])('/sessions/:id/%s is alive, and not kept', async (live) => {
    const path = `/api/v1/sessions/${newSession()}/${live}`;
    const answers = [await stage.ask(path), await stage.ask(path)];
    expect(answers.map(from)).toEqual([undefined, undefined]);
    expect(targets()).toEqual([path, path]);
  });
  it('that nobody has yet is asked of Node once, though a hundred want it', async () => {
    stage.doors.behave = (_req, res) => void setTimeout(() => res.end('"late"'), 300);
    const path = newShow();
    const answers = await Promise.all(Array.from({ length: 100 }, () => stage.ask(path)));
    expect(answers.filter(({ status, text }) => status !== 200 || text !== '"late"')).toEqual([]);
    expect(targets()).toEqual([path]);
  });
  it('is new as soon as the generation has moved', async () => {
    const path = newShow();
    expect((await stage.ask(path)).json).toEqual({ n: 1 });
    expect((await stage.ask(path)).json).toEqual({ n: 1 });
    await kept.redis.set(kept.key, 'moved-by-hand');
    await vi.waitFor(async () => expect((await stage.ask(path)).json).toEqual({ n: 2 }), {
      timeout: 5_000,
      interval: 20,
    });
    expect(from(await stage.ask(path))).toBe('HIT');
  });
  it('may be large, and is the same to the last byte', async () => {
    const layout = JSON.stringify(Array.from({ length: 300_000 }, (_, seat) => ({ seat })));
    stage.doors.behave = (_req, res) => res.end(layout);
    const path = `/api/v1/sessions/${newSession()}/layout`;
    const answers = [await stage.ask(path), await stage.ask(path)];
    expect(answers.map(from)).toEqual(['MISS', 'HIT']);
    expect(answers.map(({ text }) => text === layout)).toEqual([true, true]);
  });
  it('comes under the id of the request that asks, and Node hears that id too', async () => {
    const path = newShow();
    stage.doors.behave = (_req, res) => {
      res.setHeader('X-Request-Id', 'of-node');
      res.end('{}');
    };
    const ids = [await stage.ask(path), await stage.ask(path)].map(
      ({ headers }) => headers['x-request-id'],
    );
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]).not.toBe(ids[1]);
    expect(stage.doors.seen.map(({ headers }) => headers['x-request-id'])).toEqual([ids[0]]);
  });
  it('stands in the access log with where it came from', async () => {
    const path = newShow();
    for (let i = 0; i < 2; i++) await stage.ask(path);
    await vi.waitFor(
      () => {
        const lines = stage
          .file('access.log')
          .split('\n')
          .filter((line) => line.includes(path));
        const told = lines.map((line) => JSON.parse(line)).map(({ route, cache }) => route + cache);
        // Each worker writes its lines when it sees fit.
        expect(told.toSorted()).toEqual(['catalogueHIT', 'catalogueMISS']);
      },
      { timeout: 5_000 },
    );
  });
});

describe('a reader who has it already', () => {
  it('is told so by the edge, for the right tag alone', async () => {
    const path = newShow();
    await stage.ask(path);
    for (const tag of ['"v1"', 'W/"v1"', '"x", "v1"', '*']) {
      const answer = await stage.ask(path, { headers: { 'If-None-Match': tag } });
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([304, '', '"v1"']);
    }
    const other = await stage.ask(path, { headers: { 'If-None-Match': '"v0"' } });
    expect([other.status, other.json]).toEqual([200, { n: 1 }]);
    expect(targets()).toEqual([path]);
  });
  it('and asks first is told so too, and leaves a whole answer for the next', async () => {
    const path = newShow();
    const first = await stage.ask(path, { headers: { 'If-None-Match': '"v1"' } });
    expect([first.status, from(first)]).toEqual([304, 'MISS']);
    expect(stage.doors.seen[0]!.headers).not.toHaveProperty('if-none-match');
    const next = await stage.ask(path);
    expect([next.status, from(next), next.json]).toEqual([200, 'HIT', { n: 1 }]);
  });
  it('asks with HEAD: the same headers, kept for GET as well', async () => {
    const path = newShow();
    const head = await stage.ask(path, { method: 'HEAD' });
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', '"v1"']);
    expect(from(await stage.ask(path))).toBe('HIT');
    expect((await stage.ask(path)).json).toEqual({ n: 1 });
    expect(from(await stage.ask(path, { method: 'HEAD' }))).toBe('HIT');
    expect(stage.doors.seen.map(({ method }) => method)).toEqual(['GET']);
  });
});

describe('an encoding', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['*', undefined],
    ['deflate, zstd', undefined],
    ['gzip;q=0', undefined],
    ['br;q=0.0, gzip;q=0.000', undefined],
    ['brotli, x-gzip', undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['br', 'br'],
    ['BR;Q=0.5', 'br'],
    ['gzip;q=1.0, br;q=0.1', 'br'],
    ['gzip', 'gzip'],
    ['gzip, deflate', 'gzip'],
    ['deflate , gzip ; q=0.8', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
  ])('asked for as %j is %j for Node', async (accepted, heard) => {
    const headers: Record<string, string> = {};
    if (accepted !== undefined) headers['Accept-Encoding'] = accepted;
    await stage.ask(newShow(), { headers });
    expect(stage.doors.seen[0]!.headers['accept-encoding']).toBe(heard);
  });
  it('is kept apart from the others, once however it is asked for', async () => {
    const path = newShow();
    stage.doors.behave = (req, res) => {
      const encoding = req.headers['accept-encoding'];
      if (encoding) res.setHeader('X-Packed', encoding);
      res.setHeader('Vary', 'Accept-Encoding');
      res.end('{}');
    };
    const wishes = ['br', 'gzip', 'identity', 'br, gzip', 'deflate, gzip', 'zstd'];
    const got: unknown[] = [];
    for (const wish of wishes) {
      const answer = await stage.ask(path, { headers: { 'Accept-Encoding': wish } });
      got.push([from(answer), answer.headers['x-packed'], answer.headers.vary]);
    }
    const packed = ['br', 'gzip', undefined];
    expect(got).toEqual([
      ...packed.map((name) => ['MISS', name, 'Accept-Encoding']),
      ...packed.map((name) => ['HIT', name, 'Accept-Encoding']),
    ]);
  });
});

describe('an answer that is not everybody’s for long', () => {
  it.each([404, 422, 500])('is not kept: a %i is asked of Node each time', async (status) => {
    const path = newShow();
    stage.doors.behave = (req, res) => {
      res.writeHead(status, { 'Content-Type': 'application/problem+json' });
      res.end(JSON.stringify({ language: req.headers['accept-language'] }));
    };
    for (const language of ['en', 'zh-CN']) {
      const headers = { 'Accept-Language': language };
      const answer = await stage.ask(path, { headers });
      expect(answer.status).toBe(status);
      if (status !== 500) expect(answer.json).toEqual({ language });
    }
    expect(targets()).toEqual([path, path]);
    counting(stage);
    expect((await stage.ask(path)).status).toBe(200);
  });
  it.each([
    ['Cache-Control', 'no-store'],
    ['Cache-Control', 'private, max-age=60'],
    ['Set-Cookie', 'a=b'],
  ])('is not kept: Node says %s: %s', async (name, value) => {
    const path = newShow();
    stage.doors.behave = (_req, res) => res.setHeader(name, value).end('{}');
    expect([await stage.ask(path), await stage.ask(path)].map(from)).toEqual(['MISS', 'MISS']);
  });
  it('is not kept: it broke off half-way', async () => {
    const path = newShow();
    stage.doors.behave = (_req, res) => {
      res.write('{"half":');
      setTimeout(() => res.destroy(), 50);
    };
    await stage.ask(path).catch(() => 'cut off');
    counting(stage);
    expect((await stage.ask(path)).json).toEqual({ n: stage.doors.seen.length });
  });
});

describe('the inside server', () => {
  const inside = (path: string) =>
    fetch(`http://127.0.0.1:${stage.config.portBase + EDGE_INSIDE_PORT}${path}`);
  it('listens on loopback and nowhere else', () => {
    const listening = [...stage.file('catalogue.conf').matchAll(/^ *listen (\S+)/gm)];
    expect(listening.map(([, address]) => address)).toEqual([
      `127.0.0.1:${stage.config.portBase + EDGE_INSIDE_PORT}`,
    ]);
  });
  it.each([
    '/api/v1/orders',
    '/api/v1/admin/shows',
    '/api/v1/sessions/x/locks',
    '/api/v1/sessions/x/sale',
    '/api/v1/dev/token',
    '/_edge/problem',
    '/healthz',
    '/readyz',
    '/',
  ])('knows nothing of %s', async (path) => {
    expect((await inside(path)).status).toBe(404);
    expect(stage.doors.seen).toEqual([]);
  });
  it('refuses what no path answers, under the id and in the language of who asked', async () => {
    const headers = { 'Accept-Language': 'en' };
    const answer = await stage.ask(newShow(), { method: 'PUT', headers });
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers['content-language']).toBe('en');
    expect(stage.doors.seen).toEqual([]);
  });
});
