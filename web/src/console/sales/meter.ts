/**
 * What the edge counted, read from its `/metrics`: how many requests it let pass, and how many each
 * gate refused with which word. The numbers are those of the whole edge, not of one session.
 */

export interface Refusals {
  readonly route: string;
  readonly gate: string;
  readonly word: string;
  readonly count: number;
}
export interface Metered {
  /** By route: everything that came, refused or not. */
  readonly came: Readonly<Record<string, number>>;
  readonly refused: readonly Refusals[];
}

const LINE = /^edge_requests_total\{route="([^"]*)",gate="([^"]*)",word="([^"]*)"\} (\d+)$/gm;

export function meteredIn(text: string): Metered {
  const came: Record<string, number> = {};
  const refused: Refusals[] = [];
  for (const [, route = '', gate = '', word = '', number] of text.matchAll(LINE)) {
    const count = Number(number);
    came[route] = (came[route] ?? 0) + count;
    if (word) refused.push({ route, gate, word, count });
  }
  return { came, refused };
}

/** What buyers ask of a sale; the other routes say nothing about a rush. */
export const RUSH_ROUTES: readonly string[] = ['reservations', 'permits', 'locks'];

const cameTo = ({ came }: Metered) =>
  RUSH_ROUTES.reduce((sum, route) => sum + (came[route] ?? 0), 0);
const refusedAtRush = ({ refused }: Metered): readonly Refusals[] =>
  refused.filter(({ route }) => RUSH_ROUTES.includes(route));
const refusedIn = (metered: Metered) =>
  refusedAtRush(metered).reduce((sum, { count }) => sum + count, 0);

/** What came and was refused between two readings; an edge that began anew counts from zero. */
export function between(before: Metered, after: Metered): { came: number; refused: number } {
  const since = (of: (metered: Metered) => number) => {
    const grown = of(after) - of(before);
    return grown < 0 ? of(after) : grown;
  };
  return { came: since(cameTo), refused: since(refusedIn) };
}

export interface RefusalRow extends Refusals {
  readonly perSecond: number;
}
const sameRow = (a: Refusals, b: Refusals) =>
  a.route === b.route && a.gate === b.gate && a.word === b.word;

/** Each gate and word of a rush, what is refused most now first. */
export function refusalRows(
  before: Metered | undefined,
  after: Metered,
  seconds: number,
): readonly RefusalRow[] {
  const rows = refusedAtRush(after).map((row) => {
    const was = before?.refused.find((one) => sameRow(one, row))?.count ?? 0;
    const grown = row.count >= was ? row.count - was : row.count;
    return { ...row, perSecond: before && seconds > 0 ? grown / seconds : 0 };
  });
  return rows.sort((a, b) => b.perSecond - a.perSecond || b.count - a.count);
}
