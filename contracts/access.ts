/**
 * Who may call what from outside: the one table of it. Doors read it before they let a request in,
 * and every service reads it again before an action of its own runs; an action that is published
 * and has no row keeps its process from starting. Whose an object is, a service decides by itself.
 */
import type { ActionName } from './actions.ts';
import type { Role } from './claims.ts';

/**
 * `all`: no token is looked at. `provider`: the payment system, known by its signature. `sandbox`:
 * anybody, and absent in production mode. `nobody`: what has no row. Everybody else shows a token.
 */
export type Access = 'all' | 'buyer' | 'organiser' | 'operator' | 'provider' | 'sandbox' | 'nobody';

/** Who passes where a token is needed; an access that is not here needs none. */
export const ADMITS: Readonly<Partial<Record<Access, readonly Role[]>>> = {
  buyer: ['buyer', 'organiser', 'operator'],
  organiser: ['organiser', 'operator'],
  operator: ['operator'],
  nobody: [],
};

const managed = <Service extends 'venue' | 'show' | 'session' | 'seat-template'>(
  service: Service,
) => {
  const verbs = ['adminList', 'create', 'adminGet', 'update', 'remove'] as const;
  return Object.fromEntries(
    verbs.map((verb) => [`${service}.${verb}`, 'organiser'] as const),
  ) as Record<`${Service}.${(typeof verbs)[number]}`, 'organiser'>;
};

const TABLE: Readonly<Partial<Record<ActionName, Access>>> = {
  'gateway.time': 'all',
  'gateway.ready': 'all',
  'seckill.sale': 'all',
  'seckill.seats': 'all',
  'seckill.lock': 'buyer',
  'seckill.permit': 'buyer',
  'seckill.reserve': 'buyer',
  'order.get': 'buyer',
  'order.list': 'buyer',
  'order.cancel': 'buyer',
  'payment.open': 'buyer',
  'payment.event': 'provider',
  'notification.ticket': 'buyer',

  'show.list': 'all',
  'show.get': 'all',
  'venue.get': 'all',
  'session.get': 'all',
  'session.layout': 'all',
  ...managed('venue'),
  ...managed('show'),
  ...managed('session'),
  ...managed('seat-template'),
  'seat-template.plan': 'organiser',
  'seat-template.validate': 'organiser',
  'seat-template.versions': 'organiser',
  'session.publish': 'organiser',
  'session.pause': 'organiser',
  'session.resume': 'organiser',
  'session.close': 'organiser',

  'gateway.seat': 'operator',
  'seckill.inspect': 'operator',
  'order.seatHistory': 'operator',
  'order.inspect': 'operator',
  'order.search': 'operator',
  'order.sales': 'organiser',
  'order.freeSeat': 'operator',
  'order.blockSeat': 'operator',
  'order.unblockSeat': 'operator',
  'order.blocks': 'organiser',
  'gateway.nodes': 'operator',
  'order.deadLetters': 'operator',
  'order.deadLetter': 'operator',
  'order.replayLetter': 'operator',
  'order.discardLetter': 'operator',
  'scheduler.reconcile': 'operator',
  'audit.list': 'operator',
  'config-center.list': 'operator',
  'config-center.get': 'operator',
  'config-center.set': 'operator',
  'config-center.unset': 'operator',
  'config-center.rollback': 'operator',
  'config-center.history': 'operator',
  'config-center.changes': 'operator',
  'config-center.diff': 'operator',

  'sandbox.token': 'sandbox',
  'sandbox.show': 'sandbox',
  'sandbox.start': 'sandbox',
  'sandbox.succeed': 'sandbox',
  'sandbox.fail': 'sandbox',
  'sandbox.fault': 'sandbox',
  'sandbox.faults': 'sandbox',
  'sandbox.heal': 'sandbox',
};

/** Who may call an action from outside; nobody unless its row says so. */
export const accessOf = (action: string): Access =>
  Object.hasOwn(TABLE, action) ? (TABLE[action as ActionName] ?? 'nobody') : 'nobody';
export const PUBLISHED = Object.keys(TABLE) as ActionName[];
