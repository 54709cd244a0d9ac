/**
 * What the stock adapter was seen to do in weather, held against ours: a failed acknowledgement, a
 * stream that is lost or older than it was, a long outage, a signal. The faults that need no
 * weather are in `channels.test.ts`; dying processes and servers in `channels-faults.test.ts`.
 */
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
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { type Hall, LIMITS, openHall } from './channels.support.ts';

const until = (claim: () => unknown, timeout = 20_000) =>
  vi.waitFor(async () => expect(await claim()).toBe(true), { timeout, interval: 20 });

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

/** Has every XACK refused, and nothing else. */
const refuseXack = () => hall.redis.call('ACL', 'SETUSER', 'default', '-xack');
const allowXack = () => hall.redis.call('ACL', 'SETUSER', 'default', '+xack');

describe('XACK fails', () => {
  afterEach(allowXack);

  test('no slot leaks: what comes is heard, and all is acknowledged in the end', async () => {
    const heard: string[] = [];
    await hall.hear(({ payload }) => heard.push(payload.orderId), { limits: { maxInFlight: 1 } });
    await refuseXack();
    const posted = await hall.postMany(5);
    await until(() => heard.length === 5);
    await sleep(LIMITS.idleMs * 2);
    expect(await hall.pending()).toBe(5);
    await allowXack();
    await until(() => hall.isQuiet());
    expect(heard.toSorted()).toEqual(posted);
  });

  test('stopping does not hang, and the message stays for whoever comes next', async () => {
    const begun = Promise.withResolvers<void>();
    const broker = await hall.hear(() => begun.resolve());
    await refuseXack();
    await hall.post('o1');
    await begun.promise;
    const late = sleep(LIMITS.drainMs + 5_000, 'hangs');
    expect(await Promise.race([hall.stop(broker), late])).toBeUndefined();
    expect(await hall.pending()).toBe(1);
    await allowXack();
    const again = vi.fn();
    await hall.hear(again);
    await until(() => hall.isQuiet());
    expect(again).toHaveBeenCalledOnce();
  });
});

describe('the stream is lost', () => {
  /** How often anybody asked for messages within a second. */
  async function readsPerSecond(): Promise<number> {
    await hall.redis.config('RESETSTAT');
    await sleep(1_000);
    const stats = await hall.redis.info('commandstats');
    return Number(/cmdstat_xreadgroup:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  test('FLUSHALL: the group is made anew, without a hot loop, and hears what comes', async () => {
    const heard: string[] = [];
    await hall.hear(({ payload }) => heard.push(payload.orderId));
    await hall.post('before');
    await until(() => heard.length === 1);
    await hall.redis.flushall();
    expect(await readsPerSecond()).toBeLessThan(20);
    await hall.post('after');
    await until(() => heard.includes('after'));
    await until(() => hall.isQuiet());
  });

  test('its place is taken: it asks a few times a second, and hears when it is free', async () => {
    const heard: string[] = [];
    await hall.redis.set(hall.stream, 'no stream');
    await hall.hear(({ payload }) => heard.push(payload.orderId));
    expect(await readsPerSecond()).toBeLessThan(20);
    await hall.redis.del(hall.stream);
    await hall.post('after');
    await until(() => heard.length === 1);
    await until(() => hall.isQuiet());
  });

  test('rolled back to before its group: it is made anew, and hears what is there', async () => {
    await hall.post('kept');
    const old = await hall.redis.dumpBuffer(hall.stream);
    const heard: string[] = [];
    await hall.hear(({ payload }) => heard.push(payload.orderId));
    await until(async () => heard.length === 1 && (await hall.isQuiet()));
    await hall.post('lost');
    await until(async () => heard.length === 2 && (await hall.isQuiet()));
    await hall.redis.restore(hall.stream, 0, old, 'REPLACE');
    await until(() => heard.length === 3);
    await hall.post('after');
    await until(async () => heard.length === 4 && (await hall.isQuiet()));
    expect(heard).toEqual(['kept', 'lost', 'kept', 'after']);
  });

  test('rolled back to before an acknowledgement: it is heard once more, and is done', async () => {
    const heard: string[] = [];
    const during = Promise.withResolvers<void>();
    await hall.hear(async ({ payload }) => {
      heard.push(payload.orderId);
      await during.promise;
    });
    await hall.post('o1');
    await until(async () => heard.length === 1 && (await hall.pending()) === 1);
    const old = await hall.redis.dumpBuffer(hall.stream);
    during.resolve();
    await until(() => hall.isQuiet());
    await hall.redis.restore(hall.stream, 0, old, 'REPLACE');
    await until(() => hall.isQuiet());
    expect(heard).toEqual(['o1', 'o1']);
  });
});

describe('something is away for long', () => {
  test('Redis, for longer than any command waits: nobody dies, and all is heard', async () => {
    const heard = new Set<string>();
    const during = Promise.withResolvers<void>();
    await hall.hear(async ({ payload }) => {
      heard.add(payload.orderId);
      if (payload.orderId === 'first') await during.promise;
    });
    await hall.post('first');
    await until(() => heard.size === 1);
    await server.stop();
    during.resolve(); // acknowledged while nobody answers
    await sleep(7_000);
    await server.start();
    await hall.post('second');
    await until(() => heard.size === 2);
    await until(() => hall.isQuiet());
  });

  test('MySQL, for a hundred attempts: the message is neither dropped nor buried', async () => {
    let attempts = 0;
    await hall.post('o1');
    await hall.hear(
      () => {
        if (++attempts <= 100) throw new Error('the database is away');
      },
      { limits: { retryMs: 1 } },
    );
    await until(() => hall.isQuiet());
    expect(attempts).toBe(101);
    expect(await hall.died()).toEqual([]);
  });
});

describe('a process is asked to leave', () => {
  test('SIGTERM leaves everything it had pending, for a peer', async () => {
    await hall.postMany(3);
    const child = spawn(
      process.execPath,
      [`${import.meta.dirname}/channels.child.ts`, hall.url, hall.namespace],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await until(async () => (await hall.pending()) === 3);
    child.kill('SIGTERM');
    expect((await ended)[1]).toBeNull();
    expect(await hall.pending()).toBe(3);
    const heard = new Set<string>();
    await hall.hear(({ payload }) => heard.add(payload.orderId), { nodeID: 'node-peer' });
    await until(() => heard.size === 3);
    await until(() => hall.isQuiet());
  });

  test('who sends after the stop is told that nothing was sent', async () => {
    const broker = await hall.hear(() => undefined);
    const { sendToChannel } = broker as unknown as {
      sendToChannel(name: string, payload: object): Promise<void>;
    };
    await hall.stop(broker);
    await expect(sendToChannel('order.paid', {})).rejects.toThrow('postMessage');
  });
});
