/** What the edge does when something it needs is away, slow, or changed under it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { expectRefusal, lineOf, newSession, Stage } from './stage.ts';

describe('an arbiter that is away', () => {
  let arbiter: PrivateServer;
  let stage: Stage;
  const sale = newSession();
  beforeAll(async () => {
    arbiter = await privateServer('arbiter');
    stage = await Stage.start({ env: { ARBITER_URL: arbiter.url } });
  });
  afterAll(async () => {
    await stage.end();
    await arbiter.end();
  });
  const passes = () =>
    vi.waitFor(async () => expect((await stage.lock(sale, stage.buyer(sale))).status).toBe(200), {
      timeout: 5_000,
      interval: 50,
    });

  it('closes no gate: what was pulled is kept for a moment, then Node decides', async () => {
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    await arbiter.stop();
    expectRefusal(await stage.lock(sale), 409, 'SOLD_OUT');
    await passes();
    expectRefusal(await stage.lock(sale), 401, 'UNAUTHENTICATED');
    await arbiter.start();
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    expectRefusal(await stage.lock(sale), 409, 'SOLD_OUT');
  });
  it('does not stop the edge when it hangs instead', async () => {
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    arbiter.pause();
    await passes();
    const startMs = Date.now();
    expect((await stage.lock(sale, stage.buyer(sale))).status).toBe(200);
    expect(Date.now() - startMs).toBeLessThan(500);
    arbiter.resume();
    await stage.flag(sale, lineOf());
  });
  it('is complained of once, not with every pull', () => {
    const complaints = stage.file('error.log').match(/the arbiter cannot be read/g) ?? [];
    expect(complaints.length).toBeGreaterThanOrEqual(2);
    expect(complaints.length).toBeLessThanOrEqual(8);
  });
});

describe('an arbiter with a password and a database of its own', () => {
  it('is read all the same', async () => {
    const arbiter = await privateServer('arbiter');
    onTestFinished(() => arbiter.end());
    const redis = new Redis(arbiter.url);
    await redis.config('SET', 'requirepass', 'p w:d');
    redis.disconnect();
    const url = new URL(arbiter.url);
    const stage = await Stage.start({
      env: { ARBITER_URL: `redis://:${encodeURIComponent('p w:d')}@${url.host}/3` },
    });
    onTestFinished(() => stage.end());
    const sale = newSession();
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    expectRefusal(await stage.lock(sale), 409, 'SOLD_OUT');
    expect(stage.file('nginx.conf')).not.toContain('p w:d');
  });
});

describe('a line of a sale that nobody can read', () => {
  it('closes no gate and hides no other line', async () => {
    const stage = await Stage.start();
    onTestFinished(() => stage.end());
    const [broken, good] = [newSession(), newSession()];
    await stage.flag(broken, 'half a line');
    await stage.flag(good, lineOf({ soldOut: 1 }));
    expect((await stage.lock(broken, stage.buyer(broken))).status).toBe(200);
    expectRefusal(await stage.lock(good), 409, 'SOLD_OUT');
    expect(stage.file('error.log')).toContain('half a line');
  });
});

describe('a door that is away', () => {
  let stage: Stage;
  const sale = newSession();
  beforeAll(async () => {
    stage = await Stage.start({ env: { EDGE_UID_BURST: '1000' } });
  });
  afterAll(() => stage.end());
  beforeEach(() => stage.doors.startAll());
  const lock = () => stage.lock(sale, stage.buyer(sale));

  it('is BUSY for those who ask, and for nobody else', async () => {
    await stage.doors.kill('front-1');
    const answer = await stage.ask('/api/v1/shows', { headers: { 'Accept-Language': 'en' } });
    expectRefusal(answer, 503, 'BUSY');
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.json.instance).toBe('/api/v1/shows');
    expect((await lock()).status).toBe(200);
    expect((await stage.ask('/healthz')).status).toBe(200);
    expect((await stage.ask('/readyz')).status).toBe(503);
    await stage.doors.start('front-1');
    expect((await stage.ask('/api/v1/shows')).status).toBe(200);
  });
  it('fails no new request while its twin lives, and is asked again when it is back', async () => {
    for (let i = 0; i < 10; i++) await lock();
    await stage.doors.kill('rush-1');
    const answers = await Promise.all(Array.from({ length: 100 }, lock));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await stage.doors.start('rush-1');
    stage.doors.seen.length = 0;
    await vi.waitFor(
      async () => {
        await lock();
        expect(stage.doors.seen.map(({ door }) => door)).toContain('rush-1');
      },
      { timeout: 3_000, interval: 50 },
    );
  });
  it('that dies with a POST in its hands is not asked twice: it may have obeyed', async () => {
    stage.doors.seen.length = 0;
    stage.doors.behave = (req) => req.socket.destroy();
    expectRefusal(await lock(), 503, 'BUSY');
    expect(stage.doors.seen).toHaveLength(1);
  });
  it('that dies with a GET in its hands is: its twin answers', async () => {
    stage.doors.seen.length = 0;
    stage.doors.behave = (req, res) => {
      if (stage.doors.seen.length === 1) req.socket.destroy();
      else res.end('{}');
    };
    expect((await stage.ask('/api/v1/time')).status).toBe(200);
    expect(new Set(stage.doors.seen.map(({ door }) => door)).size).toBe(2);
  });
  it('may refuse by itself: the edge changes nothing of what Node answers', async () => {
    stage.doors.behave = (_req, res) => {
      res.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '7' });
      res.end('{"code":"ARBITER_AWAY"}');
    };
    const answer = await stage.ask('/readyz');
    expect(answer).toMatchObject({ status: 503, text: '{"code":"ARBITER_AWAY"}' });
    expect(answer.headers['retry-after']).toBe('7');
  });
});

describe('a live stream', () => {
  it('passes event by event, at once', async () => {
    const stage = await Stage.start();
    onTestFinished(() => stage.end());
    let say = (_event: string) => {};
    stage.doors.behave = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      say = (event) => void res.write(event);
      say('event: time\ndata: {}\n\n');
    };
    const path = `/api/v1/sessions/${newSession()}/stream`;
    const { body, headers } = await request(stage.url + path);
    expect(headers['content-type']).toBe('text/event-stream');
    const events = body[Symbol.asyncIterator]();
    expect(String((await events.next()).value)).toBe('event: time\ndata: {}\n\n');
    for (const n of [1, 2, 3]) {
      const startMs = Date.now();
      say(`id: 1:${n}\n\n`);
      expect(String((await events.next()).value)).toBe(`id: 1:${n}\n\n`);
      expect(Date.now() - startMs).toBeLessThan(1_000);
    }
  });
});

describe('a reader of a live stream that is too slow', () => {
  it('is felt by Node, who cuts it: the edge takes nothing on its own account', async () => {
    const stage = await Stage.start();
    onTestFinished(() => stage.end());
    const piece = 'x'.repeat(65_536);
    const most = 64 * 1_048_576;
    let written = 0;
    let waiting = 0;
    stage.doors.behave = (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const more = setInterval(() => {
        for (let i = 0; i < 16 && written < most && waiting < 1_048_576; i++) {
          res.write(piece);
          written += piece.length;
        }
        waiting = res.writableLength;
      }, 5);
      res.on('close', () => clearInterval(more));
    };
    const { body } = await request(`${stage.url}/api/v1/sessions/${newSession()}/stream`);
    let before = -1;
    const standsStill = () => {
      const still = written === before;
      before = written;
      expect(still).toBe(true);
    };
    await vi.waitFor(standsStill, { timeout: 20_000, interval: 1_000 });
    expect(written).toBeGreaterThan(1_048_576);
    expect(written).toBeLessThan(most);
    body.destroy();
  });
});

describe('a running edge', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterAll(() => stage.end());

  it('reads its directory again without losing a request', async () => {
    let running = true;
    const statuses: number[] = [];
    const client = async () => {
      while (running) {
        const { status } = await stage.ask('/api/v1/time');
        statuses.push(status);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let i = 0; i < 3; i++) {
      await stage.reload();
      await sleep(200);
    }
    running = false;
    await Promise.all(clients);
    expect(statuses.length).toBeGreaterThan(100);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });
  it('takes new keys with it, and forgets the old ones', async () => {
    const headers = { Authorization: `Bearer ${stage.token()}` };
    expect((await stage.ask('/api/v1/orders', { headers })).status).toBe(200);
    await stage.reload({ JWT_KEYS: `new:${'x'.repeat(32)}` });
    expectRefusal(await stage.ask('/api/v1/orders', { headers }), 401, 'UNAUTHENTICATED');
    const token = stage.token({}, { kid: 'new' }, 'x'.repeat(32));
    const renewed = { Authorization: `Bearer ${token}` };
    expect((await stage.ask('/api/v1/orders', { headers: renewed })).status).toBe(200);
    await stage.reload();
  });
  it('keeps pulling when its workers were killed', async () => {
    const sale = newSession();
    for (const pid of stage.workers()) process.kill(pid, 'SIGKILL');
    await stage.flag(sale, lineOf({ soldOut: 1 })).catch(() => sleep(500));
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    expectRefusal(await stage.lock(sale), 409, 'SOLD_OUT');
  });
  it('finishes what it has when it is asked to leave', async () => {
    stage.doors.behave = (_req, res) => void setTimeout(() => res.end('late'), 500);
    const late = stage.ask('/api/v1/shows');
    await vi.waitFor(() => expect(stage.doors.seen.at(-1)?.target).toBe('/api/v1/shows'));
    const gone = stage.quit();
    expect(await late).toMatchObject({ status: 200, text: 'late' });
    await gone;
    await expect(stage.ask('/healthz')).rejects.toThrow(/ECONNREFUSED/);
  });
});
