/** What processes keep of what they read: read once, never older than a change, never for ever. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  change,
  changeAtOnce,
  freshThing,
  KEPT,
  keptKeys,
  REQUEST_MS,
  redis,
  reportOf,
  revisionIn,
  Source,
  sharedCache,
  start,
  THING,
} from './cached.support.ts';

const { JITTER, jittered } = await import('../../mixins/cached.ts');
const { codeVersion } = await import('../../mixins/cached-shared.ts');

beforeEach(async () => {
  await redis.flushall();
  await change();
});
const times = <Item>(count: number, make: (i: number) => Item): Item[] =>
  Array.from({ length: count }, (_, i) => make(i));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('what was read', () => {
  it('is kept here, and for every other process', async () => {
    const [one, other, source, id] = [start(), start(), new Source(), freshThing()];
    expect(await revisionIn(one, id, source)).toBe(1);
    expect(await revisionIn(one, id, source)).toBe(1);
    await expect.poll(keptKeys).toHaveLength(1); // the answer does not wait for it
    expect(await revisionIn(other, id, source)).toBe(1);
    expect(source.reads).toBe(1);
    expect(reportOf(one)).toMatchObject({ here: { hits: 1, misses: 1, reads: 1, entries: 1 } });
    expect(reportOf(other)).toMatchObject({ here: { reads: 0 }, shared: { hits: 1 } });
  });
  it('is read once, however many miss it in however many processes', async () => {
    const [processes, source, id] = [times(3, () => start()), new Source(), freshThing()];
    source.holds = true;
    const readers = times(900, (i) => revisionIn(processes[i % 3]!, id, source));
    await expect.poll(() => source.held.length).toBe(1);
    await pause(100); // the others have looked, and wait
    source.letAll();
    source.holds = false;
    expect(new Set(await Promise.all(readers))).toEqual(new Set([1]));
    expect(source.reads).toBe(1);
    // Who waits in the same process asks nobody.
    for (const process of processes) expect(reportOf(process).here.joined).toBe(299);
  });
  it('is the same object for all, and nobody writes into it', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    const read = () => process.get(THING, id, source.read);
    const first = await read();
    expect(await read()).toBe(first);
    expect(() => Object.assign(first!, { revision: 9 })).toThrow(TypeError);
  });
  it('takes no more memory than it may', async () => {
    const process = start(20_000);
    for (let i = 0; i < 200; i++) await revisionIn(process, freshThing(), new Source());
    const { entries, bytes } = reportOf(process).here;
    expect(bytes).toBeLessThanOrEqual(20_000);
    expect(entries).toBeGreaterThan(10);
    expect(entries).toBeLessThan(100);
  });
  it('lives as long as it was told, give or take, and not all to the same moment', async () => {
    const ends = times(101, (i) => jittered(1_000, i / 101));
    expect(Math.min(...ends)).toBeGreaterThanOrEqual(1_000 * (1 - JITTER));
    expect(Math.max(...ends)).toBeLessThanOrEqual(1_000 * (1 + JITTER) + 1);
    expect(JITTER).toBeGreaterThanOrEqual(0.1);
    const process = start();
    await Promise.all(times(20, () => revisionIn(process, freshThing(), new Source())));
    await expect.poll(keptKeys).toHaveLength(20);
    const left = await Promise.all((await keptKeys()).map((key) => redis.pttl(key)));
    const whole = 600_000;
    for (const ms of left) {
      expect(ms).toBeGreaterThan(whole * (1 - JITTER) - 30_000);
      expect(ms).toBeLessThanOrEqual(whole * (1 + JITTER) + 1);
    }
    expect(Math.max(...left) - Math.min(...left)).toBeGreaterThan(whole * 0.02);
  });
});

describe('a change', () => {
  it('is what the next reading answers, in every process', async () => {
    const [processes, source, id] = [times(3, () => start()), new Source(), freshThing()];
    for (let revision = 1; revision <= 20; revision++) {
      for (const process of processes) expect(await revisionIn(process, id, source)).toBe(revision);
      await source.change();
    }
    expect(source.reads).toBeLessThanOrEqual(20 + 2); // a reading may come before the keeping
  });
  it('that comes while something is read leaves nothing of it behind', async () => {
    const [one, other, source, id] = [start(), start(), new Source(), freshThing()];
    source.holds = true;
    const early = revisionIn(one, id, source);
    await expect.poll(() => source.held.length).toBe(1);
    await source.change();
    // Who asks now neither joins the old reading nor waits for it.
    const late = revisionIn(one, id, source);
    await expect.poll(() => source.held.length).toBe(2);
    source.holds = false;
    const [old, fresh] = source.held.splice(0);
    fresh!();
    expect(await late).toBe(2);
    old!();
    expect(await early).toBe(1);
    await pause(50); // what was read is put into the cache behind the answer
    expect(await revisionIn(one, id, source)).toBe(2);
    expect(await revisionIn(other, id, source)).toBe(2);
  });
  it('is read by whoever asks after it, though an earlier question is under way', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await revisionIn(process, id, source);
    const early = revisionIn(process, id, source);
    await new Promise((resolve) => setImmediate(resolve)); // the question is on its way
    source.revision++;
    changeAtOnce();
    expect(await revisionIn(process, id, source)).toBe(2);
    expect(await early).toBe(1);
  });
  it('is never missed, whatever is read, held, changed and lost in whatever order', async () => {
    const step = fc.constantFrom('ask 0', 'ask 1', 'let', 'change', 'lose', 'forget');
    const property = fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      await change();
      const processes = [start(), start()];
      const [source, id] = [new Source(), freshThing()];
      source.holds = true;
      const asked: { floor: number; answer: Promise<number | undefined> }[] = [];
      const actions: Record<string, () => unknown> = {
        let: () => source.held.shift()?.(),
        change: () => source.change(),
        // The cache loses what it keeps, or its generation with it.
        lose: async () => (await keptKeys()).map((key) => redis.del(key)),
        forget: () => redis.flushall(),
      };
      for (const taken of steps) {
        const [verb, process] = taken.split(' ');
        if (verb === 'ask')
          asked.push({
            floor: source.revision,
            answer: revisionIn(processes[Number(process)]!, id, source),
          });
        else await actions[verb!]!();
        await pause(2);
      }
      source.holds = false;
      const letting = setInterval(() => source.letAll(), 1);
      for (const { floor, answer } of asked) expect(await answer).toBeGreaterThanOrEqual(floor);
      // And what is left behind is good.
      for (const process of processes)
        expect(await revisionIn(process, id, source)).toBe(source.revision);
      clearInterval(letting);
      for (const process of processes) process.close();
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

describe('an id that nothing has', () => {
  it('is known as such for a while, and at once no longer when something gets it', async () => {
    const [process, id] = [start(), freshThing()];
    let [reads, exists] = [0, false];
    const read = () =>
      process.get(THING, id, async () => {
        reads++;
        return exists ? { revision: 1 } : undefined;
      });
    for (let i = 0; i < 10; i++) expect(await read()).toBeUndefined();
    expect(reads).toBe(1);
    const [key] = await keptKeys();
    expect(await redis.pttl(key!)).toBeLessThanOrEqual(5_000 * (1 + JITTER) + 1);
    exists = true;
    await change();
    expect(await read()).toEqual({ revision: 1 });
  });
});

describe('a reading', () => {
  it('that fails is everybody’s who waits, is kept by nobody, and holds nobody up', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    const failing = () => Promise.reject(new Error('MySQL is away'));
    const readers = times(5, () => process.get(THING, id, failing));
    const ends = await Promise.allSettled(readers);
    expect(ends.map(({ status }) => status)).toEqual(times(5, () => 'rejected'));
    await expect.poll(keptKeys).toEqual([]); // nor a lock
    expect(await revisionIn(process, id, source)).toBe(1);
  });
  it('that hangs keeps nobody longer than a call may take', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    source.holds = true;
    const hanging = revisionIn(process, id, source);
    await expect.poll(() => source.held.length).toBe(1);
    source.holds = false;
    await pause(REQUEST_MS + 50);
    expect(await revisionIn(process, id, source)).toBe(1);
    expect(source.reads).toBe(2);
    source.letAll();
    await hanging;
  });
  it('of a process that died over it is waited for a while, then done by another', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    // Its claim is what is left of it.
    const dead = sharedCache();
    const generation = await dead.generation();
    expect(await dead.claim(`${generation}:thing:${id}`)).toBe('mine');
    dead.close();
    expect(await revisionIn(process, id, source)).toBe(1);
    expect(source.reads).toBe(1);
  });
});

describe('what the cache says', () => {
  const rubbish: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    'is noise': (key) => redis.set(key, Buffer.from(times(300, (i) => (i * 7_919) % 256))),
    'is empty': (key) => redis.set(key, ''),
    'is cut off': async (key) => redis.set(key, (await redis.getBuffer(key))!.subarray(0, -1)),
    'has a bit turned': async (key) => {
      const bytes = (await redis.getBuffer(key))!;
      bytes[bytes.length - 2]! ^= 1;
      return redis.set(key, bytes);
    },
    'is no string': async (key) => {
      await redis.del(key);
      return redis.hset(key, 'revision', '9');
    },
    'belongs to another': async (key) => {
      const id = freshThing();
      const process = start();
      await process.get(THING, id, async () => ({ revision: 9 }));
      const theirs = key.replace(/thing-\d+$/, id);
      await expect.poll(() => redis.exists(theirs)).toBe(1);
      return redis.rename(theirs, key);
    },
  };
  it.each(Object.keys(rubbish))('is not believed when it %s, and mended', async (name) => {
    const [source, id] = [new Source(), freshThing()];
    await revisionIn(start(), id, source);
    await expect.poll(keptKeys).toHaveLength(1);
    const [key] = await keptKeys();
    const whole = await redis.getBuffer(key!);
    await rubbish[name]!(key!);
    expect(await revisionIn(start(), id, source)).toBe(1);
    expect(source.reads).toBe(2);
    await expect.poll(() => redis.type(key!)).toBe('string');
    await expect.poll(() => redis.getBuffer(key!)).toEqual(whole);
    const third = start();
    await revisionIn(third, id, source);
    expect(reportOf(third)).toMatchObject({ here: { reads: 0 }, shared: { hits: 1 } });
  });
  it('has a name that changes with the code that shapes it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hotseat-code-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const version = (text: string) => {
      writeFileSync(join(folder, 'show.ts'), text);
      return codeVersion([pathToFileURL(`${folder}/`)]);
    };
    const first = version('title');
    expect(version('titleEn')).not.toBe(first);
    expect(version('title')).toBe(first);
  });
  it('of the generation is not believed when it is no id', async () => {
    const [process, source, id] = [start(), new Source(), freshThing()];
    await redis.flushall();
    const [key] = [KEPT.replace(/kept$/, 'generation')];
    for (const spoil of [
      () => redis.set(key, 'x'.repeat(100)),
      () => redis.hset(key, 'x', 'y'),
      () => redis.del(key),
    ]) {
      await redis.del(key);
      await spoil();
      expect(await revisionIn(process, id, source)).toBe(source.revision);
      source.revision++;
    }
    expect(source.reads).toBe(3);
  });
});
