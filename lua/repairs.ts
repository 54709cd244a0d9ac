/**
 * What puts a sale right again after its Redis lost data: the questions a comparison with MySQL
 * asks, and the moves that follow. Every move looks again at the seats itself, so two repairs at
 * once, or one from old facts, do no harm.
 */
import type { KeyedRequest } from '../contracts/channels.ts';
import { answerArgs, hashesOf, plain } from './questions.ts';
import { accepted } from './replies.ts';
import type { Reply } from './runner.ts';
import type { Run } from './shards.ts';

export interface OccupiedSeat {
  /** `1` LOCKED, or `2` SOLD or BLOCKED. */
  readonly mark: string;
  /** Empty when nobody has it: that is a fault of the arbiter's. */
  readonly orderId: string;
}
/** An order as MySQL knows it, or a block, to be given its seats. */
export interface Restored {
  readonly orderId: string;
  /** Empty for a block: the house is no buyer. */
  readonly uid: string;
  readonly seats: readonly number[];
  /** Of a LOCKED one. */
  readonly deadlineMs: number;
  readonly state: 'LOCKED' | 'SOLD' | 'BLOCKED';
  readonly request?: KeyedRequest;
}
export interface RestoreResult {
  readonly changed: boolean;
  /** Whoever else has one of the seats: nothing was changed. */
  readonly takenBy?: string;
  /** The hall has no such seat: nothing was changed. */
  readonly unknown?: true;
}
export interface Reservation {
  readonly uid: string;
  readonly reservedAtMs: number;
}
export interface SaleCount {
  /** True when everything `open` wrote is there. */
  readonly whole: boolean;
  /** Seats that have an owner, though the sale is not whole: something was left over. */
  readonly leftover: number;
  /** Free seats by their marks, and by `left`: the same number, or something does not add up. */
  readonly free: number;
  readonly left: number;
  readonly reservations: number;
}

export interface Repairs {
  count(sale: string): Promise<SaleCount>;
  /** Every seat that is not free, page by page: each page is of one moment. @throws NOT_FOUND */
  occupied(sale: string): Promise<Map<number, OccupiedSeat>>;
  /**
   * Gives each order its seats, on seats that are free or its own: all of them or none.
   * @param quiet no message about each: `announce` comes after all
   * @returns one result per order, in their order @throws NOT_FOUND
   */
  restore(
    sale: string,
    orders: readonly Restored[],
    quiet?: boolean,
  ): Promise<readonly RestoreResult[]>;
  /** Makes these buyers take part; who does already stays as they are. @throws NOT_FOUND */
  enrol(sale: string, buyers: readonly Reservation[]): Promise<{ added: number }>;
  /**
   * Counts everything anew from who holds which seat; readers are told when a mark was wrong.
   * @returns how many were @throws NOT_FOUND
   */
  recount(sale: string): Promise<{ corrected: number }>;
  /** Tells every reader to read the whole hall again. @throws NOT_FOUND */
  announce(sale: string): Promise<void>;
}

type Ask = (
  name: keyof Repairs,
  sale: string,
  args: Readonly<Record<string, string | number | (string | number)[]>>,
) => Promise<Reply>;

/** Offsets looked at by one script: a page costs Redis about a millisecond. */
const PAGE = 2_000;
/** Orders of one script: some 2 ms. */
const RESTORED = 50;
/** Buyers of one script. */
const ENROLLED = 250;

const pagesOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );

export function repairsOf(ask: Ask, run: Run): Repairs {
  return {
    count: async (sale) => {
      const reply = await ask('count', sale, {});
      if (reply[0] === 'NOT_FOUND')
        return { whole: false, leftover: Number(reply[1]), free: 0, left: 0, reservations: 0 };
      const [free, left, reservations] = accepted(reply).map(Number) as [number, number, number];
      return { whole: true, leftover: 0, free, left, reservations };
    },
    occupied: async (sale) => {
      const found = new Map<number, OccupiedSeat>();
      for (let from = 0; ; from += PAGE) {
        const page = accepted(await ask('occupied', sale, { from, to: from + PAGE - 1 }));
        const [marks, owners] = page as [string, string[]];
        let next = 0;
        for (let i = 0; i < marks.length; i++)
          if (marks[i] !== '0' && marks[i] !== '-')
            found.set(from + i, { mark: marks[i]!, orderId: owners[next++]! });
        if (marks.length < PAGE) return found;
      }
    },
    restore: async (sale, orders, quiet = false) => {
      const pages = pagesOf(orders, RESTORED).map(async (page) => {
        const known = { quiet: quiet ? 1 : '', runId: await run.id(), nowMs: '' };
        const args = { ...known, orders: page.flatMap(restoredArgs) };
        const [answers] = accepted(await ask('restore', sale, args)) as [string[]];
        return answers.map(restoreResult);
      });
      return (await Promise.all(pages)).flat();
    },
    enrol: async (sale, buyers) => {
      let added = 0;
      for (const page of pagesOf(buyers, ENROLLED)) {
        const args = page.flatMap(({ uid, reservedAtMs }) => {
          const { hash1, hash2 } = hashesOf(uid);
          return [plain('uid', uid), reservedAtMs, hash1, hash2];
        });
        added += Number(accepted(await ask('enrol', sale, { buyers: args }))[0]);
      }
      return { added };
    },
    recount: async (sale) => {
      const reply = await ask('recount', sale, { nowMs: '' });
      return { corrected: Number(accepted(reply)[0]) };
    },
    announce: async (sale) => {
      accepted(await ask('announce', sale, { nowMs: '' }));
    },
  };
}

function restoredArgs({ orderId, uid, seats, deadlineMs, state, request }: Restored) {
  const answer = answerArgs(uid, request);
  return [
    plain('orderId', orderId),
    plain('uid', uid),
    deadlineMs,
    state,
    answer.request,
    answer.fingerprint,
    seats.length,
    ...seats.toSorted((a, b) => a - b),
  ];
}

function restoreResult(result: string): RestoreResult {
  if (result === 'unknown') return { changed: false, unknown: true };
  if (result === 'changed' || result === 'same') return { changed: result === 'changed' };
  return { changed: false, takenBy: result };
}
