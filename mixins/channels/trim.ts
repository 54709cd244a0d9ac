/**
 * Removes from a stream what every group has acknowledged and nobody may still want: never below a
 * pending or undelivered message of any group, never what is younger than {@link KEPT_MS} (the
 * tails of the live stream have no group to speak for them), nothing at all before every service
 * that should hear the channel has its group.
 */
import type { Redis } from 'ioredis';
import { CHANNEL_NAMES, CHANNELS } from '../../contracts/channels.ts';

/** A group of no service of this version, without a sign of life for this long, holds up nobody. */
export const ABANDONED_MS = 3_600_000;
/** A tail that was away for less than this finds everything it missed. */
export const KEPT_MS = 60_000;

/**
 * Removes the groups of a stream that no service of `contracts/channels.ts` answers to and whose
 * consumers have all been silent for `silentMs`: they would hold back the trimming for ever. A
 * group of a service is never removed, however long it is away.
 * @returns their names, for the log.
 */
export async function removeAbandoned(
  redis: Redis,
  stream: string,
  silentMs: number = ABANDONED_MS,
): Promise<string[]> {
  if ((await redis.exists(stream)) === 0) return [];
  const expected = listenersOf(stream);
  const removed: string[] = [];
  for (const { name } of await groupsOf(redis, stream)) {
    if (expected.includes(name)) continue;
    const consumers = (await redis.xinfo('CONSUMERS', stream, name)) as (string | number)[][];
    const idle = consumers.map((row) => Number(row[row.indexOf('idle') + 1]));
    if (idle.length === 0 || idle.some((ms) => ms < silentMs)) continue;
    await redis.xgroup('DESTROY', stream, name);
    removed.push(name);
  }
  return removed;
}

/** Trims one stream, if it is there. @returns how many entries went. */
export async function trimStream(
  redis: Redis,
  stream: string,
  keptMs: number = KEPT_MS,
): Promise<number> {
  const floor = await floorOf(redis, stream, keptMs);
  return floor === undefined ? 0 : redis.xtrim(stream, 'MINID', floor);
}

/** The oldest id somebody may still want, or undefined when nothing may go. */
async function floorOf(redis: Redis, stream: string, keptMs: number): Promise<string | undefined> {
  if ((await redis.exists(stream)) === 0) return undefined;
  const groups = await groupsOf(redis, stream);
  const expected = listenersOf(stream);
  if (!expected.every((name) => groups.some((group) => group.name === name))) return undefined;
  const wanted = [`${(await nowMs(redis)) - keptMs}-0`];
  for (const { name, pending, lastDelivered } of groups) {
    wanted.push(lastDelivered);
    if (pending > 0) {
      const [, oldest] = (await redis.xpending(stream, name)) as [number, string | null];
      if (oldest) wanted.push(oldest);
    }
  }
  return wanted.reduce((low, id) => (compareIds(id, low) < 0 ? id : low));
}

/** The clock that entry ids are made of. */
export async function nowMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** The services that must have a group before anything goes. */
function listenersOf(stream: string): readonly string[] {
  const channel = CHANNEL_NAMES.find((name) => stream.endsWith(`:${name}`));
  return channel ? CHANNELS[channel].heardBy.filter((name) => !name.endsWith('*')) : [];
}

export interface GroupInfo {
  readonly name: string;
  readonly pending: number;
  readonly lastDelivered: string;
  /** Entries not yet delivered; undefined when Redis cannot tell. */
  readonly lag: number | undefined;
}

/** The groups of a stream that exists. */
export async function groupsOf(redis: Redis, stream: string): Promise<GroupInfo[]> {
  const rows = (await redis.xinfo('GROUPS', stream)) as (string | number | null)[][];
  return rows.map((row) => {
    const field = (name: string) => row[row.indexOf(name) + 1];
    const lag = row.includes('lag') ? field('lag') : undefined;
    return {
      name: String(field('name')),
      pending: Number(field('pending')),
      lastDelivered: String(field('last-delivered-id')),
      lag: typeof lag === 'number' ? lag : undefined,
    };
  });
}

/** The order of entry ids: by time, then by sequence. */
export function compareIds(a: string, b: string): number {
  const [aMs = 0, aSeq = 0] = a.split('-').map(Number);
  const [bMs = 0, bSeq = 0] = b.split('-').map(Number);
  return aMs - bMs || aSeq - bSeq;
}
