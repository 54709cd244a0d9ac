/**
 * Tickets for the stream of one's own orders. A browser cannot send a token with an EventSource,
 * and a token in an address would end in logs: so it shows a ticket, good once, for half a minute.
 */
import type { Random } from '../../contracts/ids.ts';

const LIFE_MS = 30_000;
const BYTES = 16;

export class Tickets {
  readonly #random: Random;
  readonly #max: number;
  /** Oldest first. */
  readonly #uids = new Map<string, { uid: string; untilMs: number }>();

  /** @param max tickets kept at once; the oldest goes first */
  constructor(random: Random, max: number) {
    this.#random = random;
    this.#max = max;
  }

  issue(uid: string, nowMs: number): string {
    for (const [ticket, { untilMs }] of this.#uids) {
      if (untilMs > nowMs && this.#uids.size < this.#max) break;
      this.#uids.delete(ticket);
    }
    const ticket = this.#random(BYTES).toString('base64url');
    this.#uids.set(ticket, { uid, untilMs: nowMs + LIFE_MS });
    return ticket;
  }

  /** Whose ticket it is; undefined when it is used, old, or was never one. It is used now. */
  use(ticket: string, nowMs: number): string | undefined {
    const known = this.#uids.get(ticket);
    this.#uids.delete(ticket);
    return known && known.untilMs > nowMs ? known.uid : undefined;
  }
}
