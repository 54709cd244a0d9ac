/**
 * A sale in the arbiter held against MySQL, both ways, and what differs mended. The same code is
 * run every minute, when an operator asks, and to fill an arbiter that came back empty; only the
 * patience differs: what moved a moment ago is on its way, and left alone while the sale is live.
 *
 * Nothing here is believed when it is acted on: every move is a script that looks at the seats
 * again. Two at once, or one that was paused half-way, do no harm.
 */
import { type Caller, call } from '../../contracts/actions.ts';
import type { Difference, LiveOrder, OrderWord, ReconcileReport } from '../../contracts/repair.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import type { OccupiedSeat } from '../../lua/repairs.ts';
import { decideRepair, type Grip } from './decisions.ts';

export interface Patience {
  /** What changed in MySQL less than this ago is left alone. */
  readonly lateMs: number;
  /** Count everything anew, though nothing seems wrong, and have every reader read again. */
  readonly recount: boolean;
}

/** Orders asked for at once: a page is about 100 KB on the wire. */
const PAGE = 500;
const DIFFERENCES_MAX = 1_000;
/** Younger holds that may have to give way to one paid order: each holds at least one seat. */
const REVOKES_MAX = 8;

interface Standing {
  readonly orderId: string;
  readonly uid: string;
  readonly word: OrderWord;
  readonly grip: Grip;
  readonly seats: readonly number[];
  readonly deadlineMs: number;
}
type Did = Difference['did'] | 'none';

/** Compares and mends one sale. @throws NOT_FOUND when the arbiter does not have it */
export async function reconcileSale(
  caller: Caller,
  arbiter: Arbiter,
  sale: string,
  patience: Patience,
): Promise<ReconcileReport> {
  const startedMs = performance.now();
  const occupied = await arbiter.occupied(sale);
  const differences: Difference[] = [];
  let more = 0;
  const mend = async (standing: Standing) => {
    const did = await repair(arbiter, sale, standing);
    if (did === 'none') return;
    const { orderId, seats, word: mysql, grip } = standing;
    if (differences.length === DIFFERENCES_MAX) more++;
    else differences.push({ orderId, seats, mysql, arbiter: grip, did });
  };

  const known = new Set<string>();
  for await (const page of livePages(caller, sale)) {
    const due = page.filter(({ orderId, ageMs }) => {
      known.add(orderId);
      return ageMs >= patience.lateMs;
    });
    await Promise.all(
      due.map((order) => mend({ ...order, word: order.state, grip: gripOf(order, occupied) })),
    );
  }
  for (const page of pagesOf(strangersIn(occupied, known))) {
    const words = await call(caller, 'order.words', { orderIds: page.map(([id]) => id) });
    await Promise.all(
      page.map(([orderId, seats], i) => {
        const { word, ageMs } = words[i]!;
        if (word !== 'UNKNOWN' && ageMs < patience.lateMs) return undefined;
        const grip = gripOf({ orderId, seats }, occupied);
        return mend({ orderId, uid: '', word, grip, seats, deadlineMs: 0 });
      }),
    );
  }
  return {
    sale,
    orders: known.size,
    occupied: occupied.size,
    differences,
    more,
    corrected: await correct(arbiter, sale, occupied, patience.recount),
    books: await call(caller, 'order.books', { sale, lateMs: patience.lateMs }),
    tookMs: Math.round(performance.now() - startedMs),
  };
}

/** Every live order of a sale, in pages. */
async function* livePages(caller: Caller, sale: string): AsyncGenerator<readonly LiveOrder[]> {
  const ask = (after: string) => call(caller, 'order.live', { sale, after, limit: PAGE });
  let page = await ask('');
  yield page.items;
  while (page.next !== null) {
    page = await ask(page.next);
    yield page.items;
  }
}

/** What the arbiter has for an order, of the seats that MySQL says are its own. */
export function gripOf(
  { orderId, seats }: { readonly orderId: string; readonly seats: readonly number[] },
  occupied: ReadonlyMap<number, OccupiedSeat>,
): Grip {
  const marks = seats.flatMap((seat) => {
    const now = occupied.get(seat);
    return now?.orderId === orderId ? [now.mark] : [];
  });
  if (marks.length === 0) return 'NONE';
  if (marks.length < seats.length || marks.some((mark) => mark !== marks[0])) return 'PARTIAL';
  return marks[0] === '2' ? 'SOLD' : 'LOCKED';
}

/** Who has seats in the arbiter and is no live order of MySQL's, with those seats. */
function strangersIn(
  occupied: ReadonlyMap<number, OccupiedSeat>,
  known: ReadonlySet<string>,
): [orderId: string, seats: number[]][] {
  const found = new Map<string, number[]>();
  for (const [seat, { orderId }] of occupied) {
    if (orderId === '' || known.has(orderId)) continue;
    found.set(orderId, [...(found.get(orderId) ?? []), seat]);
  }
  return [...found];
}

const pagesOf = <Item>(items: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / PAGE) }, (_, i) =>
    items.slice(i * PAGE, (i + 1) * PAGE),
  );

async function repair(arbiter: Arbiter, sale: string, standing: Standing): Promise<Did> {
  const { orderId, word, grip } = standing;
  const what = decideRepair(word, grip);
  switch (what) {
    case 'none':
    case 'alarm':
      return what;
    case 'release':
      return (await arbiter.release(sale, orderId, word)).changed ? what : 'none';
    case 'lock': {
      const answer = await arbiter.restore(sale, { ...standing, state: 'LOCKED' });
      if (answer.takenBy !== undefined) return 'waits';
      return answer.changed ? what : 'none';
    }
    case 'sell': {
      if (grip === 'LOCKED') return (await arbiter.sell(sale, orderId)).changed ? what : 'none';
      return sellAnyway(arbiter, sale, standing);
    }
  }
}

/** A paid order gets its seats: a hold that has one of them can never become an order. */
async function sellAnyway(arbiter: Arbiter, sale: string, standing: Standing): Promise<Did> {
  for (let revoked = 0; revoked <= REVOKES_MAX; revoked++) {
    const answer = await arbiter.restore(sale, { ...standing, state: 'SOLD' });
    if (answer.takenBy === undefined) return answer.changed ? 'sell' : 'none';
    const { changed } = await arbiter.release(sale, answer.takenBy, 'revoked');
    // Sold to somebody else: no rule of ours leads here.
    if (!changed) return 'alarm';
  }
  return 'waits';
}

/** Counts anew when told to, or when marks, owners and counts contradict each other. */
async function correct(
  arbiter: Arbiter,
  sale: string,
  occupied: ReadonlyMap<number, OccupiedSeat>,
  asked: boolean,
): Promise<number> {
  const count = await arbiter.count(sale);
  const wrong =
    count?.free !== count?.left || [...occupied.values()].some(({ orderId }) => orderId === '');
  if (!asked && !wrong) return 0;
  return (await arbiter.recount(sale, asked)).corrected;
}
