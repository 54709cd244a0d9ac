/** What the edge answers of the catalogue when it is old, when Node is away, or the cache Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { answerJson, counting, from, type Kept, startKept } from './kept.ts';
import { expectRefusal, newSession, type Stage } from './stage.ts';

const newShow = () => `/api/v1/shows/${newSession()}`;
/** nginx looks at the clock once per round of its loop. */
const CLOCK_LAG_MS = 100;
/** Longer than an answer is fresh: ten seconds, of which nginx counts whole ones. */
const GROWN_OLD_MS = 11_500;

describe('an answer that has grown old', () => {
  let kept: Kept;
  let stage: Stage;
  const changed = newShow();
  const wanted = newShow();
  const orphaned = newShow();
  const failing = newShow();
  beforeAll(async () => {
    kept = await startKept();
    stage = kept.stage;
    for (const path of [changed, wanted, orphaned, failing]) await stage.ask(path);
    await sleep(GROWN_OLD_MS);
  });
  afterAll(() => kept.end());
  const askedFor = (path: string) => stage.doors.seen.filter(({ target }) => target === path);

  it('is answered at once, and asked for behind that answer', async () => {
    let answer = () => {};
    stage.doors.behave = (_req, res) => {
      answer = () => answerJson(res, 'new', { n: 'new' });
    };
    // Node has not answered yet, and says nothing before it is told to.
    const stale = await stage.ask(changed);
    expect([from(stale), stale.json.n === 'new']).toEqual(['STALE', false]);
    await vi.waitFor(() => expect(askedFor(changed)).toHaveLength(2), { timeout: 5_000 });
    expect(['STALE', 'UPDATING']).toContain(from(await stage.ask(changed)));
    answer();
    await vi.waitFor(async () => expect((await stage.ask(changed)).json).toEqual({ n: 'new' }), {
      timeout: 5_000,
      interval: 20,
    });
    expect(askedFor(changed)).toHaveLength(2);
    counting(stage);
  });
  it('is asked for once, though a hundred want it at that moment', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => stage.ask(wanted)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await vi.waitFor(async () => expect(from(await stage.ask(wanted))).toBe('HIT'), {
      timeout: 5_000,
    });
    expect(askedFor(wanted)).toHaveLength(2);
  });
  it('is good again when Node says that it is the same', async () => {
    const path = newShow();
    stage.doors.behave = (req, res) => {
      if (req.headers['if-none-match'] === '"v"') res.writeHead(304, { ETag: '"v"' }).end();
      else res.setHeader('ETag', '"v"').end('whole');
    };
    expect((await stage.ask(path)).text).toBe('whole');
    await sleep(GROWN_OLD_MS);
    expect(from(await stage.ask(path))).toBe('STALE');
    await vi.waitFor(async () => expect(from(await stage.ask(path))).toBe('HIT'), {
      timeout: 5_000,
      interval: 20,
    });
    expect((await stage.ask(path)).text).toBe('whole');
    expect(askedFor(path).map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"v"',
    ]);
    counting(stage);
  });
  it.each([500, 503])('is answered all the same while Node answers %i', async (status) => {
    stage.doors.behave = (_req, res) => res.writeHead(status).end('{}');
    for (let i = 0; i < 3; i++) {
      const answer = await stage.ask(failing);
      expect([answer.status, ['STALE', 'UPDATING'].includes(String(from(answer)))]).toEqual([
        200,
        true,
      ]);
      await sleep(50);
    }
    counting(stage);
  });
  it('is answered all the same while Node is away', async () => {
    await stage.doors.kill('front-1');
    for (let i = 0; i < 3; i++) {
      expect((await stage.ask(orphaned)).status).toBe(200);
      await sleep(50);
    }
    const known = {
      headers: { 'If-None-Match': String((await stage.ask(orphaned)).headers.etag) },
    };
    expect((await stage.ask(orphaned, known)).status).toBe(304);
    expectRefusal(await stage.ask(newShow()), 503, 'BUSY');
    await stage.doors.start('front-1');
    await vi.waitFor(async () => expect(from(await stage.ask(orphaned))).toBe('HIT'), {
      timeout: 5_000,
      interval: 50,
    });
  });
});

describe('a change while Node is going away', () => {
  it('leaves what was true before it, which is better than nothing', async () => {
    const kept = await startKept();
    onTestFinished(() => kept.end());
    const { stage } = kept;
    const [path, unknown] = [newShow(), newShow()];
    const before = await stage.ask(path);
    await kept.move();
    await stage.doors.kill('front-1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => stage.ask(path)));
    for (const answer of answers) {
      expect([answer.status, from(answer), answer.text]).toEqual([200, 'HIT', before.text]);
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    }
    const none = await stage.ask(unknown, { headers: { 'Accept-Language': 'en' } });
    expectRefusal(none, 503, 'BUSY');
    expect(none.json.instance).toBe(unknown);
    expect(none.headers['content-language']).toBe('en');
    expect(none.headers['retry-after']).toBe('1');
    stage.doors.behave = (_req, res) => answerJson(res, 'new', { n: 'new' });
    await stage.doors.start('front-1');
    await vi.waitFor(async () => expect((await stage.ask(path)).json).toEqual({ n: 'new' }), {
      timeout: 5_000,
      interval: 20,
    });
  });
});

describe('a cache Redis', () => {
  let cache: PrivateServer;
  let kept: Kept;
  let stage: Stage;
  beforeAll(async () => {
    cache = await privateServer('cache');
    kept = await startKept({ env: { CACHE_URL: cache.url } });
    stage = kept.stage;
  });
  afterAll(async () => {
    await kept.end();
    await cache.end();
  });
  const untilNobodyBelieves = () =>
    vi.waitFor(() => expect(stage.file('error.log')).toMatch(/is not known/), { timeout: 5_000 });

  /**
   * Asks for one page for three seconds, and says that it was asked of Node once for each second
   * the clock has shown, and that nobody got what was older than that.
   */
  async function asksOnceASecond(): Promise<void> {
    const path = newShow();
    stage.doors.seen.length = 0;
    stage.doors.behave = (_req, res) => answerJson(res, 'v', { atMs: Date.now() });
    const startMs = Date.now();
    while (Date.now() - startMs < 3_000) {
      const askedAtMs = Date.now();
      const { status, json } = await stage.ask(path);
      expect(status).toBe(200);
      expect(Number(json.atMs)).toBeGreaterThan(askedAtMs - 1_000 - CLOCK_LAG_MS);
    }
    const seconds = Math.floor(Date.now() / 1_000) - Math.floor(startMs / 1_000) + 1;
    expect(stage.doors.seen.length).toBeGreaterThanOrEqual(3);
    expect(stage.doors.seen.length).toBeLessThanOrEqual(seconds);
    counting(stage);
  }

  const weathers: [string, () => unknown, () => unknown][] = [
    ['that has lost everything', () => kept.redis.flushall(), () => undefined],
    ['that hangs', () => cache.pause(), () => cache.resume()],
    ['that is away', () => cache.stop(), () => cache.start()],
  ];
  it.each(weathers)(
    '%s makes nothing old, and asks Node once a second for each page',
    async (_, end, begin) => {
      await kept.move();
      await end();
      await sleep(1_500); // what was believed is believed for a second
      await asksOnceASecond();
      await begin();
      await kept.move();
      const path = newShow();
      await stage.ask(path);
      await sleep(1_100);
      expect(from(await stage.ask(path))).toBe('HIT');
    },
  );
  it('that is away together with Node leaves what is there', async () => {
    const path = newShow();
    const before = await stage.ask(path);
    await cache.stop();
    await stage.doors.kill('front-1');
    await sleep(1_500);
    for (let i = 0; i < 3; i++) {
      const answer = await stage.ask(path);
      expect([answer.status, answer.text]).toEqual([200, before.text]);
    }
    await stage.doors.start('front-1');
    await cache.start();
  });
  it('is complained of once, not with every pull', async () => {
    await untilNobodyBelieves();
    const complaints = stage.file('error.log').match(/is not known/g) ?? [];
    expect(complaints.length).toBeLessThanOrEqual(12);
  });
});

describe('a running edge', () => {
  it('still has what it kept when its directory was read again', async () => {
    const kept = await startKept();
    onTestFinished(() => kept.end());
    const { stage } = kept;
    const path = newShow();
    await stage.ask(path);
    await stage.reload();
    await kept.move();
    await stage.ask(path);
    await stage.reload();
    expect(from(await stage.ask(path))).toBe('HIT');
  });
});
