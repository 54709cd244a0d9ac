/**
 * Delivers the provider's webhooks over HTTP until each is answered with 2xx, across restarts: what
 * is not delivered is a row. Like any provider it may deliver one twice, and in any order.
 */

import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'moleculer';
import { SIGNATURE_HEADER, sign } from '../../contracts/signature.ts';
import { inTransaction } from '../../mixins/database.ts';
import { statements } from '../../mixins/statement.ts';
import { FORGERIES, type ForgeryName } from './faults.ts';

/** Webhooks under way at once. */
const ABREAST = 16;
const LOOK_EVERY_MS = 250;
const ANSWER_MS = 5_000;
/** How long an event that is being delivered is left alone. */
const LEASE_MS = ANSWER_MS + 1_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

interface Due {
  readonly eventId: string;
  readonly body: string;
  readonly attempts: number;
  /** Sent side by side; 0 is an event that gets lost. */
  readonly copies: number;
  /** A forgery to be sent first. */
  readonly forgery: ForgeryName | null;
}
/** When a lost event is tried again. */
const NEVER = '9999-12-31 00:00:00.000';

export class Deliveries {
  readonly #url: string;
  readonly #key: () => KeyObject;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(url: string, key: () => KeyObject, logger: Logger) {
    this.#url = url;
    this.#key = key;
    this.#logger = logger;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There is something new: look now. */
  kick(): void {
    this.#wake();
  }

  /** Ends the deliveries under way; what was not answered stays for the next run. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
  }

  /** Fills what is free of the places abreast: one slow answer holds up nobody else. */
  async #run(): Promise<void> {
    const underWay = new Set<Promise<void>>();
    while (!this.#stop.signal.aborted) {
      try {
        const due = await take(ABREAST - underWay.size);
        for (const event of due) {
          const delivery = this.#deliver(event).catch(this.#waits);
          underWay.add(delivery);
          void delivery.then(() => underWay.delete(delivery));
        }
        if (underWay.size >= ABREAST) await Promise.race(underWay);
        else if (due.length === 0) await this.#pause();
      } catch (error) {
        this.#waits(error);
        await this.#pause();
      }
    }
    await Promise.all(underWay);
  }

  readonly #waits = (error: unknown): void => {
    this.#logger.warn('Webhooks wait.', { reason: String(error) });
  };

  async #pause(): Promise<void> {
    const kicked = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const ended = new AbortController();
    const late = sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    await Promise.race([kicked, late]);
    ended.abort();
  }

  async #deliver({ eventId, body, attempts, copies, forgery }: Due): Promise<void> {
    if (forgery !== null) await this.#forge(eventId, body, forgery);
    const header = sign(body, this.#key(), Date.now());
    const answers = await Promise.all(
      Array.from({ length: copies }, () => this.#send(body, header)),
    );
    const sql = statements();
    if (copies === 0)
      await sql.change('UPDATE sandbox_events SET nextAt = :never WHERE eventId = :eventId', {
        never: NEVER,
        eventId,
      });
    const unheard = answers.find((said) => !isHeard(said));
    if (copies > 0 && unheard === undefined)
      await sql.change(
        'UPDATE sandbox_events SET deliveredAt = UTC_TIMESTAMP(3) WHERE eventId = :eventId',
        { eventId },
      );
    if (unheard === undefined) return;
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts, 10), LONGEST_WAIT_MS);
    this.#logger.info('A webhook is repeated.', { eventId, said: unheard, waitMs });
    await sql.change(
      `UPDATE sandbox_events SET nextAt = UTC_TIMESTAMP(3) + INTERVAL :waitUs MICROSECOND
       WHERE eventId = :eventId`,
      { eventId, waitUs: waitMs * 1_000 },
    );
  }

  /** The status a webhook was answered, or why there was none. */
  async #send(body: string, header: string): Promise<number | string> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_MS)]);
    const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: header };
    try {
      const response = await fetch(this.#url, { method: 'POST', headers, body, signal });
      await response.arrayBuffer(); // frees the connection
      return response.status;
    } catch (error) {
      return String(error);
    }
  }

  async #forge(eventId: string, original: string, how: ForgeryName): Promise<void> {
    const { body, header } = FORGERIES[how](original, this.#key(), Date.now());
    const answer = await this.#send(body, header);
    if (typeof answer === 'string') throw new Error(`the forgery was not answered: ${answer}`);
    this.#logger.info('A forgery was sent.', { eventId, how, answer });
    await statements().change(
      'UPDATE sandbox_events SET forgeryAnswer = :answer, forgery = NULL WHERE eventId = :eventId',
      { answer, eventId },
    );
  }
}

const isHeard = (answer: number | string): boolean =>
  typeof answer === 'number' && answer >= 200 && answer < 300;

/** Takes what is due for this process: a killed one's share is due again after the lease. */
function take(limit: number): Promise<Due[]> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const due = await sql.rows<Due>(
      `SELECT eventId, body, attempts, copies, forgery FROM sandbox_events
       WHERE deliveredAt IS NULL AND nextAt <= UTC_TIMESTAMP(3)
       ORDER BY nextAt LIMIT :limit FOR UPDATE SKIP LOCKED`,
      { limit },
    );
    if (due.length > 0)
      await sql.change(
        `UPDATE sandbox_events SET attempts = attempts + 1,
           nextAt = UTC_TIMESTAMP(3) + INTERVAL :leaseUs MICROSECOND
         WHERE eventId IN (:ids)`,
        { leaseUs: LEASE_MS * 1_000, ids: due.map(({ eventId }) => eventId) },
      );
    return due;
  });
}
