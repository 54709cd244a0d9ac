/**
 * What a service may rely on when it hears a channel: each fault of the stock adapter, and its
 * cure.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { refuse } from '../../contracts/errors.ts';
import { servers } from '../support/servers.ts';
import { type Hall, LIMITS, openHall } from './channels.support.ts';

let hall: Hall;
beforeEach(() => {
  hall = openHall(servers().arbiterUrl);
});
afterEach(() => hall.close());

const until = (claim: () => unknown, timeout = 5_000) =>
  vi.waitFor(async () => expect(await claim()).toBe(true), { timeout, interval: 20 });

describe('hearing', () => {
  test('hears what was posted before the group existed', async () => {
    await hall.postMany(3);
    const heard: string[] = [];
    await hall.hear(({ payload }) => heard.push(payload.orderId));
    await until(() => heard.length === 3);
    await until(() => hall.isQuiet());
  });

  test('gives the handler the request that led to the message', async () => {
    await hall.post('o1', { requestId: 'request-1' });
    const heard = await new Promise((resolve) => hall.hear(resolve));
    expect(heard).toMatchObject({ requestID: 'request-1', meta: { requestId: 'request-1' } });
  });

  test('one slow message neither holds up nor repeats the others', async () => {
    const heard: string[] = [];
    const slow = Promise.withResolvers<void>();
    await hall.hear(async ({ payload }) => {
      heard.push(payload.orderId);
      if (payload.orderId === 'o0') await slow.promise;
    });
    await hall.postMany(20);
    await until(async () => (await hall.pending()) === 1);
    await sleep(LIMITS.idleMs * 2);
    expect(heard.toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `o${i}`).toSorted());
    slow.resolve();
    await until(() => hall.isQuiet());
  });

  test('never runs a slow handler beside itself, though a peer looks for work', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const handler = async () => {
      runs++;
      most = Math.max(most, ++running);
      await sleep(LIMITS.idleMs * 4);
      running--;
    };
    await hall.hear(handler, { nodeID: 'node-1' });
    await hall.hear(handler, { nodeID: 'node-2' });
    await hall.post('o1');
    await until(async () => runs === 1 && (await hall.isQuiet()));
    expect({ most, runs }).toEqual({ most: 1, runs: 1 });
    expect(await hall.died()).toEqual([]);
  });

  test('refuses to send: posting has one door, and it is another', async () => {
    const broker = await hall.hear(() => undefined);
    const { sendToChannel } = broker as unknown as {
      sendToChannel(name: string, payload: object): Promise<void>;
    };
    await expect(sendToChannel('order.paid', {})).rejects.toThrow('postMessage');
  });

  test('prints what it can do', async () => {
    const count = 20_000;
    const pipeline = hall.redis.pipeline();
    const payload = JSON.stringify({ sale: 's', orderId: 'o', uid: 'u', seats: [1] });
    for (let i = 0; i < count; i++) pipeline.xadd(hall.stream, '*', 'payload', payload);
    await pipeline.exec();
    let heard = 0;
    const startedMs = performance.now();
    await hall.hear(() => heard++, { limits: { maxInFlight: 200 } });
    await until(() => heard === count, 20_000);
    const perSecond = Math.round((count / (performance.now() - startedMs)) * 1_000);
    process.stdout.write(`channels: ${perSecond} messages/s with nothing to do\n`);
    await until(() => hall.isQuiet());
  });
});

describe('failing', () => {
  test('buries what cannot be read and goes on', async () => {
    const add = (...fields: string[]) => hall.redis.xadd(hall.stream, '*', ...fields);
    const good = JSON.stringify({ sale: 's', orderId: 'good', uid: 'u', seats: [] });
    await add('payload', '{not json');
    await add('payload', '"a string"');
    await add('payload', JSON.stringify({ sale: 's', orderId: 7, uid: 'u', seats: [] }));
    await add('something', 'else');
    await add('payload', good, 'headers', '[1]');
    await add('payload', good, 'headers', JSON.stringify({ $requestID: 'r', $meta: 'x' }));
    await add('payload', good);
    const heard: string[] = [];
    await hall.hear(({ payload }) => heard.push(payload.orderId));
    await until(() => hall.isQuiet());
    expect(heard).toEqual(['good']);
    const died = await hall.died();
    expect(died.map(({ reason }) => reason).toSorted()).toEqual([
      'headers cannot be read',
      'headers cannot be read',
      'orderId is number, not string',
      'payload is not a JSON object',
      'payload is not a JSON object',
      'the first field is not payload',
    ]);
    expect(died[0]).toMatchObject({ channel: 'order.paid', group: 'listener' });
    expect(died.some(({ fields }) => fields[1] === '{not json')).toBe(true);
  });

  test('buries what is refused for good', async () => {
    await hall.post('o1');
    await hall.hear(() => refuse('SALE_CLOSED'));
    await until(() => hall.isQuiet());
    expect((await hall.died())[0]).toMatchObject({
      reason: expect.stringContaining('SALE_CLOSED'),
    });
  });

  test('repeats what failed for a passing reason until it succeeds', async () => {
    let attempts = 0;
    await hall.post('o1');
    await hall.hear(() => {
      attempts++;
      if (attempts < 4) refuse('BUSY');
      if (attempts < 8) throw new Error('the database is away');
    });
    await until(() => hall.isQuiet());
    expect(attempts).toBe(8);
    expect(await hall.died()).toEqual([]);
  });

  test('stops reading while all it has fails, and takes up the rest when it heals', async () => {
    let healed = false;
    const heard = new Set<string>();
    await hall.hear(
      ({ payload }) => {
        if (!healed) throw new Error('the database is away');
        heard.add(payload.orderId);
      },
      { limits: { maxInFlight: 5 } },
    );
    await hall.postMany(20);
    await sleep(LIMITS.idleMs * 2);
    expect(await hall.pending()).toBe(5);
    healed = true;
    await until(() => heard.size === 20);
    await until(() => hall.isQuiet());
  });

  test('sends a failed acknowledgement again, without a second run', async () => {
    let runs = 0;
    const during = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    await hall.hear(async () => {
      runs++;
      begun.resolve();
      await during.promise;
    });
    await hall.post('o1');
    await begun.promise;
    await hall.redis.rename(hall.stream, `${hall.stream}:aside`);
    await hall.redis.set(hall.stream, 'not a stream');
    during.resolve();
    await sleep(300);
    await hall.redis.del(hall.stream);
    await hall.redis.rename(`${hall.stream}:aside`, hall.stream);
    expect(await hall.pending()).toBe(1);
    await until(() => hall.isQuiet());
    await hall.post('o2');
    await until(async () => runs === 2 && (await hall.isQuiet()));
  });

  test('makes its group anew when the stream was deleted, and hears what comes then', async () => {
    const heard: string[] = [];
    await hall.hear(({ payload }) => heard.push(payload.orderId));
    await hall.post('before');
    await until(() => heard.length === 1);
    await hall.redis.del(hall.stream);
    await hall.post('after');
    await until(() => heard.includes('after'), 7_000);
    await until(() => hall.isQuiet());
  });
});

describe('stopping', () => {
  test('loses nothing of what failed: its next run begins with it', async () => {
    const broker = await hall.hear(() => {
      throw new Error('the database is away');
    });
    await hall.postMany(5);
    await until(async () => (await hall.pending()) === 5);
    await hall.stop(broker);
    expect(await hall.pending()).toBe(5);
    const heard = new Set<string>();
    await hall.hear(({ payload }) => heard.add(payload.orderId), { limits: { idleMs: 60_000 } });
    await until(() => heard.size === 5);
    await until(() => hall.isQuiet());
  });

  test('waits for the handlers that run, and acknowledges them', async () => {
    let done = 0;
    const begun = Promise.withResolvers<void>();
    const broker = await hall.hear(async () => {
      begun.resolve();
      await sleep(400);
      done++;
    });
    await hall.post('o1');
    await begun.promise;
    await hall.stop(broker);
    expect(done).toBe(1);
    expect(await hall.pending()).toBe(0);
  });

  test('does not wait longer than it may, and leaves what runs on pending', async () => {
    const begun = Promise.withResolvers<void>();
    const broker = await hall.hear(
      () => {
        begun.resolve();
        return new Promise(() => undefined);
      },
      { limits: { drainMs: 300 } },
    );
    await hall.post('o1');
    await begun.promise;
    const startedMs = performance.now();
    await hall.stop(broker);
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(await hall.pending()).toBe(1);
  });
});
