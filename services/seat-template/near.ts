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

/** An array that is its own balanced tree: the middle of a range splits it, x and y by turns. */
function treeOf(points: readonly Point[]): Int32Array {
  const order = Int32Array.from(points.keys());
  const split = (from: number, to: number, byX: boolean): void => {
    if (to - from < 2) return;
    const part = order.subarray(from, to);
    part.sort(
      byX
        ? (a, b) => points[a]!.x - points[b]!.x || a - b
        : (a, b) => points[a]!.y - points[b]!.y || a - b,
    );
    const middle = (from + to) >> 1;
    split(from, middle, !byX);
    split(middle + 1, to, !byX);
  };
  split(0, order.length, true);
  return order;
}

interface Found {
  readonly index: number;
  readonly distance: number;
}

function nearestOf(points: readonly Point[], tree: Int32Array, of: number): Found[] {
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
  const visit = (from: number, to: number, byX: boolean): void => {
    if (from >= to) return;
    const middle = (from + to) >> 1;
    const index = tree[middle]!;
    const aside = byX ? x - points[index]!.x : y - points[index]!.y;
    offer(index);
    const below = () => visit(from, middle, !byX);
    const above = () => visit(middle + 1, to, !byX);
    if (aside < 0) below();
    else above();
    // `<=`: at a point of the same coordinate either side may hold the nearest.
    if (Math.abs(aside) <= worst()) {
      if (aside < 0) above();
      else below();
    }
  };
  visit(0, tree.length, true);
  return best;
}
