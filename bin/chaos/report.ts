/** The end of a run: what struck, what the buyers saw, what the guards caught, what is wrong. */
import Table from 'cli-table3';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Config } from '../../config/index.ts';
import { type Breach, INVARIANTS } from '../rush/invariants.ts';
import type { Ending, Tally } from '../rush/tally.ts';
import type { FaultName } from './faults.ts';
import type { History, Outcome } from './history.ts';
import type { Struck } from './nemesis.ts';
import type { ChaosOptions } from './options.ts';
import type { Rest } from './settle.ts';

type Counts = Readonly<Record<string, number>>;

/** What a run leaves behind to be reported. */
export interface Ran {
  readonly came: number;
  readonly tally: Tally;
  readonly history: History;
  readonly struck: readonly Struck[];
  readonly forged: ReadonlyMap<FaultName, number>;
  readonly sick: readonly string[];
  readonly rest: Rest;
  /** What was seen to go wrong on the way, or at the very end. */
  readonly seen: readonly Breach[];
  /** Moves of seats that were followed as they happened. */
  readonly moves: number;
  /** Seats that an operator blocked and unblocked, by what was told last. */
  readonly house: Counts;
  readonly quietAfterMs: number;
  readonly compared: number;
}
export interface ChaosReport {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: Counts;
  readonly missed: number;
  readonly buyers: number;
  readonly operations: Readonly<Record<Outcome, number>>;
  readonly refused: Counts;
  readonly endings: Readonly<Partial<Record<Ending, number>>>;
  /** Orders and payments as MySQL has them at the end. */
  readonly orders: Counts;
  readonly refunds: number;
  /** Locks that became no order, by reason. */
  readonly aborted: Counts;
  /** Runs of the arbiter that were adopted, the first among them. */
  readonly epochs: number;
  readonly deadLetters: number;
  /** Messages and events put where they had no business, by fault. */
  readonly forged: Counts;
  /** Requests that were sent again after their answer, and answered with the same order. */
  readonly repeats: number;
  /** Snapshots that agreed with the live stream, or did not. */
  readonly compared: number;
  /** From a fault to the next accepted lock, the worst of each fault, ms. */
  readonly recoveredMs: Counts;
  readonly quietAfterMs: number;
  /** Moves of seats that were followed as they happened. */
  readonly moves: number;
  /** Seats that an operator blocked and unblocked, by what was told last. */
  readonly house: Counts;
  readonly breaches: readonly Breach[];
  /** A program that did not come back, a key that named two orders. */
  readonly others: readonly string[];
  /** Where history, schedule and logs are, when they were kept. */
  readonly kept?: string;
}

export const isSound = ({ breaches, others }: ChaosReport): boolean =>
  breaches.length + others.length === 0;

const QUERIES = {
  orders: 'SELECT state AS name, COUNT(*) AS n FROM orders GROUP BY state',
  aborted: `SELECT COALESCE(reason, '?') AS name, COUNT(*) AS n FROM hold_verdicts
    WHERE verdict = 'ABORTED' GROUP BY reason`,
  refunds: `SELECT 'n' AS name, COUNT(*) AS n FROM refunds`,
  epochs: `SELECT 'n' AS name, COUNT(*) AS n FROM arbiter_incidents`,
  deadLetters: `SELECT 'n' AS name, COUNT(*) AS n FROM dead_letters`,
} as const;

export async function reportOf(
  { seed, seconds }: ChaosOptions,
  config: Config,
  ran: Ran,
): Promise<ChaosReport> {
  const { tally, history, struck, rest } = ran;
  const counts = await countRows(config.mysqlUrl);
  return {
    seed,
    seconds,
    faults: tallyOf(struck.map(({ fault }) => fault)),
    missed: struck.filter(({ missed }) => missed !== undefined).length,
    buyers: ran.came,
    operations: history.outcomes,
    refused: Object.fromEntries(tally.refused),
    endings: Object.fromEntries(tally.endings),
    orders: counts.orders,
    refunds: counts.refunds.n ?? 0,
    aborted: counts.aborted,
    epochs: counts.epochs.n ?? 0,
    deadLetters: counts.deadLetters.n ?? 0,
    forged: Object.fromEntries(ran.forged),
    repeats: history.repeats,
    compared: ran.compared,
    recoveredMs: recoveries(struck, history.lockedAtMs),
    quietAfterMs: ran.quietAfterMs,
    moves: ran.moves,
    house: ran.house,
    breaches: [...rest.breaches, ...ran.seen],
    others: [...ran.sick, ...history.contradictions(isLost(rest))],
  };
}

const isLost =
  ({ facts }: Rest) =>
  (orderId: string): boolean =>
    facts.some(({ verdicts }) => verdicts.get(orderId)?.reason === 'lost');

async function countRows(mysqlUrl: string): Promise<Record<keyof typeof QUERIES, Counts>> {
  const connection = await createConnection({ uri: mysqlUrl });
  try {
    const counts: Partial<Record<keyof typeof QUERIES, Counts>> = {};
    for (const name of Object.keys(QUERIES) as (keyof typeof QUERIES)[]) {
      const [rows] = await connection.query<RowDataPacket[]>(QUERIES[name]);
      counts[name] = Object.fromEntries(rows.map((row) => [row.name, row.n]));
    }
    return counts as Record<keyof typeof QUERIES, Counts>;
  } finally {
    await connection.end();
  }
}

function tallyOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The worst time of each fault until somebody got a lock again; none where nobody did. */
export function recoveries(
  struck: readonly Pick<Struck, 'fault' | 'struckAtMs'>[],
  lockedAtMs: readonly number[],
): Record<string, number> {
  const worst: Record<string, number> = {};
  for (const { fault, struckAtMs } of struck) {
    const next = lockedAtMs.find((atMs) => atMs > struckAtMs);
    if (next !== undefined) worst[fault] = Math.max(worst[fault] ?? 0, next - struckAtMs);
  }
  return worst;
}

const ROWS_MAX = 30;
const style = { head: [], border: [] };
const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const listed = (counts: Counts) =>
  Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ') || 'none';

/** The report for a human. */
export function print(report: ChaosReport): string {
  const { breaches, others } = report;
  const facts = new Table({ style, chars, colWidths: [18, 80], wordWrap: true });
  facts.push(
    ['faults', listed(report.faults) + (report.missed ? ` (${report.missed} missed)` : '')],
    ['calls', listed(report.operations)],
    ['refused', listed(report.refused)],
    ['buyers', `${report.buyers}: ${listed(report.endings as Counts)}`],
    ['orders', `${listed(report.orders)}; refunds ${report.refunds}`],
    ['no order, because', listed(report.aborted)],
    ['forged', listed(report.forged)],
    ['asked twice', `${report.repeats} requests, each answered with its order`],
    ['dead letters', String(report.deadLetters)],
    ['arbiter runs', String(report.epochs)],
    ['moves followed', `${report.moves}, each by whoever had the seat`],
    ['house seats', listed(report.house)],
    ['snapshots held', `${report.compared} against the live stream`],
    ['next lock, ms', listed(report.recoveredMs)],
    ['quiet after', `${(report.quietAfterMs / 1_000).toFixed(1)} s`],
  );
  const verdicts = new Table({ style, chars });
  for (const [name, { means }] of Object.entries(INVARIANTS)) {
    const broken = breaches.filter(({ invariant }) => invariant === name).length;
    verdicts.push([name, means, broken === 0 ? 'holds' : `BROKEN ×${broken}`]);
  }
  const said = [...breaches.map(({ invariant, what }) => `${invariant}: ${what}`), ...others];
  return [
    `seed ${report.seed}, ${report.seconds} s of faults`,
    facts.toString(),
    verdicts.toString(),
    ...said.slice(0, ROWS_MAX),
    ...(said.length > ROWS_MAX ? [`… and ${said.length - ROWS_MAX} more`] : []),
    ...(report.kept ? [`history, schedule and logs: ${report.kept}`] : []),
    '',
  ].join('\n');
}
