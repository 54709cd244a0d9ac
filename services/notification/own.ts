/**
 * What a buyer hears of their own orders: `event: order`. Only a hint that something happened, and
 * what: the order itself is read from `/orders/:orderId`. Pure.
 */
import type { ChannelName, Messages } from '../../contracts/channels.ts';

export interface OwnEvent {
  readonly orderId: string;
  readonly sessionId: string;
  /** The state the order has, or is about to have; `ABORTED` when the lock never became one. */
  readonly state: 'LOCKED' | 'PAID' | 'CANCELLED' | 'TIMEOUT_CANCELLED' | 'ABORTED';
  readonly reason?: string;
  readonly deadline?: string;
}
interface Addressed {
  readonly uid: string;
  readonly event: OwnEvent;
}
type Reading<Name extends ChannelName> = (message: Messages[Name]) => Addressed | undefined;

const ENDED_AS_SAID: ReadonlySet<string> = new Set(['CANCELLED', 'TIMEOUT_CANCELLED']);

const READINGS: { readonly [Name in ChannelName]?: Reading<Name> } = {
  'seat.moved': (moved) => {
    if (moved.type !== 'locked') return undefined;
    const { uid, orderId, sale: sessionId, deadlineMs } = moved;
    const deadline = new Date(deadlineMs).toISOString();
    return { uid, event: { orderId, sessionId, state: 'LOCKED', deadline } };
  },
  'order.paid': ({ uid, orderId, sale: sessionId }) => ({
    uid,
    event: { orderId, sessionId, state: 'PAID' },
  }),
  'order.cancelled': ({ uid, orderId, sale: sessionId, reason }) => {
    const state = ENDED_AS_SAID.has(reason) ? (reason as OwnEvent['state']) : 'ABORTED';
    return { uid, event: { orderId, sessionId, state, reason } };
  },
};

/** Who hears of a message, and what; undefined when it concerns no order of anybody. */
export const ownEventOf = <Name extends ChannelName>(
  channel: Name,
  message: Messages[Name],
): Addressed | undefined => (READINGS[channel] as Reading<Name> | undefined)?.(message);
