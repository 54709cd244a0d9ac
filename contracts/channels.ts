/**
 * Each durable message: its payload, who posts it, who hears it. They live in streams of the
 * arbiter. Delivery is at least once and in no order that a handler may rely on: every handler is
 * idempotent by shape. A payload names everything its readers need, and no entry id is ever used.
 */
import type { AbortReason } from './order.ts';
import type { SeatMark } from './seat.ts';

/** A seat of a lock, as the arbiter's plan knows it. */
export interface LockedSeat {
  readonly seat: number;
  readonly label: string;
  readonly tier: string;
  readonly priceFen: number;
}

interface Moved {
  readonly sale: string;
  readonly epoch: number;
  readonly version: number;
  readonly orderId: string;
  readonly uid: string;
  /** Every seat of the move has this mark afterwards. */
  readonly to: SeatMark;
  readonly atMs: number;
}
/** A move of seats. `restored` is a repair after a loss: it tells the hall, not the order. */
export type SeatMoved =
  | (Moved & {
      readonly type: 'locked';
      readonly seats: readonly LockedSeat[];
      readonly amountFen: number;
      readonly deadlineMs: number;
      readonly seatsPerBuyerMax: number;
      readonly requestId: string;
    })
  | (Moved & {
      readonly type: 'sold' | 'released' | 'restored';
      readonly seats: readonly number[];
      readonly reason: string;
    });

export interface ReservationMade {
  readonly sale: string;
  readonly uid: string;
  readonly reservedAtMs: number;
}
/** A hold's deadline passed and nobody has released or sold it yet. Repeated until somebody does. */
export interface DeadlineDue {
  readonly sale: string;
  readonly orderId: string;
  readonly deadlineMs: number;
}
export interface OrderPaid {
  readonly sale: string;
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
}
/** An order ended unpaid, or a lock never became one: either way its seats go back. */
export interface OrderCancelled {
  readonly sale: string;
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  readonly reason: 'CANCELLED' | 'TIMEOUT_CANCELLED' | AbortReason;
}
export interface RefundRequested {
  readonly sale: string;
  readonly orderId: string;
  readonly refundId: string;
  readonly paymentId: string;
  readonly amountFen: number;
}

export interface Messages {
  'seat.moved': SeatMoved;
  'reservation.made': ReservationMade;
  'deadline.due': DeadlineDue;
  'order.paid': OrderPaid;
  'order.cancelled': OrderCancelled;
  'refund.requested': RefundRequested;
}
export type ChannelName = keyof Messages;

interface ChannelRow {
  /** Who writes it: a script of `lua/`, or the outbox of a service. */
  readonly postedBy: readonly string[];
  /** The services that hear it. A service is one group; `*` after it: every instance hears all. */
  readonly heardBy: readonly string[];
}

export const CHANNELS: Readonly<Record<ChannelName, ChannelRow>> = {
  'seat.moved': {
    postedBy: ['lua/sale/lock', 'lua/sale/best', 'lua/sale/sell', 'lua/sale/release'],
    heardBy: ['order', 'notification*'],
  },
  'reservation.made': { postedBy: ['lua/sale/reserve'], heardBy: ['order'] },
  'deadline.due': { postedBy: ['lua/sale/due'], heardBy: ['order'] },
  'order.paid': { postedBy: ['order'], heardBy: ['seckill', 'notification*'] },
  'order.cancelled': { postedBy: ['order'], heardBy: ['seckill', 'notification*'] },
  'refund.requested': { postedBy: ['order'], heardBy: ['payment'] },
};
export const CHANNEL_NAMES = Object.keys(CHANNELS) as ChannelName[];
