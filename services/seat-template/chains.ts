/**
 * Who sits beside whom in a row. Neighbours follow from where seats stand, never from their
 * numbers: a row may list its seats out of order, hold several blocks, bend, or have an aisle.
 *
 * Always true of the chains of a row: every seat is in exactly one; two that follow each other are
 * at most {@link REACH} pitches apart; a chain never turns sharply, never closes to a ring. Pure.
 */
import { nearPairs, type Pair, type Point } from './near.ts';

/** Two seats further apart than this many pitches have an aisle, a pillar or a gap between them. */
export const REACH = 1.5;
/** cos 60°: a chain that turns more is not a row of people side by side. */
const TURN_COS = 0.5;
/** A row this long is believed when its seats stand wider than the zone's … */
const BELIEVED_SEATS = 4;
/** … up to this many times. */
const BELIEVED_TIMES = 3;
/** Distances within this share of a pitch count as equal, so that rounding decides nothing. */
const EQUAL = 0.15;
/** Room for rounding in a comparison of distances. */
const SLACK = 1 + 1e-9;

/** A row whose near pairs are known. Seats that stand on another one are not in `distinct`. */
export interface SurveyedRow {
  readonly points: readonly Point[];
  /** Indexes into `points`; the pairs index into this list. */
  readonly distinct: readonly number[];
  readonly pairs: readonly Pair[];
  readonly nearest: readonly number[];
}

/** Finds the near pairs of a row, and the distance of each seat to its nearest. */
export function survey(points: readonly Point[]): SurveyedRow {
  const places = new Set<string>();
  const distinct = points
    .map((_, i) => i)
    .filter((i) => {
      const place = `${points[i]!.x} ${points[i]!.y}`;
      if (places.has(place)) return false;
      places.add(place);
      return true;
    });
  const found = nearPairs(distinct.map((i) => points[i]!));
  return { points, distinct, ...found };
}

/** The middle of the finite numbers, or undefined when there is none. */
export function median(numbers: readonly number[]): number | undefined {
  const finite = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  return finite[(finite.length - 1) >> 1];
}

/**
 * The distance at which seats of a row stand beside each other: its own typical one, unless that
 * is so much wider than around it that its seats are merely scattered.
 */
export function pitchOf(row: SurveyedRow, around: number): number {
  const own = median(row.nearest) ?? around;
  const trusted = row.distinct.length >= BELIEVED_SEATS ? BELIEVED_TIMES : REACH;
  return own <= around * trusted ? own : around;
}

/**
 * The chains of a row, each from left to right (from top to bottom where it runs upright), and the
 * chains among each other likewise.
 * @returns indexes into `row.points`
 */
export function chainsOf(row: SurveyedRow, pitch: number): number[][] {
  const at = row.distinct.map((i) => row.points[i]!);
  const links = link(at, near(row, at, pitch));
  const chains = walk(at, links).map((chain) => chain.map((i) => row.distinct[i]!));
  const inChain = new Set(row.distinct);
  row.points.forEach((_, i) => {
    if (!inChain.has(i)) chains.push([i]);
  });
  const before = leftToRight(extentOf(row.points));
  return chains.sort((a, b) => before(row.points[a[0]!]!, row.points[b[0]!]!) || a[0]! - b[0]!);
}

/** Pairs that may be neighbours, the most likely first: the closest, then those along the row. */
function near(row: SurveyedRow, at: readonly Point[], pitch: number): Pair[] {
  const along = axisOf(at);
  return row.pairs
    .filter(({ distance }) => distance <= pitch * REACH * SLACK)
    .map((pair) => {
      const [a, b] = [at[pair.a]!, at[pair.b]!];
      const aligned = Math.abs((b.x - a.x) * along.x + (b.y - a.y) * along.y) / pair.distance;
      const steps = Math.round(pair.distance / (pitch * EQUAL));
      return { pair, steps, aside: Math.round((1 - aligned) * 100) };
    })
    .sort(
      (p, q) =>
        p.steps - q.steps ||
        p.aside - q.aside ||
        p.pair.distance - q.pair.distance ||
        p.pair.a - q.pair.a ||
        p.pair.b - q.pair.b,
    )
    .map(({ pair }) => pair);
}

/** The direction in which points spread most (first principal axis), as a unit vector. */
function axisOf(points: readonly Point[]): Point {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [cx, cy] = [mean(({ x }) => x), mean(({ y }) => y)];
  const xx = mean(({ x }) => (x - cx) ** 2);
  const yy = mean(({ y }) => (y - cy) ** 2);
  const xy = mean(({ x, y }) => (x - cx) * (y - cy));
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  return { x: Math.cos(angle), y: Math.sin(angle) };
}

/** Takes pairs while each seat keeps at most two, no ring closes and no turn is sharp. */
function link(at: readonly Point[], pairs: readonly Pair[]): number[][] {
  const links = at.map((): number[] => []);
  const roots = at.map((_, i) => i);
  const root = (i: number): number => {
    let top = i;
    while (roots[top] !== top) top = roots[top] = roots[roots[top]!]!;
    return top;
  };
  const bends = (from: number, to: number) =>
    links[from]!.some((other) => turnsSharply(at[other]!, at[from]!, at[to]!));
  for (const { a, b } of pairs) {
    if (links[a]!.length > 1 || links[b]!.length > 1 || root(a) === root(b)) continue;
    if (bends(a, b) || bends(b, a)) continue;
    links[a]!.push(b);
    links[b]!.push(a);
    roots[root(a)] = root(b);
  }
  return links;
}

function turnsSharply(before: Point, corner: Point, after: Point): boolean {
  const [inX, inY] = [corner.x - before.x, corner.y - before.y];
  const [outX, outY] = [after.x - corner.x, after.y - corner.y];
  const lengths = Math.hypot(inX, inY) * Math.hypot(outX, outY);
  return inX * outX + inY * outY < lengths * TURN_COS;
}

/** Follows the links from each chain's first end. */
function walk(at: readonly Point[], links: readonly number[][]): number[][] {
  const chains: number[][] = [];
  const seen = new Uint8Array(at.length);
  for (let start = 0; start < at.length; start++) {
    if (seen[start] || links[start]!.length > 1) continue;
    const chain: number[] = [];
    for (let here: number | undefined = start; here !== undefined; ) {
      seen[here] = 1;
      chain.push(here);
      here = links[here]!.find((next) => !seen[next]);
    }
    const ends = [at[chain[0]!]!, at[chain.at(-1)!]!] as const;
    if (leftToRight(extentOf(ends))(ends[0], ends[1]) > 0) chain.reverse();
    chains.push(chain);
  }
  return chains;
}

const extentOf = (points: readonly Point[]): { wide: boolean } => {
  const span = (of: (point: Point) => number) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const point of points) {
      low = Math.min(low, of(point));
      high = Math.max(high, of(point));
    }
    return high - low;
  };
  return { wide: span(({ x }) => x) >= span(({ y }) => y) };
};

/** The reading order of points that spread more sideways (`wide`) or more upright. */
const leftToRight =
  ({ wide }: { wide: boolean }) =>
  (a: Point, b: Point): number =>
    wide ? a.x - b.x || a.y - b.y : a.y - b.y || a.x - b.x;
