/** The generation of the catalogue: who moves it, when, and what becomes of it in bad weather. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ServiceBroker } from 'moleculer';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Principal } from '../../contracts/claims.ts';
import { type PrivateServer, privateServer, useEnvironment } from '../support/servers.ts';

const cache: PrivateServer = await privateServer('cache');
await useEnvironment({ CACHE_URL: cache.url });
const { config } = await import('../../config/index.ts');
const { cacheKey } = await import('../../contracts/keys.ts');
const { closeDatabase, database } = await import('../../mixins/database.ts');
const schemas = await Promise.all(
  ['show', 'venue', 'session', 'seat-template'].map(
    async (name) => (await import(`../../services/${name}/${name}.service.ts`)).default,
  ),
);

const KEY = cacheKey(config.namespace, 'catalogue:generation');
const anna: Principal = { uid: 'anna', role: 'organiser' };

function catalogue(): ServiceBroker {
  const made = new ServiceBroker({ namespace: config.namespace, logger: false });
  for (const schema of schemas) made.createService(schema);
  return made;
}
let broker: ServiceBroker;
let redis: Redis;
beforeAll(async () => {
  redis = new Redis(cache.url);
  redis.on('error', () => undefined); // it is stopped below
  broker = catalogue();
  await broker.start();
});
afterAll(async () => {
  await broker.stop();
  redis.disconnect();
  await closeDatabase();
  await cache.end();
});

const now = () => redis.get(KEY);
/** Waits for the first one, and for what a starting process owes. */
beforeEach(async () => {
  await vi.waitFor(async () => expect(await now()).not.toBeNull(), { timeout: 10_000 });
});

const call = <Result = { id: string; version: number }>(action: string, params: object) =>
  broker.call<Result, object>(action, params, { meta: { user: anna } });
const makeShow = (title = 'Hamlet') => call('show.create', { title, category: 'theatre' });
const patch = (id: string, version: number, title: string) =>
  call('show.update', { id, ifMatch: `"${version}"`, title });

describe('the generation of the catalogue', () => {
  it('is new after a show was made, changed and removed, and is published', async () => {
    const listener = new Redis(cache.url);
    onTestFinished(() => listener.disconnect());
    const heard: string[] = [];
    listener.on('message', (_channel, id) => heard.push(id));
    await listener.subscribe(KEY);
    const seen = [await now()];
    const show = await makeShow();
    seen.push(await now());
    const { version } = await patch(show.id, show.version, 'Macbeth');
    seen.push(await now());
    await call('show.remove', { id: show.id, ifMatch: `"${version}"` });
    seen.push(await now());
    expect(new Set(seen).size).toBe(4);
    await vi.waitFor(() => expect(heard).toEqual(seen.slice(1)), { timeout: 5_000 });
  });
  it('moves when a venue changes', async () => {
    const before = await now();
    await call('venue.create', { name: 'Hall', city: '上海', timeZone: 'Asia/Shanghai' });
    expect(await now()).not.toBe(before);
  });
  it('moves only once the change is committed', async () => {
    const { id, version } = await makeShow();
    const before = await now();
    // Somebody else has the row: the change waits for it, and the generation for the change.
    const transaction = await database().transaction();
    await database().query('SELECT id FROM shows WHERE id = ? FOR UPDATE', {
      replacements: [id],
      transaction,
    });
    const patched = patch(id, version, 'Macbeth');
    await sleep(300);
    expect(await now()).toBe(before);
    await transaction.commit();
    await patched;
    expect(await now()).not.toBe(before);
  });
  it('stays when a change was refused', async () => {
    const { id } = await makeShow();
    const before = await now();
    await expect(patch(id, 99, 'Macbeth')).rejects.toMatchObject({ type: 'PRECONDITION_FAILED' });
    await expect(call('show.remove', { id: '0'.repeat(16) })).rejects.toMatchObject({
      type: 'NOT_FOUND',
    });
    expect(await now()).toBe(before);
  });
  it('is put back when the cache has lost everything, as one that never was', async () => {
    const before = await now();
    await redis.flushall();
    await vi.waitFor(async () => expect(await now()).not.toBeNull(), { timeout: 10_000 });
    expect(await now()).not.toBe(before);
  });
  it('is moved by a process that starts: its forerunner may have died owing a move', async () => {
    const before = await now();
    await broker.stop();
    broker = catalogue();
    await broker.start();
    await vi.waitFor(async () => expect(await now()).not.toBe(before), { timeout: 10_000 });
  });
});

describe('a cache that is away', () => {
  it('that takes nothing fails no change, and is told of it as soon as it does', async () => {
    const { id, version } = await makeShow();
    const before = await now();
    await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
    expect(await patch(id, version, 'Lear')).toMatchObject({ title: 'Lear' });
    await sleep(1_500);
    expect(await now()).toBe(before);
    await redis.config('SET', 'maxmemory', '0');
    await vi.waitFor(async () => expect(await now()).not.toBe(before), { timeout: 10_000 });
  });
  it('that is stopped fails no change, and hears of it when it is back', async () => {
    const { id, version } = await makeShow();
    const before = await now();
    await cache.stop();
    const changed = await patch(id, version, 'Lear');
    expect(changed).toMatchObject({ title: 'Lear', version: version + 1 });
    await cache.start();
    await vi.waitFor(
      async () => {
        const after = await now();
        expect(after).not.toBeNull();
        expect(after).not.toBe(before);
      },
      { timeout: 10_000 },
    );
  });
  it('that hangs holds no change up for long, and hears of it afterwards', async () => {
    const { id, version } = await makeShow();
    const before = await now();
    cache.pause();
    const changed = await patch(id, version, 'Lear').finally(() => cache.resume());
    expect(changed).toMatchObject({ title: 'Lear' });
    // What timed out may be carried out all the same; what matters is that one of the two is.
    await vi.waitFor(async () => expect(await now()).not.toBe(before), { timeout: 10_000 });
  });
});
