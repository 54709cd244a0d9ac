/**
 * Follows streams without a group: every instance that does so hears everything (`heardBy: x*`).
 * What comes first is decided once, by an explicit id; from there on nothing is missed, whatever
 * happens to the connection, as long as the stream still has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import { CHANNEL_NAMES, type ChannelName } from '../../contracts/channels.ts';
import { BLOCK_MS } from '../redis.ts';
import { decode, type Entry, type Message } from './decode.ts';

export interface TailEntry extends Message {
  readonly stream: string;
  readonly channel: ChannelName;
  readonly id: string;
}
export interface TailOptions {
  /** A connection of purpose `reader` for this tail alone; it is closed at the end. */
  readonly redis: Redis;
  readonly streams: readonly string[];
  /**
   * `'$'`: what comes from now on, settled before {@link onStart}. Else the last id that was had:
   * one for all streams (`'0'`: everything there is), or one by stream.
   */
  readonly from: string | Readonly<Record<string, string>>;
  /**
   * One after another, in the order of each stream. What it throws makes it see the entry again.
   */
  onEntry(entry: TailEntry): unknown;
  /** Once, when the positions are settled: what is posted from here on will be heard. */
  onStart?(positions: Readonly<Record<string, string>>): void;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

const BATCH = 500;
const PAUSE_MS = 250;

type Batch = readonly [stream: string, entries: Entry[]][] | null;

/** Follows the streams until `signal` is aborted; resolves then, and never rejects. */
export async function tailStream(options: TailOptions): Promise<void> {
  const { redis, streams, signal, logger } = options;
  const close = () => redis.disconnect();
  signal.addEventListener('abort', close, { once: true });
  let positions: Map<string, string> | undefined;
  let failing = false;
  while (!signal.aborted) {
    try {
      if (!positions) {
        positions = await startOf(options);
        options.onStart?.(Object.fromEntries(positions));
      }
      const from = ['COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams];
      const ids = streams.map((stream) => positions!.get(stream)!);
      const batch = (await redis.call('XREAD', ...from, ...ids)) as Batch;
      for (const [stream, entries] of batch ?? [])
        for (const entry of entries) {
          await hand(options, stream, entry);
          positions.set(stream, entry[0]);
        }
      failing = false;
    } catch (error) {
      if (signal.aborted) break;
      if (!failing) logger.warn('Following failed; again until it works.', { streams, err: error });
      failing = true;
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  signal.removeEventListener('abort', close);
}

async function startOf({ redis, streams, from }: TailOptions): Promise<Map<string, string>> {
  const positions = new Map<string, string>();
  for (const stream of streams) {
    const given = typeof from === 'string' ? from : (from[stream] ?? '0');
    positions.set(stream, given === '$' ? await lastIdOf(redis, stream) : given);
  }
  return positions;
}

/** The id of the newest entry there ever was: also when it has been trimmed since. */
async function lastIdOf(redis: Redis, stream: string): Promise<string> {
  if ((await redis.exists(stream)) === 0) return '0';
  const fields = (await redis.xinfo('STREAM', stream)) as unknown[];
  return String(fields[fields.indexOf('last-generated-id') + 1]);
}

async function hand(options: TailOptions, stream: string, [id, fields]: Entry): Promise<void> {
  const channel = CHANNEL_NAMES.find((name) => stream.endsWith(`:${name}`));
  if (!channel) throw new Error(`${stream} is the stream of no channel`);
  const { message, fault } = decode(channel, fields ?? []);
  if (message) await options.onEntry({ stream, channel, id, ...message });
  else options.logger.error('An entry cannot be read and is skipped.', { stream, id, fault });
}
