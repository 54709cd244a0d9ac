/**
 * Each call between services: name → params, result; `call(ctx, name, params)` is typed from it.
 * Times that leave the system are RFC 3339 strings; inside, and in the arbiter, epoch milliseconds
 * whose names end in `Ms`.
 *
 * Who asks is never a parameter: it is `ctx.meta.user`, set by the gateway alone. `stream` in the
 * comment of a row: the bulk crosses as a Moleculer stream, because it outgrows a NATS message.
 */

import type { AdminActions } from './admin.ts';
import type { SessionView, ShowView, ShowWithSessions, VenueView } from './catalogue-view.ts';
import type { OrderCancelled } from './channels.ts';
import type { Principal, Role } from './claims.ts';
import type { ConfigActions } from './config-actions.ts';
import type { DeadLetter, LetterState, WholeLetter } from './dead-letter.ts';
import type { OrderState } from './order.ts';
import type { OrderView, PaymentView } from './order-view.ts';
import type {
  BookFault,
  EndedOrder,
  Late,
  LiveOrder,
  OrderWord,
  ReconcileReport,
} from './repair.ts';
import type { SaleState, SaleSwitch, SaleTerms } from './sale.ts';
import type {
  HoldAnswer,
  LockAnswer,
  PermitAnswer,
  ReservationAnswer,
  SaleAnswer,
  SeatInspection,
  SeatsAnswer,
} from './sale-view.ts';
import type { PlanHints, PlanReport, TemplateVersion } from './template.ts';

/** What every call carries beside its params. */
export interface CallMeta {
  user?: Principal;
  requestId?: string;
  lane?: import('./lane.ts').Lane;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
export interface PageQuery {
  readonly limit?: number;
  readonly cursor?: string;
}
/** Of a catalogue's list, as its organiser reads it. */
export interface OwnedQuery extends PageQuery {
  /** Part of a name. */
  readonly q?: string;
}
export interface Health {
  readonly ok: boolean;
  /** What is missing, in words; absent when nothing is. */
  readonly missing?: readonly string[];
}

/** What payment must know before it takes money for an order. */
export interface PayableOrder {
  readonly orderId: string;
  readonly sessionId: string;
  readonly state: OrderState;
  readonly amountFen: number;
  readonly deadlineMs: number;
}
/** A verified event of the payment provider. `paymentId` is ours, minted by `payment.open`. */
export interface PaymentEvent {
  readonly eventId: string;
  readonly type: 'payment.started' | 'payment.succeeded' | 'payment.failed';
  readonly paymentId: string;
  readonly orderId: string;
  readonly amountFen: number;
  readonly occurredAt: string;
}
/**
 * What became of a payment event: `moved`, `refunded`, or `none` (repeated, or changes nothing).
 */
export interface SettleAnswer {
  readonly effect: 'moved' | 'refunded' | 'none';
  readonly state?: OrderState;
}

/** An object of the catalogue as its organiser sees it. */
export type Owned = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly version: number;
};
/** Who did what, when, to which object, and by which request. */
export interface AuditRow {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly role: string;
  readonly action: string;
  readonly target: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly requestId: string;
}
export interface OnlyWhen {
  readonly id: string;
  /** The `If-Match` header: the ETag the change was made from. */
  readonly ifMatch?: string;
}
export type Change = OnlyWhen & Readonly<Record<string, unknown>>;

export interface Actions extends AdminActions, ConfigActions {
  // seckill: the sale, live
  /** stream: the layout's columns as JSON. `to`: its switch at first, OPEN unless told. */
  'seckill.open': {
    params: {
      sale: string;
      pricesFen: Readonly<Record<string, number>>;
      terms: SaleTerms;
      to?: SaleSwitch;
    };
    result: { created: boolean };
  };
  'seckill.turn': { params: { sale: string; to: SaleSwitch }; result: { state: SaleState } };
  'seckill.sale': { params: { sessionId: string }; result: SaleAnswer };
  'seckill.seats': { params: { sessionId: string; form?: 'bits' }; result: SeatsAnswer };
  'seckill.reserve': { params: { sessionId: string }; result: ReservationAnswer };
  'seckill.permit': { params: { sessionId: string }; result: PermitAnswer };
  'seckill.lock': {
    params: {
      sessionId: string;
      permit?: string;
      idempotencyKey?: string;
      seats?: number[];
      best?: { count: number; tier: string; section?: string };
    };
    result: LockAnswer;
  };
  'seckill.hold': { params: { orderId: string }; result: HoldAnswer | null };
  /** The arbiter's view of a seat (no history); operators only. */
  'seckill.inspect': {
    params: { sessionId: string; seat: number };
    result: Omit<SeatInspection, 'history' | 'blocks'>;
  };
  /** Keeps a free seat back. @throws SEAT_UNKNOWN, SEAT_NOT_FREE, SEAT_BLOCKED, ARBITER_AWAY */
  'seckill.block': {
    params: { sessionId: string; seat: number; blockId: string };
    result: { blockId: string };
  };
  /** Gives back a seat that could not be kept. */
  'seckill.unblock': {
    params: { sessionId: string; blockId: string };
    result: { changed: boolean };
  };
  'seckill.late': { params: { lateMs: number; limit: number }; result: HoldAnswer[] };
  'seckill.health': { params: Record<string, never>; result: Health };

  // order: the order's life and its money
  'order.list': { params: PageQuery; result: Page<OrderView> };
  'order.get': { params: { orderId: string }; result: OrderView };
  'order.cancel': { params: { orderId: string }; result: { orderId: string; state: OrderState } };
  /**
   * The asker's own order, waiting up to 2 s for its row. @throws NOT_FOUND, ORDER_ABORTED, BUSY
   */
  'order.payable': { params: { orderId: string }; result: PayableOrder };
  /** `openedFor`: the order that payment was opened for, when we opened it. */
  'order.settle': { params: PaymentEvent & { openedFor?: string }; result: SettleAnswer };
  'order.refunded': { params: { refundId: string }; result: { changed: boolean } };
  'order.refundRefused': {
    params: { refundId: string; refusal: string };
    result: { changed: boolean };
  };
  // dead letters; `id` may be the beginning of one, eight characters or more; operators only
  /** The open ones unless told; the last to die first. */
  'order.deadLetters': { params: PageQuery & { state?: LetterState }; result: Page<DeadLetter> };
  'order.deadLetter': { params: { id: string }; result: WholeLetter };
  /** Every group of its stream hears it again. @throws LETTER_RESOLVED, BUSY */
  'order.replayLetter': { params: { id: string }; result: DeadLetter };
  /** @throws LETTER_RESOLVED */
  'order.discardLetter': { params: { id: string; reason: string }; result: DeadLetter };

  // the sweeps: what the fast road should have done more than `lateMs` ago, at most `limit` of it
  /** Judges orders whose deadline passed, by MySQL alone. */
  'order.overdue': { params: Late; result: { done: number } };
  /** Judges what the arbiter holds past its deadline: locks that never became an order. */
  'order.orphans': { params: Late; result: { done: number } };
  /** Posts outbox rows that nobody has posted. */
  'order.relay': { params: Late; result: { posted: number } };
  /** Forgets messages posted, and deaths counted, more than `olderMs` ago: `limit` of each. */
  'order.tidy': {
    params: { olderMs: number; limit: number };
    result: { messages: number; deaths: number };
  };
  /** Asks again for refunds that nobody has answered. */
  'order.refundAgain': { params: Late; result: { done: number } };
  /** Orders that ended between two moments, oldest first: their seats should have followed. */
  'order.ended': {
    params: { sinceMs: number; lateMs: number; limit: number };
    result: { items: readonly EndedOrder[]; nowMs: number };
  };

  // what a repair of the arbiter asks; pages in the order of the id, from `after` on
  /** Orders that are alive, and blocks. */
  'order.live': {
    params: { sale: string; after: string; limit: number };
    result: { items: readonly LiveOrder[]; next: string | null };
  };
  /** What MySQL says of locks and blocks, in the order asked. */
  'order.words': {
    params: { orderIds: readonly string[] };
    result: readonly { orderId: string; word: OrderWord; ageMs: number }[];
  };
  /** `total`: all there are, whenever they were made; with the first page. */
  'order.reservations': {
    params: { sale: string; sinceMs: number; after: string; limit: number };
    result: {
      total?: number;
      items: readonly { uid: string; reservedAtMs: number }[];
      next: string | null;
    };
  };
  /** Everything in the books of a sale that does not add up, in words; bounded. */
  'order.books': { params: { sale: string; lateMs: number }; result: readonly BookFault[] };
  /**
   * Records a new run of the arbiter, or a loss within one, and answers the epoch it opens.
   * `mine`: the repair is the asker's for now; another one is at it otherwise.
   */
  'order.incident': {
    params: { shard: number; oldRunId: string; newRunId: string; above: number; who: string };
    result: { epoch: number; mine: boolean };
  };
  /** The arbiter was repaired under this epoch: `report` is kept with the incident. */
  'order.repaired': { params: { epoch: number; report: object }; result: { changed: boolean } };
  'order.health': { params: Record<string, never>; result: Health };

  // payment: the provider outside
  'payment.open': {
    params: { orderId: string; idempotencyKey?: string };
    result: PaymentView & { currency: 'CNY' };
  };
  'payment.event': { params: { raw: string; signature?: string }; result: { received: true } };
  /**
   * Asks the provider to close what is open for an order; answers when it is, or says it is not.
   */
  'payment.close': { params: { orderId: string }; result: { closed: boolean } };
  /** Asks the provider about payments whose events should have come: a sweep. */
  'payment.poll': { params: Late; result: { done: number } };
  'payment.health': { params: Record<string, never>; result: Health };

  // sandbox: what stands outside, on a development machine
  'sandbox.token': {
    params: { uid: string; role?: Role };
    result: { token: string; uid: string; role: Role; expiresAt: string };
  };
  'sandbox.show': { params: { paymentId: string }; result: Record<string, unknown> };
  'sandbox.start': { params: { paymentId: string }; result: { accepted: true } };
  'sandbox.succeed': { params: { paymentId: string }; result: { accepted: true } };
  'sandbox.fail': { params: { paymentId: string }; result: { accepted: true } };
  /** Orders a fault of the provider, `services/sandbox/faults.ts` says which there are. */
  'sandbox.fault': { params: Record<string, unknown>; result: Record<string, unknown> };
  'sandbox.faults': {
    params: Record<string, never>;
    result: { items: readonly Record<string, unknown>[] };
  };
  /** Clears every fault that was ordered. */
  'sandbox.heal': { params: Record<string, never>; result: { cleared: number } };
  'sandbox.health': { params: Record<string, never>; result: Health };

  // scheduler: what time brings, and the repair of the arbiter
  /** Holds a sale against MySQL now, and mends what differs; operators only. */
  'scheduler.reconcile': { params: { sessionId: string }; result: ReconcileReport };
  'scheduler.health': { params: Record<string, never>; result: Health };

  // catalogue: calm, read-mostly
  'show.list': {
    params: PageQuery & {
      q?: string;
      artist?: string;
      city?: string;
      category?: string;
      from?: string;
      to?: string;
      sort?: 'newest' | 'soonest' | 'title';
    };
    result: Page<ShowView>;
  };
  'show.get': { params: { id: string }; result: ShowWithSessions };
  'venue.get': { params: { id: string }; result: VenueView };
  'session.get': { params: { id: string }; result: SessionView };
  /** stream: the answer is the JSON of the layout. */
  'session.layout': { params: { id: string; form?: 'columns' }; result: unknown };
  /**
   * DRAFT or PUBLISHED, or NOT_FOUND: what the seckill domain asks when the arbiter has no sale.
   */
  'session.stage': { params: { id: string }; result: { stage: 'DRAFT' | 'PUBLISHED' } };
  /** Sessions on sale, or sold and not yet long over, with what their organisers last ordered. */
  'session.onSale': { params: Record<string, never>; result: readonly { id: string }[] };
  /** Opens the sale in an arbiter that has lost it, every seat free and nobody let in. */
  'session.reopen': { params: { id: string }; result: { created: boolean } };
  /** Turns the sale to what its organiser last ordered. */
  'session.restate': { params: { id: string }; result: { state: SaleState } };
  /** Refuses NOT_FOUND unless the asker may manage the session. */
  'session.publish': { params: { id: string }; result: { id: string; sale: { state: SaleState } } };
  'session.pause': { params: { id: string }; result: { id: string; sale: { state: SaleState } } };
  'session.resume': { params: { id: string }; result: { id: string; sale: { state: SaleState } } };
  'session.close': { params: { id: string }; result: { id: string; sale: { state: SaleState } } };
  /** Published sessions of a show, soonest first: what `show.get` shows with it. */
  'session.ofShow': { params: { showId: string }; result: SessionView[] };
  'show.health': { params: Record<string, never>; result: Health };
  'venue.health': { params: Record<string, never>; result: Health };
  'session.health': { params: Record<string, never>; result: Health };
  'seat-template.health': { params: Record<string, never>; result: Health };

  // catalogue, as its organisers see it: each sees only what is theirs, an operator everything.
  // `ifMatch` is the header; answers carry the version as `ETag`.
  'show.adminList': { params: OwnedQuery; result: Page<Owned> };
  'show.create': { params: Record<string, unknown>; result: Owned };
  'show.adminGet': { params: { id: string }; result: Owned };
  'show.update': { params: Change; result: Owned };
  'show.remove': { params: OnlyWhen; result: { id: string } };
  'venue.adminList': { params: OwnedQuery; result: Page<Owned> };
  'venue.create': { params: Record<string, unknown>; result: Owned };
  'venue.adminGet': { params: { id: string }; result: Owned };
  'venue.update': { params: Change; result: Owned };
  'venue.remove': { params: OnlyWhen; result: { id: string } };
  'session.adminList': { params: PageQuery & { showId?: string }; result: Page<Owned> };
  'session.create': { params: Record<string, unknown>; result: Owned };
  'session.adminGet': { params: { id: string }; result: Owned };
  'session.update': { params: Change; result: Owned };
  'session.remove': { params: OnlyWhen; result: { id: string } };
  'seat-template.adminList': { params: OwnedQuery & { venueId?: string }; result: Page<Owned> };
  /** stream: the body, JSON or (`contentType` text/csv, with `venueId` and `name`) CSV. */
  'seat-template.create': { params: PlanHints; result: Owned };
  /** stream: the same body; nothing is kept of it. */
  'seat-template.validate': { params: PlanHints; result: PlanReport };
  'seat-template.adminGet': { params: { id: string }; result: Owned };
  /** stream: the same body, without what stays as it is. */
  'seat-template.update': { params: OnlyWhen & PlanHints; result: Owned };
  'seat-template.remove': { params: OnlyWhen; result: { id: string } };
  /** stream: the answer is the plan as it was imported. */
  'seat-template.plan': { params: { id: string; version?: number }; result: unknown };
  'seat-template.versions': { params: { id: string }; result: { items: TemplateVersion[] } };
  /** stream: the answer is the JSON of the layout the plan gives, `LayoutColumns`. */
  'seat-template.layout': { params: { id: string }; result: unknown };

  // audit: who changed what, the last change first; operators only
  'audit.list': {
    params: PageQuery & {
      target?: string;
      actor?: string;
      action?: string;
      from?: string;
      to?: string;
    };
    result: Page<AuditRow>;
  };
  /** For a service without a database: something an operator did. */
  'audit.record': {
    params: {
      by: { uid: string; role: string; requestId: string };
      action: string;
      target: string;
      after: object;
    };
    result: { recorded: true };
  };

  // gateway: what no other service is the home of
  'gateway.time': { params: Record<string, never>; result: { epochMs: number } };
  /** @throws BUSY with `missing` */
  'gateway.ready': { params: Record<string, never>; result: { ok: true } };

  // notification: the hall, live
  'notification.ticket': { params: Record<string, never>; result: { ticket: string } };
  'notification.health': { params: Record<string, never>; result: Health };
}
export type ActionName = keyof Actions;

/** What an `order.cancelled` may give as its reason. */
export type CancelReason = OrderCancelled['reason'];

/** Anything that can call an action: a context (so that the chain is traced) or a broker. */
export interface Caller {
  call<Result, Params>(name: string, params: Params, options?: object): Promise<Result>;
}

/** `ctx.call`, typed from the table above. `options` are Moleculer's calling options. */
export function call<Name extends ActionName>(
  caller: Caller,
  name: Name,
  params: Actions[Name]['params'],
  options?: object,
): Promise<Actions[Name]['result']> {
  return caller.call(name, params, options);
}
