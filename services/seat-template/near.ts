/**
 * Who stands near whom: the nearest points of a plane, from a k-d tree, so that a row of 100,000
 * seats costs n log n. Pure. Coincident points must not be given: they would all be nearest.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** One near pair, `a < b` by index into the points. */
export interface Pair {
  readonly a: number;
  readonly b: number;
  readonly distance: number;
}

/** How many neighbours of a point are looked at: a plane row needs two, a dense block eight. */
const NEAREST = 8;

/**
 * For every point its {@link NEAREST} nearest others, as pairs, each once.
 * @returns `pairs`, and per point the distance to its nearest (`Infinity` for a point alone).
 */
export function nearPairs(points: readonly Point[]): { pairs: Pair[]; nearest: number[] } {
  const tree = treeOf(points);
  const nearest = new Array<number>(points.length).fill(Number.POSITIVE_INFINITY);
  const pairs: Pair[] = [];
  const seen = new Set<number>();
  for (let a = 0; a < points.length; a++) {
    const found = nearestOf(points, tree, a);
    if (found.length > 0) nearest[a] = found[0]!.distance;
    for (const { index: b, distance } of found) {
      const key = a < b ? a * points.length + b : b * points.length + a;
      if (seen.has(key)) continue;
      seen.add(key);
      pairs.push({ a: Math.min(a, b), b: Math.max(a, b), distance });
    }
  }
  return { pairs, nearest };
}

/** Points as a balanced tree: the middle of a range splits it, along its longer side. */
interface Tree {
  readonly order: Int32Array;
  /** Per place in `order`: 1 when it splits by x. */
  readonly byX: Uint8Array;
}

function treeOf(points: readonly Point[]): Tree {
  const order = Int32Array.from(points.keys());
  const byX = new Uint8Array(points.length);
  const split = (from: number, to: number): void => {
    if (to - from < 2) return;
    const part = order.subarray(from, to);
    const wide = isWide(points, part);
    part.sort(
      wide
        ? (a, b) => points[a]!.x - points[b]!.x || a - b
        : (a, b) => points[a]!.y - points[b]!.y || a - b,
    );
    const middle = (from + to) >> 1;
    byX[middle] = wide ? 1 : 0;
    split(from, middle);
    split(middle + 1, to);
  };
  split(0, order.length);
  return { order, byX };
}

/** A row is long and thin: splitting it across would split nothing. */
function isWide(points: readonly Point[], part: Int32Array): boolean {
  const low = { x: Number.POSITIVE_INFINITY, y: Number.POSITIVE_INFINITY };
  const high = { x: Number.NEGATIVE_INFINITY, y: Number.NEGATIVE_INFINITY };
  for (const i of part) {
    const { x, y } = points[i]!;
    low.x = Math.min(low.x, x);
    low.y = Math.min(low.y, y);
    high.x = Math.max(high.x, x);
    high.y = Math.max(high.y, y);
  }
  return high.x - low.x >= high.y - low.y;
}

interface Found {
  readonly index: number;
  readonly distance: number;
}

function nearestOf(points: readonly Point[], { order, byX }: Tree, of: number): Found[] {
  const { x, y } = points[of]!;
  const best: Found[] = [];
  const worst = () =>
    best.length < NEAREST ? Number.POSITIVE_INFINITY : best[best.length - 1]!.distance;
  const offer = (index: number) => {
    const distance = Math.hypot(points[index]!.x - x, points[index]!.y - y);
    if (index === of || distance >= worst()) return;
    let place = best.length;
    while (place > 0 && best[place - 1]!.distance > distance) place--;
    best.splice(place, 0, { index, distance });
    if (best.length > NEAREST) best.pop();
  };
  const visit = (from: number, to: number): void => {
    if (from >= to) return;
    const middle = (from + to) >> 1;
    const index = order[middle]!;
    const aside = byX[middle] ? x - points[index]!.x : y - points[index]!.y;
    offer(index);
    if (aside < 0) visit(from, middle);
    else visit(middle + 1, to);
    // `<=`: at a point of the same coordinate either side may hold the nearest.
    if (Math.abs(aside) > worst()) return;
    if (aside < 0) visit(middle + 1, to);
    else visit(from, middle);
  };
  visit(0, order.length);
  return best;
}
