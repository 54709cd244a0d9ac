/**
 * Messages as a bad day brings them: twice, again after a long time and in another order, or such
 * that nobody can read them; and payment events that come again, or that nobody signed.
 */
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { request } from 'undici';
import type { Config } from '../../config/index.ts';
import type { PaymentEvent } from '../../contracts/actions.ts';
import type { ChannelName } from '../../contracts/channels.ts';
import { keyspace } from '../../contracts/keys.ts';
import { SIGNATURE_HEADER, sign } from '../../contracts/signature.ts';
import type { Random } from './random.ts';

/** In every message that is meant to die: what dies without it was not our doing. */
export const POISON = 'chaos-poison';

/** Entries of a stream to choose from. */
const RECENT = 500;
const HUGE_BYTES = 1_000_000;
const ANSWER_MS = 4_000;

const POISONS: readonly string[] = [
  `not JSON: ${POISON}`,
  JSON.stringify({ [POISON]: true }),
  JSON.stringify([POISON]),
  JSON.stringify({ [POISON]: 'x'.repeat(HUGE_BYTES) }),
];

/** What it does, and how many messages that were. */
export class Forger {
  readonly #config: Config;
  readonly #random: Random;
  /** What was accepted and must not have been. */
  readonly believed: string[] = [];

  constructor(config: Config, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  /** The newest entries once more. */
  duplicate(channel: string, count: number): Promise<number> {
    return this.#post(channel, (recent) => recent.slice(0, count));
  }

  /** Entries of any age, in another order. */
  replay(channel: string, count: number): Promise<number> {
    return this.#post(channel, (recent) => this.#random.shuffled(recent).slice(0, count));
  }

  poison(channel: string, kind: number): Promise<number> {
    return this.#post(channel, () => [['payload', POISONS[kind % POISONS.length]!]]);
  }

  /** Events that the provider has told are told again, two times each. */
  async webhooksAgain(count: number): Promise<number> {
    const connection = await createConnection({ uri: this.#config.mysqlUrl });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT body FROM sandbox_events ORDER BY createdAt DESC LIMIT ?',
        [RECENT],
      );
      const bodies = this.#random.shuffled(rows.map(({ body }) => body as string));
      const again = bodies.slice(0, count).flatMap((body) => [body, body]);
      await Promise.all(again.map((body) => this.#tell(body, this.#signed(body))));
      return again.length;
    } finally {
      connection.destroy();
    }
  }

  /** Somebody else says that an order is paid, one that waits for it if there is any. */
  async webhookForged(): Promise<number> {
    const event = {
      ...((await this.#openPayment()) ?? { orderId: 'none', paymentId: 'none', amountFen: 1 }),
      eventId: `forged-${this.#random.next()}`,
      type: 'payment.succeeded',
      occurredAt: new Date().toISOString(),
    };
    const t = Math.floor(Date.now() / 1_000);
    const status = await this.#tell(JSON.stringify(event), `t=${t},v1=${'0'.repeat(64)}`);
    if (status < 300) this.believed.push(`an event that nobody signed: ${event.orderId}`);
    return 1;
  }

  async #openPayment(): Promise<Pick<PaymentEvent, 'orderId' | 'paymentId'> | undefined> {
    const connection = await createConnection({ uri: this.#config.mysqlUrl });
    try {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT orderId, paymentId, amountFen FROM payments
         WHERE state = 'OPEN' ORDER BY createdAt DESC LIMIT 1`,
      );
      return rows[0] as PaymentEvent | undefined;
    } finally {
      connection.destroy();
    }
  }

  #signed(body: string): string {
    return sign(body, this.#config.webhookKeys.values().next().value!, Date.now());
  }

  async #tell(body: string, signature: string): Promise<number> {
    const url = `${this.#config.publicUrl}/api/v1/payments/events`;
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: signature },
      body,
      headersTimeout: ANSWER_MS,
    });
    await answer.body.dump();
    return answer.statusCode;
  }

  /** Appends what is chosen of the recent entries, newest first, to the stream of a channel. */
  async #post(channel: string, choose: (recent: string[][]) => string[][]): Promise<number> {
    const { arbiterUrl, namespace, shards } = this.#config;
    const redis = new Redis(arbiterUrl, { commandTimeout: ANSWER_MS, maxRetriesPerRequest: 1 });
    redis.on('error', () => undefined); // the command that needs it says so
    try {
      let posted = 0;
      for (const stream of keyspace(namespace, shards).streams(channel as ChannelName)) {
        const recent = await redis.xrevrange(stream, '+', '-', 'COUNT', RECENT);
        for (const fields of choose(recent.map(([, entry]) => entry))) {
          await redis.xadd(stream, '*', ...fields);
          posted++;
        }
      }
      return posted;
    } finally {
      redis.disconnect();
    }
  }
}
