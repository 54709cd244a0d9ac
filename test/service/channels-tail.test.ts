/** Following streams without a group, as every instance of the live stream does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, ServiceBroker } from 'moleculer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { TailEntry, TailOptions } from '../../mixins/channels/tail.ts';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { type Hall, openHall, redisClient, tailStream } from './channels.support.ts';

const logger: Logger = new ServiceBroker({ logger: false }).getLogger('tail');

let server: PrivateServer;
let hall: Hall;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  server = await privateServer('arbiter');
});
afterAll(() => server.end());
beforeEach(() => {
  hall = openHall(server.url);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await hall.close();
});

const until = (claim: () => unknown) =>
  vi.waitFor(async () => expect(await claim()).toBe(true), { timeout: 10_000, interval: 20 });

/** Follows the stream of the hall from somewhere; resolves when the position is settled. */
async function follow(from: TailOptions['from'], onEntry: (entry: TailEntry) => unknown) {
  const ending = new AbortController();
  const settled = Promise.withResolvers<void>();
  const ended = tailStream({
    redis: redisClient(hall.url, 'reader'),
    streams: [hall.stream],
    from,
    onEntry,
    onStart: () => settled.resolve(),
    signal: ending.signal,
    logger,
  });
  const stop = async () => {
    ending.abort();
    await ended;
  };
  stops.push(stop);
  await settled.promise;
  return stop;
}

const orderOf = ({ payload }: TailEntry) => String(payload.orderId);

test('from now on: hears everything posted after its position was settled, in order', async () => {
  await hall.post('before');
  const heard: string[] = [];
  await follow('$', (entry) => heard.push(orderOf(entry)));
  for (let i = 0; i < 50; i++) await hall.post(`o${i}`);
  await until(() => heard.length === 50);
  expect(heard).toEqual(Array.from({ length: 50 }, (_, i) => `o${i}`));
});

test('from an id: goes on where it was', async () => {
  await hall.post('a');
  const id = await hall.post('b');
  await hall.post('c');
  const heard: string[] = [];
  await follow({ [hall.stream]: id }, (entry) => heard.push(orderOf(entry)));
  await until(() => heard.length === 1);
  expect(heard).toEqual(['c']);
});

test('every follower hears everything', async () => {
  const heard: string[] = [];
  await follow('$', (entry) => heard.push(`one ${orderOf(entry)}`));
  await follow('$', (entry) => heard.push(`two ${orderOf(entry)}`));
  await hall.post('a');
  await until(() => heard.length === 2);
  expect(heard.toSorted()).toEqual(['one a', 'two a']);
});

test('skips what cannot be read', async () => {
  const heard: string[] = [];
  await follow('$', (entry) => heard.push(orderOf(entry)));
  await hall.redis.xadd(hall.stream, '*', 'payload', '{broken');
  await hall.post('good');
  await until(() => heard.length === 1);
  expect(heard).toEqual(['good']);
});

test('sees an entry again that its listener could not take, and loses none after it', async () => {
  const heard: string[] = [];
  let failures = 2;
  await follow('$', (entry) => {
    if (failures-- > 0) throw new Error('not now');
    heard.push(orderOf(entry));
  });
  await hall.post('a');
  await hall.post('b');
  await until(() => heard.length === 2);
  expect(heard).toEqual(['a', 'b']);
});

test('over a killed Redis: loses nothing, repeats nothing', async () => {
  const heard: string[] = [];
  await follow('$', (entry) => heard.push(orderOf(entry)));
  await hall.post('a');
  await until(() => heard.length === 1);
  server.kill('SIGKILL');
  await server.waitReady();
  await hall.post('b');
  await until(() => heard.length === 2);
  expect(heard).toEqual(['a', 'b']);
});

test('ends at once when it is told to, though it waits for an entry', async () => {
  const stop = await follow('$', () => undefined);
  await sleep(50);
  const startedMs = performance.now();
  await stop();
  expect(performance.now() - startedMs).toBeLessThan(500);
});
