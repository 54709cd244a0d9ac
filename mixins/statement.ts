/**
 * SQL by hand, for the services whose rules are statements (a guarded update, an insert that may be
 * ignored): what came back as rows, what changed as a number. Values never become SQL text here;
 * they are escaped by Sequelize, and a moment is written with its milliseconds, which Sequelize
 * drops from a Date.
 */
import { QueryTypes, type Transaction } from 'sequelize';
import { database } from './database.ts';

export type Value = string | number | null;
/** Named values of a statement; a list becomes `a, b`, a list of lists `(a, b), (c, d)`. */
export type Values = Readonly<Record<string, Value | readonly Value[] | readonly Value[][]>>;

export interface Statements {
  /** The rows a SELECT answers. */
  rows<Row extends object>(sql: string, values?: Values): Promise<Row[]>;
  /** The first row, or undefined. */
  row<Row extends object>(sql: string, values?: Values): Promise<Row | undefined>;
  /** How many rows an INSERT, UPDATE or DELETE touched, as MySQL counts. */
  change(sql: string, values?: Values): Promise<number>;
  /** MySQL's clock, the only one that judges deadlines. */
  nowMs(): Promise<number>;
}

/** Statements inside a transaction, or each by itself when there is none. */
export function statements(transaction?: Transaction): Statements {
  const rows = <Row extends object>(sql: string, replacements: Values = {}): Promise<Row[]> =>
    database().query<Row>(sql, {
      type: QueryTypes.SELECT,
      replacements: replacements as Record<string, unknown>,
      transaction: transaction ?? null,
    });
  return {
    rows,
    row: async <Row extends object>(sql: string, values?: Values) =>
      (await rows<Row>(sql, values))[0],
    change: async (sql, replacements = {}) => {
      const [, header] = await database().query(sql, {
        type: QueryTypes.RAW,
        replacements: replacements as Record<string, unknown>,
        transaction: transaction ?? null,
      });
      return typeof header === 'number'
        ? header
        : (header as { affectedRows: number }).affectedRows;
    },
    nowMs: async () => {
      const [clock] = await rows<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now');
      return clock!.now.getTime();
    },
  };
}

/** A moment as MySQL reads it: `2026-01-31 23:59:59.123`, UTC. */
export const sqlTime = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
