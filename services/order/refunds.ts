/**
 * The refunds of orders: requested once per payment in the transaction that decided it, asked for
 * until the provider has answered, and then what it answered. Every statement that writes `refunds`
 * is here.
 */
import { readOrderId } from '../../contracts/ids.ts';
import { inTransaction } from '../../mixins/database.ts';
import { type Statements, sqlTime, statements } from '../../mixins/statement.ts';
import type { RefundReason } from './decisions.ts';
import { enqueue, type Letter } from './outbox.ts';

/** How long after it was asked for again a refund may take; doubled each time up to the cap. */
const PATIENCE_MS = 60_000;
const PATIENCE_MAX_MS = 3_600_000;

export interface Refund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly orderId: string;
  readonly amountFen: number;
}

const letterOf = (refund: Refund, requestId: string): Letter => {
  const { refundId, paymentId, orderId, amountFen } = refund;
  const sale = readOrderId(orderId)?.sessionId ?? '';
  const payload = { sale, orderId, refundId, paymentId, amountFen };
  return { eventId: `${refundId}:requested`, channel: 'refund.requested', payload, requestId };
};

/** Gives the money of a payment back, in the caller's transaction; again, it changes nothing. */
export async function requestRefund(
  sql: Statements,
  refund: Refund & { readonly reason: RefundReason },
  requestId: string,
  at: string,
): Promise<void> {
  const { refundId, paymentId, orderId, amountFen, reason } = refund;
  const first = await sql.change(
    `INSERT IGNORE INTO refunds
       (refundId, paymentId, orderId, amountFen, reason, state, createdAt, at, nextAskAt)
     VALUES (:refundId, :paymentId, :orderId, :amountFen, :reason, 'REQUESTED', :at, :at, :at)`,
    { refundId, paymentId, orderId, amountFen, reason, at },
  );
  if (first > 0) await enqueue(sql, [letterOf(refund, requestId)], at);
}

/**
 * Sends the message of refunds again that nobody has answered: the provider knows a refund by its
 * id, and gives it once. Less and less often, because the first message may be on its way still.
 * @returns how many were asked for again
 */
export function refundAgain(lateMs: number, limit: number, requestId: string): Promise<number> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const at = sqlTime(await sql.nowMs());
    const stuck = await sql.rows<Refund>(
      `SELECT refundId, paymentId, orderId, amountFen FROM refunds
       WHERE state = 'REQUESTED' AND nextAskAt <= :at - INTERVAL :lateUs MICROSECOND
       ORDER BY nextAskAt LIMIT :limit FOR UPDATE SKIP LOCKED`,
      { at, lateUs: lateMs * 1_000, limit },
    );
    if (stuck.length === 0) return 0;
    await sql.change(
      `UPDATE refunds SET asks = asks + 1, nextAskAt = :at + INTERVAL
         LEAST(:patienceMs * POW(2, LEAST(asks, 8) - 1), :maxMs) * 1000 MICROSECOND
       WHERE refundId IN (:ids)`,
      {
        at,
        patienceMs: PATIENCE_MS,
        maxMs: PATIENCE_MAX_MS,
        ids: stuck.map(({ refundId }) => refundId),
      },
    );
    const letters = stuck.map((refund) => letterOf(refund, requestId));
    await enqueue(sql, letters, at);
    return stuck.length;
  });
}

/** The provider gave the money back. @returns changed: false when that was known. */
export async function refunded(refundId: string): Promise<{ changed: boolean }> {
  // REFUSED too: somebody cleared it up with the provider, and had the message sent again
  const changed = await statements().change(
    `UPDATE refunds SET state = 'REFUNDED', refusal = NULL, at = UTC_TIMESTAMP(3)
     WHERE refundId = :refundId AND state IN ('REQUESTED', 'REFUSED')`,
    { refundId },
  );
  return { changed: changed > 0 };
}

/** The provider will never give it: nobody asks again, and everybody who looks sees it. */
export async function refundRefused(
  refundId: string,
  refusal: string,
): Promise<{ changed: boolean }> {
  const changed = await statements().change(
    `UPDATE refunds SET state = 'REFUSED', refusal = :refusal, at = UTC_TIMESTAMP(3)
     WHERE refundId = :refundId AND state = 'REQUESTED'`,
    { refundId, refusal: refusal.slice(0, 255) },
  );
  return { changed: changed > 0 };
}
