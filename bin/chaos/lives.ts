/**
 * Each seat's life, read from the moves as they happen: nobody locks a seat that another order has,
 * nobody sells or frees the seat of another. What heals by the end is still seen here. After a gap
 * (a new epoch, a version that does not follow) a hall is unknown again, and nothing is claimed of
 * a seat before its next move.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Config } from '../../config/index.ts';
import type { SeatMoved } from '../../contracts/channels.ts';
import { readBlockId } from '../../contracts/ids.ts';
import { keyspace } from '../../contracts/keys.ts';
import { POISON } from './messages.ts';

interface Life {
  readonly mark: string;
  readonly by: string;
}
interface Hall {
  epoch: number;
  version: number;
  readonly seats: Map<number, Life>;
}

/** Who may make a move on a seat whose last one is known. */
const ALLOWED: Readonly<Record<SeatMoved['type'], (life: Life, orderId: string) => boolean>> = {
  locked: ({ mark }) => mark === '0',
  sold: ({ mark, by }, orderId) => mark === '1' && by === orderId,
  released: ({ mark, by }, orderId) =>
    by === orderId && (mark === '1' || (mark === '2' && readBlockId(by) !== undefined)),
  blocked: ({ mark, by }, orderId) => mark === '0' || by === orderId,
  restored: ({ mark, by }, orderId) => mark === '0' || by === orderId,
};

export class Lives {
  readonly #halls = new Map<string, Hall>();
  readonly #seen = new Set<string>();
  readonly faults: string[] = [];
  moves = 0;

  /** The next entry of the stream; the same move again (a duplicate was posted) says nothing. */
  move(moved: SeatMoved): void {
    const { sale, epoch, version, type, orderId, to } = moved;
    const name = `${sale} ${epoch}:${version}`;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    const hall = this.#hallAt(sale, epoch, version);
    this.moves++;
    for (const one of moved.seats) {
      const seat = typeof one === 'number' ? one : one.seat;
      const life = hall.seats.get(seat);
      if (life && !ALLOWED[type](life, orderId))
        this.faults.push(
          `${name}: ${orderId} has seat ${seat} ${type}, which was ${life.mark} by ${life.by}`,
        );
      hall.seats.set(seat, { mark: to, by: orderId });
    }
  }

  #hallAt(sale: string, epoch: number, version: number): Hall {
    const known = this.#halls.get(sale);
    if (known?.epoch === epoch && known.version + 1 === version) {
      known.version = version;
      return known;
    }
    const fresh = { epoch, version, seats: new Map<number, Life>() };
    this.#halls.set(sale, fresh);
    return fresh;
  }
}

const BLOCK_MS = 500;
const AGAIN_MS = 200;
const COUNT = 1_000;
type Batch = readonly [string, [id: string, fields: string[]][]][] | null;

/** Follows the moves of every shard, past every wire, until it is stopped. */
export async function followLives(
  { arbiterUrl, namespace, shards }: Config,
  lives: Lives,
  signal: AbortSignal,
): Promise<void> {
  const redis = new Redis(arbiterUrl, { maxRetriesPerRequest: 0, retryStrategy: () => AGAIN_MS });
  redis.on('error', () => undefined); // the read that needs it fails, and is repeated
  const streams = keyspace(namespace, shards).streams('seat.moved');
  const last = new Map(streams.map((stream) => [stream, '0']));
  while (!signal.aborted) {
    try {
      const from = ['COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...last.values()];
      const batch = (await redis.call('XREAD', ...from)) as Batch;
      for (const [stream, entries] of batch ?? [])
        for (const [id, fields] of entries) {
          last.set(stream, id);
          hear(lives, fields[fields.indexOf('payload') + 1] ?? '');
        }
    } catch (error) {
      if (error instanceof SyntaxError) lives.faults.push(`unreadable: ${error.message}`);
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  redis.disconnect();
}

function hear(lives: Lives, payload: string): void {
  if (!payload.includes(POISON)) lives.move(JSON.parse(payload) as SeatMoved);
}
