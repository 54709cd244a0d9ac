/**
 * What the console of organisers and operators asks beside the catalogue: orders looked up, what a
 * session sold, the nodes, and a seat freed by hand. A part of the table in `actions.ts`.
 */
import type { Page, PageQuery } from './actions.ts';
import type { Lane } from './lane.ts';
import type { OrderState } from './order.ts';
import type { OrderView, PaymentView, RefundView } from './order-view.ts';
import type { SeatBlock, SeatInspection } from './sale-view.ts';

/** An order as an operator sees it. */
export type KnownOrder = OrderView & { readonly uid: string };
/** With every payment ever opened for it and every refund, oldest first. */
export type InspectedOrder = KnownOrder & {
  readonly payments: readonly PaymentView[];
  readonly refunds: readonly RefundView[];
};

export interface OrderSearch extends PageQuery {
  readonly sessionId?: string;
  readonly uid?: string;
  /** A seat means nothing without its session. */
  readonly seat?: number;
  readonly state?: OrderState;
}

/** What was paid in a tier within a step; an order over two tiers counts in both. */
export interface SalesStep {
  readonly at: string;
  readonly tier: string;
  readonly orders: number;
  readonly seats: number;
  readonly amountFen: number;
}
export interface SalesAnswer {
  readonly sessionId: string;
  /** How long a step is: as asked, or a multiple of it where that would be too many steps. */
  readonly stepMs: number;
  /** Oldest first; a step in which a tier sold nothing is left out. */
  readonly items: readonly SalesStep[];
  /** All orders of the session by their state now; a state that none is in is left out. */
  readonly orders: Readonly<Partial<Record<OrderState, number>>>;
}

export interface FreedSeat {
  readonly orderId: string;
  readonly state: OrderState;
  /** All the seats of the order: it ends as a whole. */
  readonly seats: readonly number[];
}

/** A process among the others. What only it can say is null when it does not answer. */
export interface NodeView {
  readonly node: string;
  readonly lane: Lane;
  readonly services: readonly string[];
  /** False for one that is gone and not yet forgotten. */
  readonly available: boolean;
  readonly answers: boolean;
  /** Of the machine it runs on, all cores together. */
  readonly cpuPercent: number | null;
  readonly uptimeMs: number | null;
  readonly memoryBytes: number | null;
  /** How late its event loop is, and whether it turns calls away for it. */
  readonly delayMs: number | null;
  readonly shedding: boolean | null;
}

export interface AdminActions {
  /** Any order, for an operator. */
  'order.inspect': { params: { orderId: string }; result: InspectedOrder };
  'order.seatHistory': {
    params: { sessionId: string; seat: number };
    result: Pick<SeatInspection, 'history' | 'blocks'>;
  };
  /** The newest first; operators only. */
  'order.search': { params: OrderSearch; result: Page<KnownOrder> };
  /** For whoever may manage the session. @throws NOT_FOUND */
  'order.sales': { params: { sessionId: string; stepMs?: number }; result: SalesAnswer };
  /**
   * Cancels the unpaid order that has the seat; operators only.
   * @throws SEAT_SOLD, SEAT_NOT_HELD, ORDER_NOT_CANCELLABLE while it is being paid
   */
  'order.freeSeat': {
    params: { sessionId: string; seat: number; reason: string };
    result: FreedSeat;
  };
  /**
   * Takes a free seat off the sale until it is unblocked; operators only.
   * @throws NOT_FOUND, SEAT_UNKNOWN, SEAT_NOT_FREE, SEAT_BLOCKED, ARBITER_AWAY; BUSY when it is not
   * known whether it is on record: the seat is kept back until the next comparison with MySQL
   */
  'order.blockSeat': {
    params: { sessionId: string; seat: number; reason: string };
    result: SeatBlock;
  };
  /** Puts it on sale again: it is free a moment later. @throws SEAT_NOT_BLOCKED */
  'order.unblockSeat': {
    params: { sessionId: string; seat: number; reason: string };
    result: SeatBlock;
  };
  /** What is blocked now, in the order it was, for whoever may manage the session. */
  'order.blocks': { params: PageQuery & { sessionId: string }; result: Page<SeatBlock> };
  /** What the arbiter and the orders know of a seat, together; operators only. */
  'gateway.seat': { params: { sessionId: string; seat: number }; result: SeatInspection };
  /** Operators only. */
  'gateway.nodes': { params: Record<string, never>; result: { items: readonly NodeView[] } };
}
