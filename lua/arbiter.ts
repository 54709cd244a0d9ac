/**
 * The typed door to the arbiter: the only file that runs the scripts of `lua/`. A refusal of a
 * script is thrown as `refuse(word, data)`; weather (Redis away) is thrown as `ARBITER_AWAY`.
 */

import type { LockedSeat } from '../contracts/channels.ts';
import type { LayoutColumns } from '../contracts/layout.ts';
import type { SaleState, SaleSwitch, SaleTerms } from '../contracts/sale.ts';
import type { SeatState } from '../contracts/seat.ts';

export interface SaleView {
  readonly sale: string;
  readonly switch: SaleSwitch;
  readonly state: Exclude<SaleState, 'DRAFT'>;
  readonly terms: SaleTerms;
  readonly left: Readonly<Record<string, number>>;
  readonly leftTotal: number;
  readonly epoch: number;
  readonly version: number;
}
export interface SeatSnapshot {
  readonly epoch: number;
  readonly version: number;
  readonly states: string;
}
export interface LockRequest {
  readonly sale: string;
  readonly uid: string;
  readonly orderId: string;
  readonly requestId: string;
  /** Exactly one of the two. */
  readonly seats?: readonly number[];
  readonly best?: { readonly count: number; readonly tier: string; readonly section?: string };
  readonly idempotencyKey?: string;
  /** Tests only: the clock instead of `TIME`. */
  readonly nowMs?: number;
}
export interface LockAnswer {
  readonly orderId: string;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly deadlineMs: number;
  readonly version: number;
  /** True when all seats stand side by side in one row (one seat is). */
  readonly adjacent: boolean;
  /** True when this answers a repeated Idempotency-Key: nothing was locked now. */
  readonly replayed: boolean;
}
export type HoldState = 'LOCKED' | 'SOLD' | 'RELEASED';
export interface Hold {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly deadlineMs: number;
  readonly state: HoldState;
}
export interface SeatView {
  readonly seat: number;
  readonly label: string;
  readonly tier: string;
  readonly state: SeatState;
  readonly orderId?: string;
  readonly uid?: string;
  readonly deadlineMs?: number;
}

export interface Arbiter {
  /** Opens every seat of a sale under its terms. Again: changes nothing, `created` false. */
  open(
    sale: string,
    layout: LayoutColumns,
    pricesFen: Readonly<Record<string, number>>,
    terms: SaleTerms,
  ): Promise<{ created: boolean }>;
  /** Turns the switch. CLOSED is final: turning it back refuses SALE_CLOSED. */
  turn(sale: string, to: SaleSwitch): Promise<SaleView>;
  /** @throws NOT_FOUND, RESERVATION_CLOSED */
  reserve(
    sale: string,
    uid: string,
    nowMs?: number,
  ): Promise<{ reservedAtMs: number; created: boolean }>;
  isReserved(sale: string, uid: string): Promise<boolean>;
  /**
   * Locks all seats or none.
   * @throws NOT_FOUND, SALE_NOT_OPEN, SALE_PAUSED, SALE_CLOSED, SOLD_OUT, SEAT_TAKEN, SEAT_UNKNOWN,
   * SEAT_REPEATED, LIMIT_REACHED, IDEMPOTENCY_CONFLICT, ARBITER_AWAY
   */
  lock(request: LockRequest): Promise<LockAnswer>;
  /** SOLD when this orderId holds the seats; `changed` false when late or repeated. */
  sell(sale: string, orderId: string): Promise<{ changed: boolean }>;
  /** AVAILABLE when this orderId holds them locked; `changed` false when late or repeated. */
  release(sale: string, orderId: string, reason: string): Promise<{ changed: boolean }>;
  /** Posts `deadline.due` for up to `limit` holds that are due; they are due again `repeatMs` later. */
  due(sale: string, limit: number, repeatMs: number, nowMs?: number): Promise<{ posted: number }>;
  /** @throws NOT_FOUND */
  view(sale: string, nowMs?: number): Promise<SaleView>;
  /** @throws NOT_FOUND */
  snapshot(sale: string): Promise<SeatSnapshot>;
  hold(sale: string, orderId: string): Promise<Hold | undefined>;
  /** @throws NOT_FOUND, SEAT_UNKNOWN */
  seat(sale: string, seat: number): Promise<SeatView>;
  /** Holds whose deadline passed more than `lateMs` ago and that are still LOCKED, oldest first. */
  late(sale: string, lateMs: number, limit: number): Promise<Hold[]>;
  sales(): Promise<string[]>;
  /** The epoch in force; undefined while no Redis run is recorded. */
  epoch(shard: number): Promise<{ runId: string; epoch: number } | undefined>;
  /** Records the Redis run we are connected to under an epoch; only forward, else `changed` false. */
  adopt(shard: number, epoch: number): Promise<{ changed: boolean }>;
  /** The run id of the Redis we are connected to now. */
  runId(): Promise<string>;
  /** Round trip; throws ARBITER_AWAY. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
