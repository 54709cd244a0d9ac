/**
 * Finding one order for somebody who asks, through every stage of its life: no row yet (the arbiter
 * knows the lock), an order, or a lock that never became one. Every acknowledged lock has an answer
 * here in the end, even when the arbiter forgot it: the verdict `lost` is written then.
 */

import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { refuse } from '../../contracts/errors.ts';
import { isOwnerOf, readOrderId } from '../../contracts/ids.ts';
import { orderMachine } from '../../contracts/order.ts';
import type { OrderView } from '../../contracts/order-view.ts';
import type { HoldAnswer } from '../../contracts/sale-view.ts';
import { statements } from '../../mixins/statement.ts';
import { abortHold } from './creation.ts';
import { ACTOR_OF, type OrderRow, readOrder } from './order.model.ts';
import { abortReason, viewOf } from './reading.ts';

/** Between the first two looks for the row of a fresh order; doubled up to the other, so that those
 * who wait for a late row do not make it later. */
const LOOK_MS = 20;
const LOOK_MAX_MS = 320;
/**
 * A lock that was acknowledged is in the arbiter, its message beside it, until both are lost
 * together. So one that nobody knows is lost; the wait is for one that is still being given.
 */
const LOST_AFTER_MS = 10_000;

export interface Found {
  readonly uid: string;
  readonly view: OrderView;
}

/** @throws NOT_FOUND unless the id was minted for this uid: nothing is looked up for strangers */
export function requireOwn(orderId: string, uid: string | undefined, key: KeyObject): string {
  if (uid === undefined) return refuse('UNAUTHENTICATED');
  return isOwnerOf(orderId, uid, key) ? uid : refuse('NOT_FOUND');
}

/**
 * The order in whatever stage it is.
 * @param holdOf what the arbiter knows of the lock; throws when it cannot say.
 * @throws NOT_FOUND, ORDER_ABORTED, BUSY while nobody knows it and it may still be on its way
 */
export async function findOrder(
  orderId: string,
  holdOf: (orderId: string) => Promise<HoldAnswer | null>,
): Promise<Found> {
  const minted = readOrderId(orderId);
  if (!minted) return refuse('NOT_FOUND');
  const hold = (await decided(orderId)) ?? (await holdOf(orderId));
  if (hold && 'view' in hold) return hold;
  if (hold?.state === 'LOCKED') return initView(hold, minted);
  // it may have been decided while the arbiter was asked
  const found = await decided(orderId);
  if (found) return found;
  const nowMs = await statements().nowMs();
  if (nowMs < minted.mintedAtMs + LOST_AFTER_MS) return refuse('BUSY');
  const lost = { sale: minted.sessionId, orderId, uid: '', seats: [], reason: 'lost' as const };
  await abortHold(lost, '');
  return (await decided(orderId)) ?? refuse('NOT_FOUND');
}

/** @throws ORDER_ABORTED */
async function decided(orderId: string): Promise<Found | undefined> {
  const found = await viewOf(orderId);
  if (found) return found;
  const reason = await abortReason(orderId);
  return reason === undefined ? undefined : refuse('ORDER_ABORTED', { reason });
}

const initView = (hold: HoldAnswer, minted: { sessionId: string; mintedAtMs: number }): Found => ({
  uid: hold.uid,
  view: {
    orderId: hold.orderId,
    sessionId: minted.sessionId,
    state: orderMachine.initial,
    seats: hold.seats,
    amountFen: hold.amountFen,
    currency: 'CNY',
    deadline: new Date(hold.deadlineMs).toISOString(),
    history: [
      {
        state: orderMachine.initial,
        at: new Date(minted.mintedAtMs).toISOString(),
        by: ACTOR_OF['seat.locked'],
      },
    ],
  },
});

/**
 * The row of an order, waiting for it while the order is only a lock.
 * @throws ORDER_ABORTED, BUSY when it did not come within `waitMs`
 */
export async function awaitOrder(orderId: string, waitMs: number): Promise<OrderRow> {
  const untilMs = performance.now() + waitMs;
  for (let lookMs = LOOK_MS; ; lookMs = Math.min(2 * lookMs, LOOK_MAX_MS)) {
    const order = await readOrder(statements(), orderId);
    if (order) return order;
    const reason = await abortReason(orderId);
    if (reason !== undefined) return refuse('ORDER_ABORTED', { reason });
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) return refuse('BUSY');
    await sleep(Math.min(lookMs, leftMs));
  }
}
