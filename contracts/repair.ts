/**
 * What is said between those who put the arbiter right and those who know what was accepted: facts
 * about orders, and what was found and done.
 */
import type { KeyedRequest } from './channels.ts';
import type { OrderState } from './order.ts';

/** How late something must be before a sweep acts, and how much of it one turn takes. */
export interface Late {
  readonly lateMs: number;
  readonly limit: number;
}
/**
 * What MySQL says of a lock or a block; `UNKNOWN`: a lock without a verdict. A block that was never
 * recorded is `UNBLOCKED`.
 */
export type OrderWord = OrderState | 'ABORTED' | 'UNKNOWN' | 'BLOCKED' | 'UNBLOCKED';
/** An order that is alive, or a block, with the seats that are its own. */
export interface LiveOrder {
  readonly orderId: string;
  /** Empty for a block. */
  readonly uid: string;
  readonly state: OrderState | 'BLOCKED';
  readonly deadlineMs: number;
  readonly seats: readonly number[];
  /** Of the lock it comes from: the same request again is answered with this order. */
  readonly request?: KeyedRequest;
  /** Since its last move. */
  readonly ageMs: number;
}
export interface EndedOrder {
  readonly orderId: string;
  readonly sale: string;
  readonly state: OrderState;
  readonly atMs: number;
}
/** Something in MySQL that contradicts itself, or money that has not come to rest. */
export interface BookFault {
  readonly fault: string;
  /** The order, payment or buyer it is about. */
  readonly about: string;
  readonly detail: string;
}
/** One thing that the arbiter and MySQL said differently, and what was done about it. */
export interface Difference {
  readonly orderId: string;
  readonly seats: readonly number[];
  readonly mysql: OrderWord;
  readonly arbiter: 'NONE' | 'PARTIAL' | 'LOCKED' | 'SOLD';
  /** `waits`: somebody else has one of the seats, and will have to give it back first. */
  readonly did: 'lock' | 'sell' | 'block' | 'release' | 'alarm' | 'waits';
}
/** A sale in the arbiter held against MySQL. */
export interface ReconcileReport {
  readonly sale: string;
  /** Live ones, and blocks. */
  readonly orders: number;
  /** Seats that are not free in the arbiter. */
  readonly occupied: number;
  /** The first thousand; `more` says how many were left out. */
  readonly differences: readonly Difference[];
  readonly more: number;
  /** Seats whose mark contradicted the holds. */
  readonly corrected: number;
  readonly books: readonly BookFault[];
  readonly tookMs: number;
}
