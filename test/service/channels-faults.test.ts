/** Channels while processes and Redis die: nothing is lost, nobody dies with them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { channelLag } from '../../mixins/channels/lag.ts';
import { removeAbandoned, trimStream } from '../../mixins/channels/trim.ts';
import { type PrivateServer, privateServer, servers } from '../support/servers.ts';
import { type Hall, LIMITS, openHall } from './channels.support.ts';

const until = (claim: () => unknown, timeout = 15_000) =>
  vi.waitFor(async () => expect(await claim()).toBe(true), { timeout, interval: 20 });

describe('a process dies', () => {
  let hall: Hall;
  beforeEach(() => {
    hall = openHall(servers().arbiterUrl);
  });
  afterEach(() => hall.close());

  test('a peer takes over what a process was handling when it was killed, not before', async () => {
    await hall.postMany(3);
    const child = spawn(
      process.execPath,
      [`${import.meta.dirname}/channels.child.ts`, hall.url, hall.namespace],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await until(async () => (await hall.pending()) === 3);
    const heard = new Set<string>();
    await hall.hear(({ payload }) => heard.add(payload.orderId), { nodeID: 'node-peer' });
    await sleep(LIMITS.idleMs * 2);
    expect(heard.size).toBe(0);
    child.kill('SIGKILL');
    await until(() => heard.size === 3);
    await until(() => hall.isQuiet());
  });
});

describe('Redis dies', () => {
  let server: PrivateServer;
  let hall: Hall;
  beforeAll(async () => {
    server = await privateServer('arbiter');
  });
  afterAll(() => server.end());
  beforeEach(() => {
    hall = openHall(server.url);
  });
  afterEach(() => hall.close());

  test('killed in the middle and back: every message is heard, none stays pending', async () => {
    const heard = new Map<string, number>();
    await hall.hear(async ({ payload }) => {
      await sleep(5);
      heard.set(payload.orderId, (heard.get(payload.orderId) ?? 0) + 1);
    });
    const first = await hall.postMany(500, 'a');
    await until(() => heard.size > 50);
    server.kill('SIGKILL');
    await server.waitReady();
    const second = await hall.postMany(100, 'b');
    await until(() => heard.size === first.length + second.length);
    await until(() => hall.isQuiet());
    const repeated = [...heard.values()].filter((times) => times > 1).length;
    process.stdout.write(`channels: ${repeated} of 600 messages handled twice over a kill\n`);
  });

  test('gone for a moment: what is running is not run again', async () => {
    let runs = 0;
    const during = Promise.withResolvers<void>();
    await hall.hear(async () => {
      runs++;
      await during.promise;
    });
    await hall.postMany(5);
    await until(() => runs === 5);
    await hall.redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await hall.post('later');
    await until(() => runs === 6);
    await sleep(LIMITS.idleMs * 2);
    expect(runs).toBe(6);
    during.resolve();
    await until(() => hall.isQuiet());
  });

  test('away at the start: the broker starts, and hears when Redis is there', async () => {
    await server.stop();
    const heard: string[] = [];
    const broker = await hall.hear(({ payload }) => heard.push(payload.orderId));
    expect(broker.started).toBe(true);
    await server.start();
    await hall.post('o1');
    await until(() => heard.length === 1);
  });

  test('away at the end: stopping does not hang', async () => {
    const broker = await hall.hear(() => undefined);
    await hall.postMany(3);
    await until(() => hall.isQuiet());
    await server.stop();
    const startedMs = performance.now();
    await hall.stop(broker);
    expect(performance.now() - startedMs).toBeLessThan(LIMITS.drainMs + 2_000);
    await server.start();
  });

  test('refusing writes: what was handled is acknowledged when it takes them again', async () => {
    let runs = 0;
    const begun = Promise.withResolvers<void>();
    const during = Promise.withResolvers<void>();
    const handler = async () => {
      runs++;
      begun.resolve();
      await during.promise;
    };
    // The next try to acknowledge comes later than the new connection, which reads it once more.
    await hall.hear(handler, { limits: { idleMs: 3_000 } });
    await hall.post('o1');
    await begun.promise;
    await hall.redis.config('SET', 'min-replicas-to-write', 1);
    during.resolve();
    await sleep(100);
    await hall.redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await sleep(100);
    expect(await hall.pending()).toBe(1);
    await hall.redis.config('SET', 'min-replicas-to-write', 0);
    await until(() => hall.isQuiet());
    expect(runs).toBe(1);
  });

  test('full: a dead message is still buried', async () => {
    await hall.redis.xadd(hall.stream, '*', 'payload', 'unreadable');
    await hall.redis.xgroup('CREATE', hall.stream, hall.group, '0');
    await hall.redis.config('SET', 'maxmemory', '100');
    await expect(hall.redis.set('x', 'y')).rejects.toThrow('OOM');
    await hall.hear(() => undefined);
    await until(async () => (await hall.died()).length === 1);
    await hall.redis.config('SET', 'maxmemory', '512mb');
    await until(() => hall.isQuiet());
  });
});

describe('looking after a stream', () => {
  let hall: Hall;
  beforeEach(() => {
    hall = openHall(servers().arbiterUrl);
  });
  afterEach(() => hall.close());

  /** `order.paid` is trimmed only when `seckill` has its group. */
  const group = (name: string, from: string) =>
    hall.redis.xgroup('CREATE', hall.stream, name, from);

  test('trims nothing before every service that should hear has its group', async () => {
    await hall.postMany(10);
    await group('other', '$');
    await sleep(5);
    expect(await trimStream(hall.redis, hall.stream, 0)).toBe(0);
  });

  test('trims what all groups acknowledged, never a pending or undelivered message', async () => {
    await hall.postMany(10);
    const ids = (await hall.redis.xrange(hall.stream, '-', '+')).map(([id]) => id);
    await group('seckill', ids[8]!);
    await group('other', '0');
    await hall.redis.xreadgroup('GROUP', 'other', 'c', 'COUNT', 7, 'STREAMS', hall.stream, '>');
    await hall.redis.xack(hall.stream, 'other', ...ids.slice(0, 3), ids[5]!);
    await sleep(5);
    await group('behind', ids[2]!);
    await trimStream(hall.redis, hall.stream, 0);
    expect((await hall.redis.xrange(hall.stream, '-', '+'))[0]?.[0]).toBe(ids[2]);
    await hall.redis.xgroup('DESTROY', hall.stream, 'behind');
    await trimStream(hall.redis, hall.stream, 0);
    const left = (await hall.redis.xrange(hall.stream, '-', '+')).map(([id]) => id);
    expect(left).toEqual(ids.slice(3));
  });

  test('keeps what is young, for those who follow without a group', async () => {
    await hall.postMany(10);
    await group('seckill', '$');
    expect(await trimStream(hall.redis, hall.stream, 60_000)).toBe(0);
    await sleep(5);
    expect(await trimStream(hall.redis, hall.stream, 0)).toBe(9);
  });

  test('removes a silent group of nobody, never one of a service or alive', async () => {
    await hall.postMany(2);
    for (const name of ['seckill', 'former', 'other']) {
      await group(name, '0');
      await hall.redis.xgroup('CREATECONSUMER', hall.stream, name, 'c');
    }
    await sleep(100);
    await hall.redis.xreadgroup('GROUP', 'other', 'c', 'COUNT', 1, 'STREAMS', hall.stream, '>');
    expect(await removeAbandoned(hall.redis, hall.stream, 60_000)).toEqual([]);
    expect(await removeAbandoned(hall.redis, hall.stream, 50)).toEqual(['former']);
  });

  test('tells how far a group is behind: undelivered and pending alike', async () => {
    const lag = () => channelLag(hall.redis, hall.keys, 'order.paid', 'seckill');
    expect(await lag()).toEqual({ lagMs: 0, entries: 0 });
    await hall.postMany(10);
    await sleep(50);
    expect((await lag()).entries).toBe(10);
    await group('seckill', '0');
    expect((await lag()).entries).toBe(10);
    const read = ['GROUP', 'seckill', 'c', 'COUNT', '1', 'STREAMS', hall.stream, '>'] as const;
    await hall.redis.xreadgroup(...read);
    expect((await lag()).lagMs).toBeGreaterThanOrEqual(50);
    expect((await lag()).entries).toBe(10);
    await hall.redis.xtrim(hall.stream, 'MAXLEN', 0);
    await hall.redis.xgroup('DESTROY', hall.stream, 'seckill');
    await group('seckill', '$');
    expect(await lag()).toEqual({ lagMs: 0, entries: 0 });
  });
});
