/** An arbiter that is full, gone, or not the one it was: what still works, what is said. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wordOf } from '../../contracts/errors.ts';
import { keyspace } from '../../contracts/keys.ts';
import { createArbiter } from '../../lua/arbiter.ts';
import { argsOf, loadScript } from '../../lua/loader.ts';
import { runScript } from '../../lua/runner.ts';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { audit } from './audit.ts';
import { drawnHall } from './hall.ts';
import { freshOrderId, refusalOf, SALE, type Stage, stage } from './stage.ts';

const HALL = drawnHall(['AAAAAA', 'AAAAAA']);
let server: PrivateServer;
beforeAll(async () => {
  server = await privateServer('arbiter');
});
afterAll(() => server.end());

const full = (on: Stage) => on.redis.config('SET', 'maxmemory', '1');
const roomy = (on: Stage) => on.redis.config('SET', 'maxmemory', '0');

describe('a full arbiter', () => {
  it('locks nothing, reserves nothing, and drains itself', async () => {
    const on = await stage(HALL, { lockMs: 5_000 }, server.url);
    const [a, b] = [await on.lock('a', { seats: [0, 1] }), await on.lock('b', { seats: [2] })];
    await full(on);
    for (const act of [
      () => on.lock('c', { seats: [5] }),
      () => on.lock('c', { best: { count: 1, tier: 'A' } }),
      () => on.arbiter.reserve(SALE, 'c'),
    ])
      expect((await refusalOf(on, act)).word).toBe('ARBITER_AWAY');

    expect(await on.arbiter.due(SALE, 10, 1_000, b.deadlineMs)).toEqual({ posted: 2 });
    expect(await on.arbiter.sell(SALE, a.orderId)).toEqual({ changed: true });
    expect(await on.arbiter.release(SALE, b.orderId, 'CANCELLED')).toEqual({ changed: true });
    expect((await on.arbiter.turn(SALE, 'PAUSED')).state).toBe('PAUSED');
    expect((await on.arbiter.snapshot(SALE)).states).toBe('220000-000000');
    const post = loadScript('channel/post');
    const stream = on.keys.stream('order.paid', 0);
    const args = argsOf(post, { payload: '{}', headers: '{}' });
    expect((await runScript(on.redis, post, [stream], args))[0]).toBe('OK');

    await roomy(on);
    expect(await audit(on, HALL)).toEqual([]);
    await on.end();
  });
});

describe('a Redis that was restarted', () => {
  it('takes no lock until its run is adopted, and has lost nothing', async () => {
    const on = await stage(HALL, {}, server.url);
    await on.lock('a', { seats: [0] });
    const before = await on.arbiter.runId();
    server.kill('SIGKILL');
    await expect.poll(() => on.arbiter.runId().catch(() => before)).not.toBe(before);
    const act = () => on.lock('b', { seats: [1] });
    expect((await refusalOf(on, act)).word).toBe('ARBITER_AWAY');
    await on.arbiter.adopt(0, 2);
    expect((await act()).seats).toHaveLength(1);
    expect(await on.marks()).toBe('110000-000000');
    await on.end();
  });

  it('does not know the scripts, and is told them again', async () => {
    const on = await stage(HALL, {}, server.url);
    await on.redis.script('FLUSH');
    await on.lock('a', { seats: [0] });
    await on.end();
  });
});

describe('a Redis that is away', () => {
  it('is ARBITER_AWAY for everybody, and says nothing of hosts or ports', async () => {
    const redis = new Redis('redis://127.0.0.1:1', { lazyConnect: true, retryStrategy: null });
    redis.on('error', () => undefined);
    const arbiter = createArbiter({ redis, keys: keyspace('t', 1) });
    const who = { sale: SALE, uid: 'a', orderId: freshOrderId(), requestId: '' };
    for (const act of [
      () => arbiter.lock({ ...who, seats: [0] }),
      () => arbiter.sell(SALE, 'o'),
      () => arbiter.view(SALE),
      () => arbiter.hold(SALE, 'o'),
      () => arbiter.sales(),
      () => arbiter.epoch(0),
      () => arbiter.ping(),
    ]) {
      const error = await act().then(
        () => expect.fail('answered'),
        (reason: unknown) => reason as { data?: unknown },
      );
      expect(wordOf(error)).toBe('ARBITER_AWAY');
      expect(error.data).toBeUndefined();
    }
    await arbiter.close();
  });

  it('is not what a fault of our own is called', async () => {
    const on = await stage(HALL, {}, server.url);
    await on.redis.set(on.keys.ofSale(SALE).buyers, 'no hash');
    const error = await on.lock('a', { seats: [0] }).catch((reason: unknown) => reason);
    expect(wordOf(error)).toBeUndefined();
    expect(String(error)).toContain('WRONGTYPE');
    expect((await on.arbiter.snapshot(SALE)).states).toBe('000000-000000');
    await expect(on.lock('a b', { seats: [0] })).rejects.toThrow(/strange uid/);
    await on.end();
  });
});
