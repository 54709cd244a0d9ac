/**
 * The rows that orders are made of: read as the order service wrote them, and written once more for
 * a sale of another name by nothing but multi-row inserts, as many orders in a transaction as the
 * order service puts into one.
 */
import { inTransaction } from '../mixins/database.ts';
import { sqlTime, statements, type Value } from '../mixins/statement.ts';

/** Each table, and how its rows are found by their orderIds. In the order they are written. */
const TABLES = {
  hold_verdicts: 'orderId IN (:orderIds) ORDER BY orderId',
  buyer_quotas: `(sessionId, uid) IN
    (SELECT sessionId, uid FROM orders WHERE orderId IN (:orderIds)) ORDER BY sessionId, uid`,
  seat_claims: 'orderId IN (:orderIds) ORDER BY sessionId, seat',
  orders: 'orderId IN (:orderIds) ORDER BY orderId',
  order_seats: 'orderId IN (:orderIds) ORDER BY orderId, seat',
  order_history: 'orderId IN (:orderIds) ORDER BY orderId, seq',
} as const;

interface Insert {
  readonly sql: string;
  readonly rows: readonly Value[][];
}
/** Every insert of one transaction. */
export type Batch = readonly Insert[];

/** What the order service wrote for these orders, in batches, as if `to` were their sale. */
export async function batchesOf(
  orderIds: readonly string[],
  from: string,
  to: string,
  size: number,
): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (let at = 0; at < orderIds.length; at += size)
    batches.push(await batchOf(orderIds.slice(at, at + size), from, to));
  return batches;
}

async function batchOf(orderIds: readonly string[], from: string, to: string): Promise<Batch> {
  const renamed = (value: unknown): Value => {
    if (value instanceof Date) return sqlTime(value.getTime());
    return typeof value === 'string' ? value.replace(from, to) : (value as Value);
  };
  const batch: Insert[] = [];
  for (const [table, where] of Object.entries(TABLES)) {
    const query = `SELECT * FROM ${table} WHERE ${where}`;
    const rows = await statements().rows<Record<string, unknown>>(query, { orderIds });
    if (rows.length < orderIds.length) throw new Error(`${table} lacks rows of accepted locks`);
    // what the order service leaves out is left out here
    const columns = Object.keys(rows[0]!).filter((column) => rows[0]![column] !== null);
    batch.push({
      sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES :rows`,
      rows: rows.map((row) => columns.map((column) => renamed(row[column]))),
    });
  }
  return batch;
}

/** Writes them, one transaction after another. @returns how long it took, ms */
export async function writeBare(batches: readonly Batch[]): Promise<number> {
  const startedMs = performance.now();
  for (const batch of batches)
    await inTransaction(async (transaction) => {
      for (const { sql, rows } of batch) await statements(transaction).change(sql, { rows });
    });
  return performance.now() - startedMs;
}
