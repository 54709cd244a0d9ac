/**
 * What puts a sale right again after its Redis lost data: the questions a comparison with MySQL
 * asks, and the moves that follow. Every move looks again at the seats itself, so two repairs at
 * once, or one from old facts, do no harm.
 */
import { hashesOf, plain } from './questions.ts';
import { accepted } from './replies.ts';
import type { Reply } from './runner.ts';

export interface OccupiedSeat {
  /** `1` LOCKED or `2` SOLD. */
  readonly mark: string;
  /** Empty when nobody has it: that is a fault of the arbiter's. */
  readonly orderId: string;
}
/** An order as MySQL knows it, to be given its seats. */
export interface Restored {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  readonly deadlineMs: number;
  readonly state: 'LOCKED' | 'SOLD';
}
export interface Reservation {
  readonly uid: string;
  readonly reservedAtMs: number;
}
export interface SaleCount {
  /** Free seats by their marks, and by `left`: the same number, or something does not add up. */
  readonly free: number;
  readonly left: number;
  readonly reservations: number;
}

export interface Repairs {
  /** Undefined when the sale, or a part of what `open` wrote, is not there. */
  count(sale: string): Promise<SaleCount | undefined>;
  /** Every seat that is not free, page by page: each page is of one moment. @throws NOT_FOUND */
  occupied(sale: string): Promise<Map<number, OccupiedSeat>>;
  /**
   * Gives an order its seats, on seats that are free or its own: all or none.
   * @returns `takenBy` when somebody else has one of them (nothing was changed)
   * @throws NOT_FOUND, SEAT_UNKNOWN
   */
  restore(sale: string, order: Restored): Promise<{ changed: boolean; takenBy?: string }>;
  /** Makes these buyers take part; who does already stays as they are. @throws NOT_FOUND */
  enrol(sale: string, buyers: readonly Reservation[]): Promise<{ added: number }>;
  /**
   * Counts everything anew from who holds which seat.
   * @param announce tells every reader to read the hall again, also when nothing was wrong
   * @returns seats whose mark was wrong @throws NOT_FOUND
   */
  recount(sale: string, announce: boolean): Promise<{ corrected: number }>;
}

type Ask = (
  name: keyof Repairs,
  sale: string,
  args: Readonly<Record<string, string | number | (string | number)[]>>,
) => Promise<Reply>;

/** Offsets looked at by one script: a page costs Redis about a millisecond. */
const PAGE = 2_000;
/** Buyers of one script. */
const ENROLLED = 250;

export function repairsOf(ask: Ask): Repairs {
  return {
    count: async (sale) => {
      const reply = await ask('count', sale, {});
      if (reply[0] === 'NOT_FOUND') return undefined;
      const [free, left, reservations] = accepted(reply).map(Number) as [number, number, number];
      return { free, left, reservations };
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
    restore: async (sale, { orderId, uid, seats, deadlineMs, state }) => {
      const reply = await ask('restore', sale, {
        orderId: plain('orderId', orderId),
        uid: plain('uid', uid),
        deadlineMs,
        state,
        nowMs: '',
        seats: seats.toSorted((a, b) => a - b),
      });
      if (reply[0] === 'SEAT_TAKEN') return { changed: false, takenBy: String(reply[1]) };
      return { changed: accepted(reply)[0] === 1 };
    },
    enrol: async (sale, buyers) => {
      let added = 0;
      for (let i = 0; i < buyers.length; i += ENROLLED) {
        const page = buyers.slice(i, i + ENROLLED).flatMap(({ uid, reservedAtMs }) => {
          const { hash1, hash2 } = hashesOf(uid);
          return [plain('uid', uid), reservedAtMs, hash1, hash2];
        });
        added += Number(accepted(await ask('enrol', sale, { buyers: page }))[0]);
      }
      return { added };
    },
    recount: async (sale, announce) => {
      const reply = await ask('recount', sale, { announce: announce ? 1 : '', nowMs: '' });
      return { corrected: Number(accepted(reply)[0]) };
    },
  };
}
