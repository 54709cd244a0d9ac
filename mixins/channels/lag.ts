/** How far a group is behind a channel: what a door asks before it lets more in. */
import type { Redis } from 'ioredis';
import type { ChannelName } from '../../contracts/channels.ts';
import type { Keyspace } from '../../contracts/keys.ts';
import { compareIds, groupsOf, nowMs } from './trim.ts';

export interface Lag {
  /**
   * Age of the oldest message not yet acknowledged, by the clock of Redis; 0 when there is none.
   */
  readonly lagMs: number;
  /** Messages not yet acknowledged, in all shards. */
  readonly entries: number;
}

/** The lag of the worst shard, and the entries of all. @throws when Redis does not answer. */
export async function channelLag(
  redis: Redis,
  keys: Keyspace,
  channel: ChannelName,
  group: string,
): Promise<Lag> {
  const lags = await Promise.all(
    keys.streams(channel).map((stream) => streamLag(redis, stream, group)),
  );
  return {
    lagMs: Math.max(...lags.map(({ lagMs }) => lagMs)),
    entries: lags.reduce((sum, { entries }) => sum + entries, 0),
  };
}

async function streamLag(redis: Redis, stream: string, group: string): Promise<Lag> {
  if ((await redis.exists(stream)) === 0) return { lagMs: 0, entries: 0 };
  const info = (await groupsOf(redis, stream)).find(({ name }) => name === group);
  // Without a group nothing has been heard yet: everything that is there waits.
  const after = info ? `(${info.lastDelivered}` : '-';
  const [now, [next], summary, length] = await Promise.all([
    nowMs(redis),
    redis.xrange(stream, after, '+', 'COUNT', 1),
    info ? (redis.xpending(stream, group) as Promise<[number, string | null]>) : undefined,
    info ? undefined : redis.xlen(stream),
  ]);
  const undelivered = info ? (info.lag ?? (next ? 1 : 0)) : (length ?? 0);
  const waiting = [next?.[0], summary?.[1]].filter((id) => typeof id === 'string');
  const oldest = waiting.sort(compareIds)[0];
  return {
    lagMs: oldest === undefined ? 0 : Math.max(0, now - Number(oldest.split('-')[0])),
    entries: undelivered + (summary?.[0] ?? 0),
  };
}
