/**
 * Processes that keep what they read, as many as a test wants, each with memory and a connection of
 * its own, over a cache Redis that may be killed; and a source that counts how often it is read.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type PrivateServer, privateServer, useEnvironment } from '../support/servers.ts';

export const cache: PrivateServer = await privateServer('cache');
export const REQUEST_MS = 2_000;
await useEnvironment({
  CACHE_URL: cache.url,
  // Nobody asks MySQL here.
  MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
  REQUEST_MS: String(REQUEST_MS),
  // What is slow here is the machine.
  CACHE_COMMAND_MS: '800',
});
const { config } = await import('../../config/index.ts');
const { newId } = await import('../../contracts/ids.ts');
const { cacheKey } = await import('../../contracts/keys.ts');
const { Cached, objects } = await import('../../mixins/cached.ts');
const { SharedCache } = await import('../../mixins/cached-shared.ts');
const { redisClient } = await import('../../mixins/redis.ts');

const GENERATION = cacheKey(config.namespace, 'catalogue:generation');
export const KEPT = cacheKey(config.namespace, 'catalogue:kept');
const MIB = 1_024 * 1_024;

export let redis: Redis;
beforeAll(() => {
  redis = new Redis(cache.url);
  redis.on('error', () => undefined); // it is stopped by tests
});
afterAll(async () => {
  redis.disconnect();
  await cache.end();
});

export type Process = InstanceType<typeof Cached>;
const running: Process[] = [];
afterEach(() => {
  for (const process of running.splice(0)) process.close();
});
/** One more process. */
export function start(maxBytes = 16 * MIB): Process {
  const process = new Cached(new SharedCache(redisClient(config.cacheUrl, 'cache')), maxBytes);
  running.push(process);
  return process;
}
export const sharedCache = () => new SharedCache(redisClient(config.cacheUrl, 'cache'));

/** What whoever changes the catalogue does when it is committed. */
export const change = () => redis.set(GENERATION, newId(Date.now(), randomBytes));
/** The same, by another process, while this one hears nothing. */
export function changeAtOnce(): void {
  const { port } = new URL(cache.url);
  const said = `SET ${GENERATION} ${newId(Date.now(), randomBytes)}\r\n`;
  const program = `const s = require('node:net').connect(${port}, '127.0.0.1');
    s.on('data', () => process.exit()); s.write(${JSON.stringify(said)});`;
  execFileSync(process.execPath, ['-e', program]);
}
export const keptKeys = () => redis.keys(`${KEPT}:*`);

interface Thing {
  readonly revision: number;
}
export const THING = objects<Thing>('thing');

/** Something that has revisions, and is read as often as `reads` says. */
export class Source {
  revision = 1;
  reads = 0;
  /** Readings that have seen the revision of their time, and wait to answer it. */
  readonly held: (() => void)[] = [];
  holds = false;

  readonly read = async (): Promise<Thing> => {
    this.reads++;
    const { revision } = this;
    if (this.holds) await new Promise<void>((answer) => this.held.push(answer));
    return { revision };
  };
  /** A committed change, of which the cache has been told. */
  async change(): Promise<void> {
    this.revision++;
    await change();
  }
  letAll(): void {
    for (const answer of this.held.splice(0)) answer();
  }
}

let things = 0;
/** An id nobody has used. */
export const freshThing = () => `thing-${++things}`;
export const revisionIn = async (process: Process, id: string, source: Source) =>
  (await process.get(THING, id, source.read))?.revision;

interface Report {
  readonly here: Readonly<Record<'hits' | 'misses' | 'joined' | 'reads', number>> & {
    readonly entries: number;
    readonly bytes: number;
  };
  readonly shared: Readonly<Record<'hits' | 'misses' | 'broken' | 'failures', number>>;
}
export const reportOf = (process: Process) => process.report() as Report;

/** Waits until `process` keeps again what it reads: the cache is back. */
export const keepsAgain = (process: Process): Promise<void> =>
  expect
    .poll(
      async () => {
        const [id, source] = [freshThing(), new Source()];
        await revisionIn(process, id, source);
        await revisionIn(process, id, source);
        return source.reads;
      },
      { timeout: 15_000 },
    )
    .toBe(1);
