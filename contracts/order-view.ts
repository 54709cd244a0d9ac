/** An order as it is told to whoever may see it: its buyer, an operator. */
import type { LockedSeat } from './channels.ts';
import type { OrderState } from './order.ts';

export interface OrderStep {
  readonly state: OrderState;
  readonly at: string;
  readonly by: string;
}
export interface PaymentView {
  readonly paymentId: string;
  readonly state: string;
  readonly amountFen: number;
  readonly payUrl: string;
  readonly expiresAt: string;
}
export interface RefundView {
  readonly refundId: string;
  readonly amountFen: number;
  /** REQUESTED, REFUNDED; REFUSED: the provider will not give it, and a human has to. */
  readonly state: string;
  /** Why it was refused. */
  readonly refusal?: string;
  readonly at: string;
}
export interface OrderView {
  readonly orderId: string;
  readonly sessionId: string;
  readonly state: OrderState;
  readonly seats: readonly LockedSeat[];
  readonly amountFen: number;
  readonly currency: 'CNY';
  readonly deadline: string;
  readonly history: readonly OrderStep[];
  readonly payment?: PaymentView;
  readonly refund?: RefundView;
}
