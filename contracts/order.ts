/** The order machine (seed §6.2) and nothing else. Only `services/order` makes these moves. */
import { machine } from './machine.ts';

export type OrderState = 'INIT' | 'LOCKED' | 'PAYING' | 'PAID' | 'CANCELLED' | 'TIMEOUT_CANCELLED';

/** What moves an order. `deadline` and `grace` are clocks, the others are somebody's act. */
export type OrderCause =
  | 'seat.locked'
  | 'payment.started'
  | 'payment.succeeded'
  | 'cancel'
  | 'operator'
  | 'deadline'
  | 'grace';

export const orderMachine = machine<OrderState, OrderCause>({
  name: 'order',
  initial: 'INIT',
  states: {
    INIT: 'start',
    LOCKED: 'waiting',
    PAYING: 'waiting',
    PAID: 'end',
    CANCELLED: 'end',
    TIMEOUT_CANCELLED: 'end',
  },
  clocks: ['deadline', 'grace'],
  moves: [
    { from: 'INIT', by: 'seat.locked', to: 'LOCKED' },
    { from: 'LOCKED', by: 'payment.started', to: 'PAYING' },
    { from: 'PAYING', by: 'payment.succeeded', to: 'PAID' },
    { from: 'LOCKED', by: 'cancel', to: 'CANCELLED' },
    { from: 'LOCKED', by: 'operator', to: 'CANCELLED' },
    { from: 'LOCKED', by: 'deadline', to: 'TIMEOUT_CANCELLED' },
    // Not in the seed: without it an abandoned payment would keep its seats for ever.
    { from: 'PAYING', by: 'grace', to: 'TIMEOUT_CANCELLED' },
  ],
});

/** Orders in these states own their seats. */
export const LIVE_ORDER_STATES = ['LOCKED', 'PAYING', 'PAID'] as const satisfies OrderState[];

/** What MySQL says of a lock, once and for ever: it became an order, or it never will. */
export type HoldVerdict = 'ORDERED' | 'ABORTED';

/** Why a lock never became an order. */
export type AbortReason = 'expired' | 'claimed' | 'quota' | 'orphan' | 'lost' | 'rejected';
