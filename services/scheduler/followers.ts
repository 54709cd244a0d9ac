/**
 * Seats that did not follow their order: a paid order whose seats are still locked, a cancelled one
 * whose seats are not free. The fast road is a message; this one asks MySQL which orders ended and
 * the arbiter what it still holds for them, so that it works when every message was lost.
 */
import { type Caller, call } from '../../contracts/actions.ts';
import type { EndedOrder, Late } from '../../contracts/repair.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import { decideRepair } from './decisions.ts';

/** What ended before a scheduler started was seen by another, or is found by the comparison. */
const FIRST_LOOK_BACK_MS = 60 * 60 * 1_000;

/** Pages of one turn. */
const PAGES_MAX = 20;

/** Looks once at every order that has ended; remembers how far it has come. */
export class Followers {
  readonly #caller: Caller;
  readonly #arbiter: Arbiter;
  #sinceMs: number | undefined;

  constructor(caller: Caller, arbiter: Arbiter) {
    this.#caller = caller;
    this.#arbiter = arbiter;
  }

  /**
   * One turn: page by page, until it has come to now or to the end of its patience.
   * @returns how many orders had seats that did not follow
   * @throws weather; what was not looked at is looked at by the next turn
   */
  async look(late: Late): Promise<{ done: number }> {
    let done = 0;
    for (let page = 0; page < PAGES_MAX; page++) {
      const looked = await this.#lookOnce(late);
      done += looked.done;
      if (!looked.full) break;
    }
    return { done };
  }

  async #lookOnce({ lateMs, limit }: Late): Promise<{ done: number; full: boolean }> {
    const sinceMs = this.#sinceMs ?? Date.now() - FIRST_LOOK_BACK_MS;
    const { items, nowMs } = await call(this.#caller, 'order.ended', { sinceMs, lateMs, limit });
    const done = await Promise.all(items.map((order) => this.#follow(order)));
    const full = items.length === limit;
    // The last moment again: others may have ended in it.
    this.#sinceMs = full ? nextAfter(sinceMs, items.at(-1)!.atMs) : nowMs - lateMs;
    return { done: done.filter((changed) => changed).length, full };
  }

  async #follow({ sale, orderId, state }: EndedOrder): Promise<boolean> {
    const hold = await this.#arbiter.hold(sale, orderId);
    if (hold?.state !== 'LOCKED') return false;
    switch (decideRepair(state, 'LOCKED')) {
      case 'sell':
        return (await this.#arbiter.sell(sale, orderId)).changed;
      case 'release':
        return (await this.#arbiter.release(sale, orderId, state)).changed;
      default:
        return false;
    }
  }
}

/** More orders than a turn takes may end in one moment: the next turn must not begin with them. */
const nextAfter = (sinceMs: number, lastMs: number): number =>
  lastMs > sinceMs ? lastMs : lastMs + 1;
