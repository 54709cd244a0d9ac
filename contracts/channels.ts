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

/** A request that came with an Idempotency-Key, and what its body must be to be the same again. */
export interface KeyedRequest {
  readonly key: string;
  readonly fingerprint: string;
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
/**
 * A move of seats. `restored` is a repair after a loss: it tells the hall, not the order; without
 * seats it says that the whole hall must be read again.
 */
export type SeatMoved =
  | (Moved & {
      readonly type: 'locked';
      readonly seats: readonly LockedSeat[];
      readonly amountFen: number;
      readonly deadlineMs: number;
      readonly seatsPerBuyerMax: number;
      readonly requestId: string;
      readonly request?: KeyedRequest;
    })
  | (Moved & {
      readonly type: 'sold' | 'released' | 'blocked' | 'restored';
      readonly seats: readonly number[];
      readonly reason: string;
    });

export interface ReservationMade {
  readonly sale: string;
  readonly uid: string;
  readonly reservedAtMs: number;
}
/**
 * A hold's deadline passed and nobody has released or sold it yet. Repeated until somebody does.
 */
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
/** An order ended unpaid, a lock never became one, a block was lifted: its seats go back. */
export interface OrderCancelled {
  readonly sale: string;
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  readonly reason: 'CANCELLED' | 'TIMEOUT_CANCELLED' | 'UNBLOCKED' | AbortReason;
}
export interface RefundRequested {
  readonly sale: string;
  readonly orderId: string;
  readonly refundId: string;
  readonly paymentId: string;
  readonly amountFen: number;
}

/** A message no retry can help: refused for good, undecodable, or of the wrong shape. */
export interface MessageDied {
  readonly stream: string;
  readonly channel: string;
  /** The group, which is the service, that could not take it. */
  readonly group: string;
  /** For a human who looks it up; never an identity. */
  readonly entryId: string;
  /** The fields of the entry as they were: name, value, name, value, … */
  readonly fields: readonly string[];
  readonly reason: string;
  readonly atMs: number;
}

export interface Messages {
  'seat.moved': SeatMoved;
  'reservation.made': ReservationMade;
  'deadline.due': DeadlineDue;
  'order.paid': OrderPaid;
  'order.cancelled': OrderCancelled;
  'refund.requested': RefundRequested;
  'message.died': MessageDied;
}
export type ChannelName = keyof Messages;

/** What JSON makes of a field. */
export type FieldKind = 'string' | 'number' | 'array';
/** The fields that every payload of a channel has: tsc keeps the table complete. */
type FieldsOf<Payload> = Readonly<Record<keyof Payload, FieldKind>>;

interface ChannelRow<Payload> {
  /** Who writes it: a script of `lua/`, or the outbox of a service. */
  readonly postedBy: readonly string[];
  /** The services that hear it. A service is one group; `*` after it: every instance hears all. */
  readonly heardBy: readonly string[];
  /** An entry without them is not handled: it is a dead letter. */
  readonly fields: FieldsOf<Payload>;
}

export const CHANNELS: { readonly [Name in ChannelName]: ChannelRow<Messages[Name]> } = {
  'seat.moved': {
    postedBy: [
      ...['lua/sale/lock', 'lua/sale/best', 'lua/sale/sell', 'lua/sale/release'],
      ...['lua/sale/restore', 'lua/sale/recount', 'lua/sale/announce'],
    ],
    heardBy: ['order', 'notification*'],
    fields: {
      type: 'string',
      sale: 'string',
      epoch: 'number',
      version: 'number',
      orderId: 'string',
      uid: 'string',
      to: 'string',
      seats: 'array',
      atMs: 'number',
    },
  },
  'reservation.made': {
    postedBy: ['lua/sale/reserve'],
    heardBy: ['order'],
    fields: { sale: 'string', uid: 'string', reservedAtMs: 'number' },
  },
  'deadline.due': {
    postedBy: ['lua/sale/due'],
    heardBy: ['order'],
    fields: { sale: 'string', orderId: 'string', deadlineMs: 'number' },
  },
  'order.paid': {
    postedBy: ['order'],
    heardBy: ['seckill', 'notification*'],
    fields: { sale: 'string', orderId: 'string', uid: 'string', seats: 'array' },
  },
  'order.cancelled': {
    postedBy: ['order'],
    heardBy: ['seckill', 'notification*'],
    fields: { sale: 'string', orderId: 'string', uid: 'string', seats: 'array', reason: 'string' },
  },
  'refund.requested': {
    postedBy: ['order'],
    heardBy: ['payment'],
    fields: {
      sale: 'string',
      orderId: 'string',
      refundId: 'string',
      paymentId: 'string',
      amountFen: 'number',
    },
  },
  // Whoever hears a channel may find a message that cannot live; one service with MySQL files it.
  'message.died': {
    postedBy: ['mixins/channels'],
    heardBy: ['order'],
    fields: {
      stream: 'string',
      channel: 'string',
      group: 'string',
      entryId: 'string',
      fields: 'array',
      reason: 'string',
      atMs: 'number',
    },
  },
};
export const CHANNEL_NAMES = Object.keys(CHANNELS) as ChannelName[];
