/**
 * Sales that need a reservation, opened in the real arbiter by the scripts that do it in the
 * product, for an edge that pulls from there.
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { type Keyspace, keyspace } from '../../contracts/keys.ts';
import type { SaleTerms } from '../../contracts/sale.ts';
import { type Arbiter, createArbiter } from '../../lua/arbiter.ts';
import { plainHall } from '../lua/hall.ts';
import { pricesOf, termsAt } from '../lua/stage.ts';
import { type Answer, lineOf, newSession, type Stage } from './stage.ts';

/** A small hall, whose filter is as large as 100,000 reservations need. */
const HALL = plainHall(10);

export interface Sale {
  readonly id: string;
  /** The last millisecond in which one could reserve. */
  readonly lastMs: number;
}

export class Reservations {
  readonly arbiter: Arbiter;
  readonly redis: Redis;
  readonly keys: Keyspace;
  private readonly stage: Stage;
  /** Who reserved last, by sale. */
  private readonly lastUid = new Map<string, string>();

  constructor(stage: Stage) {
    this.stage = stage;
    this.redis = new Redis(stage.config.arbiterUrl);
    this.redis.on('error', () => undefined); // a test that ends its server sees it in the calls
    this.keys = keyspace(stage.config.namespace, stage.config.shards);
    this.arbiter = createArbiter({ redis: this.redis, keys: this.keys });
  }

  /** Every shard is good on this run of Redis. */
  async adopt(epoch = 1): Promise<void> {
    for (let shard = 0; shard < this.keys.shards; shard++) await this.arbiter.adopt(shard, epoch);
  }

  /** Opens a sale whose reservations have ended, unless told otherwise. */
  async open(terms: Partial<SaleTerms> = {}, id = newSession(), hall = HALL): Promise<Sale> {
    const nowMs = Date.now();
    const given = {
      ...termsAt(nowMs),
      reservationRequired: true,
      reservationClosesAtMs: nowMs - 1_000,
      ...terms,
    };
    await this.arbiter.open(id, hall, pricesOf(hall), given);
    return { id, lastMs: given.reservationClosesAtMs - 1 };
  }

  /** These uids have reserved in time. */
  async reserve({ id, lastMs }: Sale, ...uids: string[]): Promise<void> {
    for (const uid of uids) await this.arbiter.reserve(id, uid, lastMs);
    this.lastUid.set(id, uids.at(-1)!);
  }

  /** Asks for a permit. */
  permit({ id }: Sale, uid: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.stage.ask(`/api/v1/sessions/${id}/permits`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.stage.token({ sub: uid })}`, ...headers },
      body: '{}',
    });
  }

  async passes(sale: Sale, uid: string): Promise<boolean> {
    return (await this.permit(sale, uid)).status === 200;
  }

  /**
   * Waits until the filter is loaded: it refuses a stranger. A sale here has ended its reservations
   * before anybody reserves, so the edge may have loaded it while it was empty.
   */
  async loaded(sale: Sale): Promise<void> {
    const [patience, uid] = [{ timeout: 10_000, interval: 20 }, this.lastUid.get(sale.id)];
    await vi.waitFor(async () => {
      expect(await this.passes(sale, stranger())).toBe(false);
      if (uid !== undefined) expect(await this.passes(sale, uid)).toBe(true);
    }, patience);
  }

  /** Waits until the edge has read everything, and had the time to fetch what it wanted. */
  async pulled(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      const probe = newSession();
      await this.redis.hset(this.keys.ofShard(0).flags, probe, lineOf({ soldOut: 1 }));
      await vi.waitFor(
        async () => expect((await this.stage.lock(probe)).json.code).toBe('SOLD_OUT'),
        { timeout: 5_000, interval: 20 },
      );
    }
  }

  async end(): Promise<void> {
    await this.arbiter.close();
  }
}

/** A uid that reserved nowhere and that no filter takes for one that did, or hardly ever. */
export const stranger = (): string => `s${randomBytes(8).toString('hex')}`;
