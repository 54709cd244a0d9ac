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
  const untilS = untilMs / 1_000;
  const stepS = sales.stepMs / 1_000;
  // Flat while nothing was sold: a step rises from its beginning to its end, or to now.
  const steps = moments.map((moment) => {
    const fromS = Date.parse(moment) / 1_000;
    return { moment, fromS, toS: Math.max(fromS, Math.min(fromS + stepS, untilS)) };
  });
  const at = [...new Set([...steps.flatMap(({ fromS, toS }) => [fromS, toS]), untilS])];
  const seats = tiers.map((tier) => {
    const sold = sales.items.filter((item) => item.tier === tier);
    return at.map((second) =>
      steps
        .filter(({ toS }) => toS <= second)
        .reduce((sum, { moment }) => sum + (sold.find((one) => one.at === moment)?.seats ?? 0), 0),
    );
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
