/**
 * A sale in the arbiter held against MySQL, both ways, and what differs mended. The same code is
 * run every minute, when an operator asks, and to fill an arbiter that came back empty; only the
 * patience differs: what moved a moment ago is on its way, and left alone while the sale is live.
 *
 * Nothing here is believed when it is acted on: every move is a script that looks at the seats
 * again. Two at once, or one that was paused half-way, do no harm.
 */
import { type Actions, type Caller, call } from '../../contracts/actions.ts';
import type { BookFault, Difference, ReconcileReport } from '../../contracts/repair.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import type { OccupiedSeat } from '../../lua/repairs.ts';
import type { Grip } from './decisions.ts';
import { repairAll, type Standing } from './repair.ts';

export interface Patience {
  /** What changed in MySQL less than this ago is left alone. */
  readonly lateMs: number;
  /** Count everything anew, though nothing seems wrong: the arbiter answers nobody meanwhile. */
  readonly recount: boolean;
  /** Nobody is told of each order, and the books wait: the whole sale is announced afterwards. */
  readonly quiet: boolean;
}

/** Orders asked for at once: a page is about 100 KB on the wire. */
const PAGE = 500;
const DIFFERENCES_MAX = 1_000;
/** The books of a big sale are read row by row. */
const BOOKS_MS = 60_000;

type LivePage = Actions['order.live']['result'];

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
  /** Orders that found somebody else on their seats. */
  const waiting = new Map<string, Standing>();
  const mend = async (standings: readonly Standing[]) => {
    const all = await repairAll(arbiter, sale, standings, patience.quiet);
    const isFirstWait = ({ did, orderId }: Difference) => did === 'waits' && !waiting.has(orderId);
    const waits = new Set(all.filter(isFirstWait).map(({ orderId }) => orderId));
    for (const one of standings) if (waits.has(one.orderId)) waiting.set(one.orderId, one);
    const done = all.filter(({ orderId }) => !waits.has(orderId));
    const room = DIFFERENCES_MAX - differences.length;
    differences.push(...done.slice(0, room));
    more += Math.max(0, done.length - room);
  };

  const known = new Set<string>();
  const ask = (after: string) => call(caller, 'order.live', { sale, after, limit: PAGE });
  let page: LivePage | undefined = await ask('');
  while (page) {
    const { items, next }: LivePage = page;
    for (const { orderId } of items) known.add(orderId);
    const due = items.filter(({ ageMs }) => ageMs >= patience.lateMs);
    const standings = due.map((order) => ({
      ...order,
      word: order.state,
      grip: gripOf(order, occupied),
    }));
    // The next page is on its way while this one is mended.
    [page] = await Promise.all([next === null ? undefined : ask(next), mend(standings)]);
  }
  for (const page of pagesOf(strangersIn(occupied, known))) {
    const words = await call(caller, 'order.words', { orderIds: page.map(([id]) => id) });
    const strangers = page.map(([orderId, seats], i): Standing => {
      // Its seats are its own by definition: nothing is given back here, only sold or released.
      const isSold = seats.every((seat) => occupied.get(seat)!.mark === '2');
      const grip = isSold ? 'SOLD' : 'LOCKED';
      return { orderId, uid: '', word: words[i]!.word, grip, seats, deadlineMs: 0 };
    });
    const isDue = ({ word, ageMs }: (typeof words)[number]) =>
      word === 'UNKNOWN' || ageMs >= patience.lateMs;
    await mend(strangers.filter((_, i) => isDue(words[i]!)));
  }
  // Whoever was on the seats of these may have been released just now.
  await mend([...waiting.values()]);
  return {
    sale,
    orders: known.size,
    occupied: occupied.size,
    differences,
    more,
    corrected: await correct(arbiter, sale, occupied, patience.recount),
    books: patience.quiet ? [] : await booksOf(caller, sale, patience.lateMs),
    tookMs: Math.round(performance.now() - startedMs),
  };
}

/** What is wrong in MySQL's books; that they could not be read is part of the report as well. */
async function booksOf(caller: Caller, sale: string, lateMs: number): Promise<BookFault[]> {
  try {
    return [...(await call(caller, 'order.books', { sale, lateMs }, { timeout: BOOKS_MS }))];
  } catch (error) {
    return [{ fault: 'books that could not be read', about: sale, detail: String(error) }];
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

/** Counts anew when told to, or when marks, owners and counts contradict each other. */
async function correct(
  arbiter: Arbiter,
  sale: string,
  occupied: ReadonlyMap<number, OccupiedSeat>,
  asked: boolean,
): Promise<number> {
  const count = await arbiter.count(sale);
  const wrong =
    count.free !== count.left || [...occupied.values()].some(({ orderId }) => orderId === '');
  if (!asked && !wrong) return 0;
  return (await arbiter.recount(sale)).corrected;
}
