/**
 * Every HTTP path: which door answers it, what it takes and how its answer may be
 * kept. Aliases, authorization, `Allow` and the API description are all read from this table; a
 * path that has no row does not exist.
 *
 * Rows of a door stand in the order they are looked up: the hot ones first.
 */

import type { Door } from '../../config/processes.ts';
import { type Access, accessOf } from '../../contracts/access.ts';
import type { ActionName } from '../../contracts/actions.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Headers an action may take, by the name of the parameter they become. */
export const HEADER_PARAMS = {
  permit: 'x-permit',
  idempotencyKey: 'idempotency-key',
  ifMatch: 'if-match',
  signature: 'x-signature',
} as const;
export type HeaderParam = keyof typeof HEADER_PARAMS;

/**
 * - `json`: an object, whose members become parameters; an empty body is `{}`
 * - `raw`: the exact text, as parameter `raw`
 * - `stream`: handed on as it arrives, with parameter `contentType`; the query says what a body
 *   that is no JSON cannot
 */
export type BodyKind = 'none' | 'json' | 'raw' | 'stream';

/**
 * How an answer may be kept. `private`: nowhere. `live`: nowhere, though it is everybody's, because
 * it is stale at once. `shared`: anywhere, if asked again with its ETag each time.
 */
export type Cache = 'private' | 'live' | 'shared';
export const CACHE_CONTROL: Readonly<Record<Cache, string>> = {
  private: 'no-store',
  live: 'no-store',
  shared: 'public, max-age=0, must-revalidate',
};

/** A live stream of the notification service: the moves of a hall, or the orders of one buyer. */
export type LiveStream = 'hall' | 'mine';

export interface RouteRow {
  readonly door: Door;
  readonly method: Method;
  /** `:name` is a parameter of the action. */
  readonly path: string;
  readonly action?: ActionName;
  readonly stream?: LiveStream;
  /** Of its action; a stream is for everybody, or for whoever has a ticket. */
  readonly access: Access;
  readonly headers?: readonly HeaderParam[];
  /** What the query of a stream may say; an action says that itself. */
  readonly query?: readonly string[];
  readonly body: BodyKind;
  /** Bytes of body accepted; more is BODY_TOO_LARGE. */
  readonly bodyMax: number;
  /** Answered when the action does not say another. */
  readonly status: number;
  readonly cache: Cache;
  /** Where what a 201 made can be read; `:name` is a member of the answer. */
  readonly location?: string;
  /** When the action may take longer than a call between services usually may. */
  readonly timeoutMs?: number;
}

const KIB = 1_024;
const MIB = 1_024 * KIB;
const BODY_MAX = 64 * KIB;
const LOCK_BODY_MAX = 16 * KIB;
const PLAN_BODY_MAX = 32 * MIB;
/** Opening 100,000 seats in the arbiter, or reading a plan of 32 MB, is no ordinary call. */
const LONG_MS = 30_000;

const API = '/api/v1';
const CONFIG = `${API}/admin/config`;

type Extras = Partial<Omit<RouteRow, 'door' | 'method' | 'path' | 'access'>>;
type Target = ActionName | { readonly stream: LiveStream };

const row = (
  door: Door,
  line: `${Method} ${string}`,
  target: Target,
  extras: Extras = {},
): RouteRow => {
  const [method, path] = line.split(' ') as [Method, string];
  return {
    door,
    method,
    path,
    ...(typeof target === 'string'
      ? { action: target, access: accessOf(target) }
      : { ...target, access: 'all' }),
    body: method === 'POST' || method === 'PATCH' ? 'json' : 'none',
    bodyMax: BODY_MAX,
    status: 200,
    cache: 'private',
    ...extras,
  };
};

const SHARED: Extras = { cache: 'shared' };
const LIVE: Extras = { cache: 'live' };
const IF_MATCH: Extras = { headers: ['ifMatch'] };
const PLAN: Extras = { body: 'stream', bodyMax: PLAN_BODY_MAX, timeoutMs: LONG_MS };

/** What every kind of object an organiser manages answers to. */
const managed = (service: 'venue' | 'show' | 'session' | 'seat-template'): RouteRow[] => {
  const path = `${API}/admin/${service}s`;
  const plan = service === 'seat-template' ? PLAN : {};
  return [
    row('front', `GET ${path}`, `${service}.adminList`),
    row('front', `POST ${path}`, `${service}.create`, {
      ...plan,
      status: 201,
      location: `${path}/:id`,
    }),
    row('front', `GET ${path}/:id`, `${service}.adminGet`),
    row('front', `PATCH ${path}/:id`, `${service}.update`, {
      ...plan,
      headers: ['ifMatch'],
    }),
    row('front', `DELETE ${path}/:id`, `${service}.remove`, { headers: ['ifMatch'] }),
  ];
};

const turned = (verb: 'publish' | 'pause' | 'resume' | 'close'): RouteRow =>
  row('front', `POST ${API}/admin/sessions/:id/${verb}`, `session.${verb}`, {
    timeoutMs: LONG_MS,
  });

const provided = (verb: 'start' | 'succeed' | 'fail'): RouteRow =>
  row('front', `POST ${API}/sandbox/payments/:paymentId/${verb}`, `sandbox.${verb}`, {
    status: 202,
  });

export const ROUTES: readonly RouteRow[] = [
  // rush: what a sale is decided by
  row('rush', `POST ${API}/sessions/:sessionId/locks`, 'seckill.lock', {
    headers: ['permit', 'idempotencyKey'],
    bodyMax: LOCK_BODY_MAX,
    status: 201,
    location: `${API}/orders/:orderId`,
  }),
  row('rush', `POST ${API}/sessions/:sessionId/permits`, 'seckill.permit', {
    status: 201,
  }),
  row('rush', `GET ${API}/sessions/:sessionId/sale`, 'seckill.sale', LIVE),
  row('rush', `GET ${API}/sessions/:sessionId/seats`, 'seckill.seats', LIVE),
  row('rush', `POST ${API}/sessions/:sessionId/reservations`, 'seckill.reserve', {
    status: 201,
  }),
  row('rush', `GET ${API}/time`, 'gateway.time', LIVE),

  // live: what stays open
  row('live', `GET ${API}/sessions/:sessionId/stream`, { stream: 'hall' }, LIVE),
  row('live', `GET ${API}/me/stream`, { stream: 'mine' }, { query: ['ticket'] }),

  // front: a buyer's own orders and money
  row('front', `GET ${API}/orders/:orderId`, 'order.get'),
  row('front', `GET ${API}/orders`, 'order.list'),
  row('front', `POST ${API}/orders/:orderId/payments`, 'payment.open', {
    headers: ['idempotencyKey'],
    status: 201,
  }),
  row('front', `POST ${API}/payments/events`, 'payment.event', {
    body: 'raw',
    headers: ['signature'],
  }),
  row('front', `POST ${API}/orders/:orderId/cancel`, 'order.cancel'),
  row('front', `POST ${API}/me/stream-tickets`, 'notification.ticket', { status: 201 }),

  // front: the catalogue, the same for everybody
  row('front', `GET ${API}/sessions/:id/layout`, 'session.layout', SHARED),
  row('front', `GET ${API}/sessions/:id`, 'session.get', SHARED),
  row('front', `GET ${API}/shows/:id`, 'show.get', SHARED),
  row('front', `GET ${API}/shows`, 'show.list', SHARED),
  row('front', `GET ${API}/venues/:id`, 'venue.get', SHARED),
  row('front', 'GET /readyz', 'gateway.ready', LIVE),

  // front: organisers and operators
  ...managed('venue'),
  ...managed('show'),
  ...managed('session'),
  ...managed('seat-template'),
  row('front', `POST ${API}/admin/seat-templates/validate`, 'seat-template.validate', PLAN),
  row('front', `GET ${API}/admin/seat-templates/:id/plan`, 'seat-template.plan'),
  row('front', `GET ${API}/admin/seat-templates/:id/versions`, 'seat-template.versions'),
  turned('publish'),
  turned('pause'),
  turned('resume'),
  turned('close'),
  row('front', `GET ${API}/admin/sessions/:sessionId/seats/:seat`, 'gateway.seat'),
  row('front', `POST ${API}/admin/sessions/:sessionId/seats/:seat/release`, 'order.freeSeat'),
  row('front', `POST ${API}/admin/sessions/:sessionId/seats/:seat/block`, 'order.blockSeat'),
  row('front', `POST ${API}/admin/sessions/:sessionId/seats/:seat/unblock`, 'order.unblockSeat'),
  row('front', `GET ${API}/admin/sessions/:sessionId/blocks`, 'order.blocks'),
  row('front', `GET ${API}/admin/sessions/:sessionId/sales`, 'order.sales'),
  row('front', `GET ${API}/admin/orders`, 'order.search'),
  row('front', `GET ${API}/admin/orders/:orderId`, 'order.inspect'),
  row('front', `GET ${API}/admin/nodes`, 'gateway.nodes'),
  row('front', `POST ${API}/admin/sessions/:sessionId/reconcile`, 'scheduler.reconcile', {
    timeoutMs: LONG_MS,
  }),
  row('front', `GET ${API}/admin/audit`, 'audit.list'),
  row('front', `GET ${API}/admin/dead-letters`, 'order.deadLetters'),
  row('front', `GET ${API}/admin/dead-letters/:id`, 'order.deadLetter'),
  row('front', `POST ${API}/admin/dead-letters/:id/replay`, 'order.replayLetter'),
  row('front', `POST ${API}/admin/dead-letters/:id/discard`, 'order.discardLetter'),

  row('front', `GET ${CONFIG}`, 'config-center.list'),
  row('front', `GET ${CONFIG}/changes`, 'config-center.changes'),
  row('front', `GET ${CONFIG}/diff`, 'config-center.diff'),
  row('front', `GET ${CONFIG}/:setting`, 'config-center.get'),
  row('front', `PATCH ${CONFIG}/:setting`, 'config-center.set', IF_MATCH),
  row('front', `DELETE ${CONFIG}/:setting`, 'config-center.unset', IF_MATCH),
  row('front', `GET ${CONFIG}/:setting/history`, 'config-center.history'),
  row('front', `POST ${CONFIG}/:setting/rollback`, 'config-center.rollback', IF_MATCH),

  // front: what stands outside, on a development machine
  row('front', `POST ${API}/dev/token`, 'sandbox.token', { status: 201 }),
  row('front', `GET ${API}/sandbox/payments/:paymentId`, 'sandbox.show'),
  provided('start'),
  provided('succeed'),
  provided('fail'),
  row('front', `GET ${API}/sandbox/faults`, 'sandbox.faults'),
  row('front', `POST ${API}/sandbox/faults`, 'sandbox.fault', { status: 201 }),
  row('front', `DELETE ${API}/sandbox/faults`, 'sandbox.heal'),
];

/** The names of a path's parameters, in order. */
export const paramsOf = (path: string): string[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);

/** The rows one door answers in a mode. */
export const routesOf = (door: Door, mode: 'sandbox' | 'production'): RouteRow[] =>
  ROUTES.filter(
    (route) => route.door === door && (mode === 'sandbox' || route.access !== 'sandbox'),
  );

/** Everything wrong with the table, in words: empty when a door may open with it. */
export function faultsOf(rows: readonly RouteRow[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const { method, path, action, stream, headers = [], body, access } of rows) {
    const name = `${method} ${path}`;
    const same = `${method} ${path.replace(/:\w+/g, ':')}`;
    if (seen.has(same)) faults.push(`${name}: stands twice`);
    seen.add(same);
    if ((action === undefined) === (stream === undefined))
      faults.push(`${name}: needs an action or a stream, and one of them only`);
    if (paramsOf(path).some((param) => param in HEADER_PARAMS))
      faults.push(`${name}: a path parameter has the name of a header's`);
    if (body !== 'none' && (method === 'GET' || method === 'DELETE'))
      faults.push(`${name}: this method takes no body`);
    if (access === 'nobody')
      faults.push(`${name}: nobody may call its action (contracts/access.ts)`);
    if (headers.includes('signature') !== (access === 'provider'))
      faults.push(`${name}: a signature is what the provider is known by, and nobody else`);
  }
  return faults;
}
