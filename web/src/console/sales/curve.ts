/** What a session sold, as a curve for each tier and as a file for a spreadsheet. Pure. */
import type { SalesAnswer } from '../../../../contracts/admin.ts';

export interface Curve {
  /** Seconds since 1970, as charts count. */
  readonly at: readonly number[];
  /** Seats sold until then, in the order of `tiers`. */
  readonly seats: readonly (readonly number[])[];
}

/** @param untilMs where the curve ends: it stays at what was sold last */
export function curveOf(sales: SalesAnswer, tiers: readonly string[], untilMs: number): Curve {
  const moments = [...new Set(sales.items.map(({ at }) => at))].sort();
  if (moments.length === 0) return { at: [], seats: tiers.map(() => []) };
  const stepS = sales.stepMs / 1_000;
  const firstS = Date.parse(moments[0]!) / 1_000;
  // What was sold within a step is known at its end, or now.
  const ends = moments.map((at) => Math.min(Date.parse(at) / 1_000 + stepS, untilMs / 1_000));
  const at = [firstS, ...ends];
  const isLater = untilMs / 1_000 > ends.at(-1)!;
  if (isLater) at.push(untilMs / 1_000);
  const seats = tiers.map((tier) => {
    const sold = new Map(
      sales.items.filter((item) => item.tier === tier).map((item) => [item.at, item.seats]),
    );
    let sum = 0;
    const line = [0];
    for (const moment of moments) {
      sum += sold.get(moment) ?? 0;
      line.push(sum);
    }
    if (isLater) line.push(sum);
    return line;
  });
  return { at, seats };
}

/** Quoted where need be; what a spreadsheet would take for a formula is made text. */
function cell(value: string | number): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
const BYTE_ORDER_MARK = '\ufeff';
const FEN_OF_YUAN = 100;

/** One line for each step and tier, in the words of the API; amounts in yuan. */
export function csvOf({ sessionId, stepMs, items }: SalesAnswer): string {
  const heads = ['sessionId', 'from', 'to', 'tier', 'orders', 'seats', 'amountYuan'];
  const lines = items.map(({ at, tier, orders, seats, amountFen }) => [
    sessionId,
    at,
    new Date(Date.parse(at) + stepMs).toISOString(),
    tier,
    orders,
    seats,
    (amountFen / FEN_OF_YUAN).toFixed(2),
  ]);
  return (
    BYTE_ORDER_MARK + [heads, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('')
  );
}

export interface TierSales {
  readonly tier: string;
  readonly seats: number;
  readonly amountFen: number;
}
export const soldBy = (sales: SalesAnswer, tiers: readonly string[]): readonly TierSales[] =>
  tiers.map((tier) => {
    const mine = sales.items.filter((item) => item.tier === tier);
    return {
      tier,
      seats: mine.reduce((sum, { seats }) => sum + seats, 0),
      amountFen: mine.reduce((sum, { amountFen }) => sum + amountFen, 0),
    };
  });
