/** The end of a rush: what was sent and refused, how long it took, and whether all still holds. */
import Table from 'cli-table3';
import { type Breach, INVARIANTS, type Invariant } from './invariants.ts';
import type { Ending, HopReport } from './tally.ts';

export interface RushReport {
  readonly url: string;
  readonly sessionId: string;
  readonly hall: string;
  readonly seed: number;
  readonly buyers: number;
  readonly tookMs: number;
  readonly sent: number;
  readonly repeated: number;
  readonly unanswered: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly locks: number;
  readonly orders: number;
  readonly endings: Readonly<Partial<Record<Ending, number>>>;
  readonly seats: { readonly all: number; readonly available: number } & {
    readonly locked: number;
    readonly sold: number;
  };
  readonly hops: readonly HopReport[];
  /** False when seats were still on their way when the checker stopped waiting. */
  readonly quiet: boolean;
  readonly breaches: readonly Breach[];
}

/** True when the rush proved what it should: nothing sold twice, nothing lost, nothing stuck. */
export const isSound = ({ quiet, breaches }: RushReport): boolean => quiet && breaches.length === 0;

const ROWS_MAX = 20;
const style = { head: [], border: [] };
/** No line between rows. */
const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

const pairs = (rows: readonly (readonly [string, string | number])[]): string => {
  const table = new Table({ style, chars });
  table.push(
    ...rows.map(([name, value]) => [name, { content: String(value), hAlign: 'right' as const }]),
  );
  return table.toString();
};

function counts(report: RushReport): string {
  const { endings, seats } = report;
  const refused = Object.entries(report.refused).toSorted(([, a], [, b]) => b - a);
  return pairs([
    ['requests sent', report.sent],
    ['  of them repeated', report.repeated],
    ['  never answered', report.unanswered],
    ...refused.map(([word, n]) => [`refused ${word}`, n] as const),
    ['locks', report.locks],
    ['orders', report.orders],
    ['paid', endings.paid ?? 0],
    ['cancelled', endings.cancelled ?? 0],
    ['timed out', endings.timedOut ?? 0],
    ['aborted', endings.aborted ?? 0],
    ['buyers who found nothing', endings.emptyHanded ?? 0],
    ['buyers called back', endings.calledBack ?? 0],
    ['seats', seats.all],
    ['  sold / locked / available', `${seats.sold} / ${seats.locked} / ${seats.available}`],
  ]);
}

function times({ hops }: RushReport): string {
  const table = new Table({
    head: ['hop, ms', 'n', 'p50', 'p95', 'p99', 'max'],
    style,
    chars,
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
  });
  table.push(
    ...hops.map(({ hop, count, p50Ms, p95Ms, p99Ms, maxMs }) => [
      hop,
      count,
      ...[p50Ms, p95Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)),
    ]),
  );
  return table.toString();
}

function verdicts({ breaches }: RushReport): string {
  const table = new Table({ style, chars });
  for (const [name, { means }] of Object.entries(INVARIANTS)) {
    const broken = breaches.filter(({ invariant }) => invariant === (name as Invariant)).length;
    table.push([name, means, broken === 0 ? 'holds' : `BROKEN ×${broken}`]);
  }
  return table.toString();
}

/** The report for a human. */
export function print(report: RushReport): string {
  const { hall, sessionId, buyers, seed, tookMs, breaches, quiet } = report;
  const seconds = (tookMs / 1_000).toFixed(1);
  const shown = breaches.slice(0, ROWS_MAX).map(({ invariant, what }) => `${invariant}: ${what}`);
  const more = breaches.length - shown.length;
  return [
    `${buyers} buyers, seed ${seed}, session ${sessionId} (${hall}), ${seconds} s`,
    counts(report),
    times(report),
    verdicts(report),
    ...(quiet ? [] : ['seats were still on their way when the checker stopped waiting']),
    ...shown,
    ...(more > 0 ? [`… and ${more} more`] : []),
    '',
  ].join('\n');
}
