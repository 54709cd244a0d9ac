/**
 * One group's place in one stream, as questions and answers of Redis: nothing here waits, repeats
 * or remembers. The group starts at the beginning of the stream, so that what was posted before it
 * existed is heard.
 */
import type { Redis } from 'ioredis';
import { BLOCK_MS } from '../redis.ts';
import type { Entry } from './decode.ts';

type Batch = readonly [stream: string, entries: Entry[]][] | null;

/** Ids that one command names at most. */
const CHUNK = 500;

export interface StreamPlace {
  readonly stream: string;
  readonly group: string;
  /** The name of this instance in the group, the same after a restart. */
  readonly consumer: string;
}

/** True when the stream or the group is not there (any more). */
export const isGroupMissing = (error: unknown): boolean =>
  (error as Error).message.startsWith('NOGROUP');

/** Creates the group, and the stream when there is none; an existing group stays as it is. */
export async function ensureGroup(redis: Redis, { stream, group }: StreamPlace): Promise<void> {
  try {
    await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  } catch (error) {
    if (!(error as Error).message.startsWith('BUSYGROUP')) throw error;
  }
}

/** Entries nobody in the group has had, waiting up to {@link BLOCK_MS} for the first. */
export async function readNew(reader: Redis, place: StreamPlace, count: number): Promise<Entry[]> {
  const { stream, group, consumer } = place;
  const from = ['COUNT', count, 'BLOCK', BLOCK_MS, 'STREAMS', stream, '>'];
  return entriesOf((await reader.call('XREADGROUP', 'GROUP', group, consumer, ...from)) as Batch);
}

/** Entries this consumer had and did not acknowledge, after `fromId`, oldest first. */
export async function readOwn(
  reader: Redis,
  place: StreamPlace,
  fromId: string,
  count: number,
): Promise<Entry[]> {
  const { stream, group, consumer } = place;
  const from = ['COUNT', count, 'STREAMS', stream, fromId];
  return entriesOf((await reader.call('XREADGROUP', 'GROUP', group, consumer, ...from)) as Batch);
}

const entriesOf = (batch: Batch): Entry[] => batch?.[0]?.[1] ?? [];

/**
 * Takes over up to `count` entries that showed no sign of life for `idleMs`, whoever had them.
 * `next` is where to go on; `gone` are pending ids whose entry no longer exists.
 */
export async function claimIdle(
  redis: Redis,
  { stream, group, consumer }: StreamPlace,
  idleMs: number,
  cursor: string,
  count: number,
): Promise<{ next: string; entries: Entry[]; gone: string[] }> {
  const answer = await redis.xautoclaim(stream, group, consumer, idleMs, cursor, 'COUNT', count);
  const [next, entries, gone] = answer as [string, Entry[], string[] | undefined];
  return { next, entries, gone: gone ?? [] };
}

/** A sign of life: these are being worked on, nobody else may claim them. */
export async function keepAlive(
  redis: Redis,
  { stream, group, consumer }: StreamPlace,
  ids: readonly string[],
): Promise<void> {
  for (let i = 0; i < ids.length; i += CHUNK)
    await redis.xclaim(stream, group, consumer, 0, ...ids.slice(i, i + CHUNK), 'JUSTID');
}

export async function acknowledge(
  redis: Redis,
  { stream, group }: StreamPlace,
  ids: readonly string[],
): Promise<void> {
  for (let i = 0; i < ids.length; i += CHUNK)
    await redis.xack(stream, group, ...ids.slice(i, i + CHUNK));
}
