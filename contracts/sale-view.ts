/** What the services of a sale answer: to a buyer, to an operator, to each other. */
import type { LockedSeat } from './channels.ts';
import type { OrderState } from './order.ts';
import type { SaleState } from './sale.ts';
import type { InspectedSeatState } from './seat.ts';

export interface SaleAnswer {
  readonly state: SaleState;
  readonly left: Readonly<Record<string, number>>;
  readonly epoch: number;
  readonly version: number;
}
export interface SeatsAnswer {
  readonly epoch: number;
  readonly version: number;
  readonly states: string;
}
export interface ReservationAnswer {
  readonly sessionId: string;
  readonly uid: string;
  readonly reservedAt: string;
}
export interface PermitAnswer {
  readonly permit: string;
  readonly notBefore: string;
  readonly expiresAt: string;
}
export interface LockAnswer {
  readonly orderId: string;
  readonly sessionId: string;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly currency: 'CNY';
  readonly deadline: string;
  readonly version: number;
  readonly adjacent: boolean;
}
/** What the arbiter knows of a lock, for services that may not ask it themselves. */
export interface HoldAnswer {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly deadlineMs: number;
  readonly state: 'LOCKED' | 'SOLD' | 'RELEASED' | 'BLOCKED';
}
/** A seat that the house keeps back, or kept. */
export interface SeatBlock {
  readonly seat: number;
  /** The operator who blocked it, and why. */
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  /** When it was unblocked; absent while it stands. */
  readonly ended?: { readonly by: string; readonly reason: string; readonly at: string };
}
export interface SeatInspection {
  readonly seat: number;
  readonly label: string;
  readonly tier: string;
  readonly state: InspectedSeatState;
  readonly orderId?: string;
  readonly uid?: string;
  readonly deadline?: string;
  /** Every order that ever had the seat, oldest first, with how it ended. */
  readonly history: readonly { orderId: string; state: OrderState; at: string; by: string }[];
  /** Every time it was blocked, oldest first. */
  readonly blocks: readonly SeatBlock[];
}
