/**
 * The slow road of deadlines: what is overdue in MySQL, and what the arbiter still holds long after
 * its deadline, whatever became of the message that should have said so.
 */

import type { DeadlineDue } from '../../contracts/channels.ts';
import { readOrderId } from '../../contracts/ids.ts';
import type { HoldAnswer } from '../../contracts/sale-view.ts';
import { statements } from '../../mixins/statement.ts';

/** Items judged side by side. */
const ABREAST = 8;

/** Orders whose last deadline passed more than `lateMs` ago, longest overdue first. */
export async function overdueOrders(
  lateMs: number,
  payGraceMs: number,
  limit: number,
): Promise<DeadlineDue[]> {
  const rows = await statements().rows<{ orderId: string; sessionId: string; deadline: Date }>(
    `(SELECT orderId, sessionId, deadline FROM orders WHERE state = 'LOCKED'
        AND deadline <= UTC_TIMESTAMP(3) - INTERVAL :lockedUs MICROSECOND
        ORDER BY deadline LIMIT :limit)
     UNION ALL
     (SELECT orderId, sessionId, deadline FROM orders WHERE state = 'PAYING'
        AND deadline <= UTC_TIMESTAMP(3) - INTERVAL :payingUs MICROSECOND
        ORDER BY deadline LIMIT :limit)
     ORDER BY deadline LIMIT :limit`,
    { lockedUs: lateMs * 1_000, payingUs: (lateMs + payGraceMs) * 1_000, limit },
  );
  return rows.map(({ orderId, sessionId, deadline }) => ({
    orderId,
    sale: sessionId,
    deadlineMs: deadline.getTime(),
  }));
}

/** What the arbiter holds too long, as deadlines that are due. */
export const lateHolds = (holds: readonly HoldAnswer[]): DeadlineDue[] =>
  holds.flatMap(({ orderId, deadlineMs }) => {
    const read = readOrderId(orderId);
    return read ? [{ orderId, sale: read.sessionId, deadlineMs }] : [];
  });

/**
 * Judges each item, a few abreast; one that fails keeps none of the others.
 * @returns how many were done. @throws the first failure, when all were tried.
 */
export async function eachAbreast<Item>(
  items: readonly Item[],
  judge: (item: Item) => Promise<boolean>,
): Promise<number> {
  let done = 0;
  let failure: PromiseRejectedResult | undefined;
  for (let i = 0; i < items.length; i += ABREAST) {
    const answers = await Promise.allSettled(items.slice(i, i + ABREAST).map(judge));
    for (const answer of answers) {
      if (answer.status === 'rejected') failure ??= answer;
      else if (answer.value) done++;
    }
  }
  if (failure) throw failure.reason;
  return done;
}
