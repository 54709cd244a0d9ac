/**
 * Our own row of a payment. It says what we know of the provider, nothing about the order: money is
 * decided by `order.settle` alone. Every statement that writes `payments` is here.
 */
import { createHash } from 'node:crypto';
import type { PaymentEvent } from '../../contracts/actions.ts';
import type { PaymentView } from '../../contracts/order-view.ts';
import { inTransaction } from '../../mixins/database.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';
import { nextPollMs, STARTED_MS } from './decisions.ts';
import type { ProviderState } from './provider.ts';

/** How long a payment that is being asked about is left alone. */
const LEASE_MS = 15_000;

export interface PaymentRow {
  readonly paymentId: string;
  readonly orderId: string;
  readonly uid: string;
  readonly state: ProviderState;
  readonly amountFen: number;
  readonly payUrl: string;
  readonly expiresAt: Date;
  /** When the provider confirmed it. */
  readonly offeredAt: Date | null;
}

/** What news may change which state. Success is believed in any: the provider has the money. */
const MOVES: Readonly<
  Record<PaymentEvent['type'] | 'closed', { from: readonly ProviderState[]; to: ProviderState }>
> = {
  'payment.started': { from: ['OPEN'], to: 'STARTED' },
  'payment.succeeded': { from: ['OPEN', 'STARTED', 'FAILED', 'CLOSED'], to: 'SUCCEEDED' },
  'payment.failed': { from: ['OPEN', 'STARTED'], to: 'FAILED' },
  closed: { from: ['OPEN', 'STARTED'], to: 'CLOSED' },
};
/** A payment in one of these may still be paid. */
export const OPEN_STATES: readonly ProviderState[] = ['OPEN', 'STARTED'];

/** Where a payment is filed under its order: by the key it was asked with, or as the open one. */
export const slotOf = (idempotencyKey: string | undefined): string =>
  idempotencyKey === undefined
    ? 'open'
    : `key:${createHash('sha256').update(idempotencyKey).digest('hex')}`;

export const viewOf = (row: PaymentRow): PaymentView & { currency: 'CNY' } => ({
  paymentId: row.paymentId,
  state: row.state,
  amountFen: row.amountFen,
  currency: 'CNY',
  payUrl: row.payUrl,
  expiresAt: row.expiresAt.toISOString(),
});

export const findBySlot = (orderId: string, slot: string): Promise<PaymentRow | undefined> =>
  statements().row<PaymentRow>('SELECT * FROM payments WHERE orderId = :orderId AND slot = :slot', {
    orderId,
    slot,
  });

/** The payments of an order that may still be paid, youngest first. */
export const openOnes = (orderId: string): Promise<PaymentRow[]> =>
  statements().rows<PaymentRow>(
    `SELECT * FROM payments WHERE orderId = :orderId AND state IN (:open)
     ORDER BY createdAt DESC, paymentId DESC`,
    { orderId, open: [...OPEN_STATES] },
  );

export const findPayment = (paymentId: string): Promise<PaymentRow | undefined> =>
  statements().row<PaymentRow>('SELECT * FROM payments WHERE paymentId = :paymentId', {
    paymentId,
  });

/** How many payments an order has had. */
export async function countPayments(orderId: string): Promise<number> {
  const row = await statements().row<{ opened: number }>(
    'SELECT COUNT(*) AS opened FROM payments WHERE orderId = :orderId',
    { orderId },
  );
  return row!.opened;
}

/** Writes a new payment. @returns false when its slot was taken a moment before. */
export async function insertPayment(
  row: Omit<PaymentRow, 'state' | 'offeredAt'> & { readonly slot: string },
): Promise<boolean> {
  const nowMs = await statements().nowMs();
  const expiresAtMs = row.expiresAt.getTime();
  const inserted = await statements().change(
    `INSERT IGNORE INTO payments (paymentId, orderId, uid, slot, state, amountFen, payUrl,
       expiresAt, nextPollAt, createdAt, updatedAt)
     VALUES (:paymentId, :orderId, :uid, :slot, 'OPEN', :amountFen, :payUrl, :expiresAt,
       :nextPollAt, :at, :at)`,
    {
      ...row,
      expiresAt: sqlTime(expiresAtMs),
      nextPollAt: sqlTime(nextPollMs('OPEN', nowMs, expiresAtMs) ?? nowMs),
      at: sqlTime(nowMs),
    },
  );
  return inserted > 0;
}

/** The provider has it. */
export async function markOffered(paymentId: string): Promise<void> {
  await statements().change(
    'UPDATE payments SET offeredAt = UTC_TIMESTAMP(3) WHERE paymentId = :paymentId',
    { paymentId },
  );
}

/** Follows what the provider says; news that is old changes nothing. */
export async function follow(paymentId: string, news: keyof typeof MOVES): Promise<void> {
  const { from, to } = MOVES[news];
  // an ended payment makes room for the next one that is opened without a key
  await statements().change(
    `UPDATE payments SET
       slot = IF(slot = 'open' AND :to NOT IN (:open), CONCAT('was:', paymentId), slot),
       nextPollAt = CASE :to WHEN 'SUCCEEDED' THEN NULL
         WHEN 'STARTED' THEN
           LEAST(nextPollAt, UTC_TIMESTAMP(3) + INTERVAL :startedUs MICROSECOND)
         ELSE nextPollAt END,
       state = :to, updatedAt = UTC_TIMESTAMP(3)
     WHERE paymentId = :paymentId AND state IN (:from)`,
    { paymentId, to, from: [...from], open: [...OPEN_STATES], startedUs: STARTED_MS * 1_000 },
  );
}

/** Takes payments to be asked about for this process: a killed one's share comes up again. */
export function takeDue(lateMs: number, limit: number): Promise<PaymentRow[]> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const rows = await sql.rows<PaymentRow>(
      `SELECT * FROM payments
       WHERE nextPollAt <= UTC_TIMESTAMP(3) - INTERVAL :lateUs MICROSECOND
       ORDER BY nextPollAt LIMIT :limit FOR UPDATE SKIP LOCKED`,
      { lateUs: lateMs * 1_000, limit },
    );
    if (rows.length > 0)
      await sql.change(
        `UPDATE payments SET polls = polls + 1,
           nextPollAt = UTC_TIMESTAMP(3) + INTERVAL :leaseUs MICROSECOND
         WHERE paymentId IN (:ids)`,
        { leaseUs: LEASE_MS * 1_000, ids: rows.map(({ paymentId }) => paymentId) },
      );
    return rows;
  });
}

/** When to ask again; undefined: never. One whose money is known meanwhile is not asked about. */
export async function pollAgain(paymentId: string, atMs: number | undefined): Promise<void> {
  await statements().change(
    `UPDATE payments SET nextPollAt = :at
     WHERE paymentId = :paymentId AND state <> 'SUCCEEDED'`,
    { paymentId, at: atMs === undefined ? null : sqlTime(atMs) },
  );
}
