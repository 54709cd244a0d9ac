/** Holds everything a sale keeps in the arbiter against each other, from one moment. */
import type { LayoutColumns } from '../../contracts/layout.ts';
import { SALE, type Stage } from './stage.ts';

interface HoldJson {
  state: 'LOCKED' | 'SOLD' | 'BLOCKED' | 'RELEASED';
  uid: string;
  seats: { seat: number; tier: string; priceFen: number }[];
  amountFen: number;
}
type Hash = Record<string, string>;

const longestRun = (marks: string) =>
  Math.min(9, Math.max(...marks.split(/[^0]/).map((run) => run.length)));

/** Every contradiction, in words; empty when there is none. */
export async function audit({ redis, keys }: Stage, layout: LayoutColumns): Promise<string[]> {
  const of = keys.ofSale(SALE);
  const answers = await redis
    .multi()
    .get(of.seats)
    .get(of.runs)
    .get(of.segments)
    .hgetall(of.owners)
    .hgetall(of.holds)
    .hgetall(of.buyers)
    .hgetall(of.meta)
    .zrange(of.deadlines, 0, -1)
    .xlen(keys.stream('seat.moved', 0))
    .hget(keys.ofShard(0).flags, SALE)
    .exec();
  const [seats, runs, segments, owners, holdTexts, buyers, meta, deadlines, moves, flag] =
    answers!.map(([, value]) => value) as [
      ...[string, string, string, Hash, Hash, Hash, Hash, string[], number, string],
    ];
  const holds = Object.entries(holdTexts).map(([orderId, text]) => ({
    orderId,
    ...(JSON.parse(text) as HoldJson),
  }));
  const faults: string[] = [];
  const same = (what: string, actual: unknown, expected: unknown) => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (a !== b) faults.push(`${what}: ${a}, not ${b}`);
  };
  const live = holds.filter(({ state }) => state !== 'RELEASED');
  const byNumber = (hash: Iterable<readonly [number, string]>) =>
    [...hash].sort(([a], [b]) => a - b);

  same(
    'owners',
    byNumber(Object.entries(owners).map(([seat, orderId]) => [Number(seat), orderId])),
    byNumber(live.flatMap(({ orderId, seats }) => seats.map(({ seat }) => [seat, orderId]))),
  );
  const expected: string[] = [...seats].map((mark) => (mark === '-' ? '-' : '0'));
  for (const hold of live)
    for (const { seat } of hold.seats) expected[seat] = hold.state === 'LOCKED' ? '1' : '2';
  same('seats', seats, expected.join(''));

  const held = new Map<string, string>();
  for (const { uid, seats } of live)
    if (uid !== '') held.set(uid, String(Number(held.get(uid) ?? 0) + seats.length));
  same('buyers', Object.entries(buyers).sort(), [...held].sort());
  same(
    'deadlines',
    deadlines.toSorted(),
    live.flatMap(({ state, orderId }) => (state === 'LOCKED' ? [orderId] : [])).sort(),
  );

  const left = layout.tiers.map((_, tier) =>
    layout.seat
      .filter((seat, i) => layout.tier[i] === tier && seats[seat] === '0')
      .length.toString(),
  );
  same(
    'left',
    layout.tiers.map((_, tier) => meta[`left:${tier}`]),
    left,
  );
  const soldOut = left.every((count) => count === '0') ? '1' : '0';
  same('sold-out flag', flag.at(-1), soldOut);
  same('version', meta.version, String(moves));
  const bounds = segments.match(/.{15}/g)!.map((record) => record.trim().split(' ').map(Number));
  same(
    'runs',
    runs,
    bounds.map(([first, last]) => longestRun(seats.slice(first, last! + 1))).join(''),
  );
  for (const { orderId, seats, amountFen } of holds)
    same(
      `amount of ${orderId}`,
      amountFen,
      seats.reduce((sum, { priceFen }) => sum + priceFen, 0),
    );
  return faults;
}
