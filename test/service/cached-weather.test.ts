/** A cache Redis that is dead, silent, full or back: readers get their answers, and soon. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cache,
  change,
  freshThing,
  keepsAgain,
  redis,
  reportOf,
  revisionIn,
  Source,
  sharedCache,
  start,
} from './cached.support.ts';

const { config } = await import('../../config/index.ts');
const { AWAY } = await import('../../mixins/cached-shared.ts');

beforeEach(async () => {
  await redis.flushall();
  await change();
});
afterEach(async () => {
  cache.resume();
  await cache.waitReady();
});

const times = <Item>(count: number, make: (i: number) => Item): Item[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('a cache that is silent', () => {
  it('is waited for once in a while, by one; everybody reads, and nothing is kept', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await revisionIn(process, id, source);
    cache.pause();
    let asked = 0;
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      source.revision++;
      const { revision } = source;
      const answers = await Promise.all(times(20, () => revisionIn(process, id, source)));
      expect(new Set(answers)).toEqual(new Set([revision])); // never what was kept
      asked += 20;
    }
    // Once for all who came before it was known, and once for each second since.
    expect(reportOf(process).shared.failures).toBeLessThanOrEqual(4);
    expect(asked).toBeGreaterThan(200);
    cache.resume();
    await change();
    await keepsAgain(process);
    expect(await revisionIn(process, id, source)).toBe(source.revision);
  });
  it('leaves no command waiting for it, whichever is in flight', async () => {
    const commands: ((shared: ReturnType<typeof sharedCache>) => Promise<unknown>)[] = [
      (shared) => shared.generation(),
      (shared) => shared.get('thing'),
      (shared) => shared.claim('thing'),
      (shared) => shared.put('thing', Buffer.from('bytes'), 1_000),
      (shared) => shared.release('thing'),
    ];
    const each = await Promise.all(
      commands.map(async (command) => {
        const shared = sharedCache();
        await shared.generation();
        return { shared, command };
      }),
    );
    cache.pause();
    const ends = await Promise.all(each.map(({ shared, command }) => command(shared)));
    expect(ends).toEqual([undefined, AWAY, AWAY, undefined, undefined]);
    for (const { shared } of each) shared.close();
  });
  it('asks one reading of MySQL at a time for a thing, however many want it', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await revisionIn(process, freshThing(), new Source());
    cache.pause();
    source.holds = true;
    const readers = times(500, () => revisionIn(process, id, source));
    await expect.poll(() => source.held.length, { timeout: 5_000 }).toBe(1);
    source.letAll();
    await Promise.all(readers);
    expect(source.reads).toBe(1);
  });
});

describe('a process that is busy', () => {
  it('reads what has come meanwhile, and does not call the cache silent', async () => {
    const shared = sharedCache();
    await shared.put('thing', Buffer.from('bytes'), 60_000);
    const asked = shared.get('thing');
    const until = performance.now() + 2 * config.cacheCommandMs;
    while (performance.now() < until) Math.random();
    expect(await asked).toEqual(Buffer.from('bytes'));
    shared.close();
  });
});

describe('a cache that is dead', () => {
  it('lets nobody join a reading that a change may have overtaken', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await cache.stop();
    source.holds = true;
    const early = revisionIn(process, id, source);
    await expect.poll(() => source.held.length).toBe(1);
    source.revision++;
    source.holds = false;
    const late = times(100, () => revisionIn(process, id, source));
    await new Promise((resolve) => setTimeout(resolve, 50));
    source.letAll();
    expect(await early).toBe(1);
    expect(new Set(await Promise.all(late))).toEqual(new Set([2]));
    expect(source.reads).toBe(2);
    await cache.start();
  });
  it('lets a reading that hangs keep nobody longer than a call may take', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await cache.stop();
    source.holds = true;
    const hanging = revisionIn(process, id, source);
    await expect.poll(() => source.held.length).toBe(1);
    source.holds = false;
    expect(await revisionIn(process, id, source)).toBe(1);
    source.letAll();
    await hanging;
    await cache.start();
  });
  it('costs readers nothing but the reading, and is used again when it is back', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await revisionIn(process, id, source);
    cache.kill('SIGKILL');
    for (let i = 0; i < 200; i++) {
      source.revision++;
      expect(await revisionIn(process, id, source)).toBe(source.revision);
    }
    await cache.waitReady();
    await change(); // it has lost its generation: the catalogue puts one back
    await keepsAgain(process);
  });
  it('when a process starts hinders nobody', async () => {
    await cache.stop();
    const [process, source, id] = [start(), new Source(), freshThing()];
    const answers = await Promise.all(times(50, () => revisionIn(process, id, source)));
    expect(new Set(answers)).toEqual(new Set([1]));
    await cache.start();
    await change();
    await keepsAgain(process);
  });
});

describe('a cache that is full', () => {
  it('keeps nothing for others, and each process what it read', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
    for (let i = 0; i < 5; i++) expect(await revisionIn(process, id, source)).toBe(1);
    expect(source.reads).toBe(1);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '0');
    await keepsAgain(process);
  });
});
