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
  /** Whom each point found, {@link NEAREST} places a point: a pair is taken from one end only. */
  const found = new Int32Array(points.length * NEAREST).fill(-1);
  const best = new Best();
  for (let a = 0; a < points.length; a++) {
    findNearest(points, tree, a, best);
    if (best.count > 0) nearest[a] = best.distance[0]!;
    for (let n = 0; n < best.count; n++) {
      const b = best.index[n]!;
      found[a * NEAREST + n] = b;
      if (b < a && found.subarray(b * NEAREST, (b + 1) * NEAREST).includes(a)) continue;
      pairs.push({ a: Math.min(a, b), b: Math.max(a, b), distance: best.distance[n]! });
    }
  }
  return { pairs, nearest };
}

/** The nearest so far, the closest first. One serves all points: they are a hundred thousand. */
class Best {
  readonly index = new Int32Array(NEAREST);
  readonly distance = new Float64Array(NEAREST);
  count = 0;

  get worst(): number {
    return this.count < NEAREST ? Number.POSITIVE_INFINITY : this.distance[NEAREST - 1]!;
  }

  offer(index: number, distance: number): void {
    if (distance >= this.worst) return;
    let place = Math.min(this.count, NEAREST - 1);
    for (; place > 0 && this.distance[place - 1]! > distance; place--) {
      this.index[place] = this.index[place - 1]!;
      this.distance[place] = this.distance[place - 1]!;
    }
    this.index[place] = index;
    this.distance[place] = distance;
    if (this.count < NEAREST) this.count++;
  }
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

function findNearest(points: readonly Point[], { order, byX }: Tree, of: number, best: Best): void {
  const { x, y } = points[of]!;
  best.count = 0;
  const visit = (from: number, to: number): void => {
    if (from >= to) return;
    const middle = (from + to) >> 1;
    const index = order[middle]!;
    const [right, down] = [x - points[index]!.x, y - points[index]!.y];
    const aside = byX[middle] ? right : down;
    if (index !== of) best.offer(index, Math.sqrt(right * right + down * down));
    if (aside < 0) visit(from, middle);
    else visit(middle + 1, to);
    // `<=`: at a point of the same coordinate either side may hold the nearest.
    if (Math.abs(aside) > best.worst) return;
    if (aside < 0) visit(middle + 1, to);
    else visit(from, middle);
  };
  visit(0, order.length);
}
