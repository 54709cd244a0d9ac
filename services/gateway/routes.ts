/**
 * Every HTTP path: which door answers it, who may use it, what it takes and how its answer may be
 * kept. Aliases, authorization, `Allow` and the API description are all read from this table; a
 * path that has no row does not exist.
 *
 * Rows of a door stand in the order they are looked up: the hot ones first.
 */

import type { Door } from '../../config/processes.ts';
import type { ActionName } from '../../contracts/actions.ts';
import type { Role } from '../../contracts/claims.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * `all`: no token is looked at. `provider`: the payment system, known by its signature. `sandbox`:
 * anybody, and absent in production mode. Everybody else shows a token.
 */
export type Access = 'all' | 'buyer' | 'organiser' | 'operator' | 'provider' | 'sandbox';

/** Who passes where a token is needed; an access that is not here needs none. */
export const ADMITS: Readonly<Partial<Record<Access, readonly Role[]>>> = {
  buyer: ['buyer', 'organiser', 'operator'],
  organiser: ['organiser', 'operator'],
  operator: ['operator'],
};

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
  access: Access,
  target: Target,
  extras: Extras = {},
): RouteRow => {
  const [method, path] = line.split(' ') as [Method, string];
  return {
    door,
    method,
    path,
    access,
    ...(typeof target === 'string' ? { action: target } : target),
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
    row('front', `GET ${path}`, 'organiser', `${service}.adminList`),
    row('front', `POST ${path}`, 'organiser', `${service}.create`, {
      ...plan,
      status: 201,
      location: `${path}/:id`,
    }),
    row('front', `GET ${path}/:id`, 'organiser', `${service}.adminGet`),
    row('front', `PATCH ${path}/:id`, 'organiser', `${service}.update`, {
      ...plan,
      headers: ['ifMatch'],
    }),
    row('front', `DELETE ${path}/:id`, 'organiser', `${service}.remove`, { headers: ['ifMatch'] }),
  ];
};

const turned = (verb: 'publish' | 'pause' | 'resume' | 'close'): RouteRow =>
  row('front', `POST ${API}/admin/sessions/:id/${verb}`, 'organiser', `session.${verb}`, {
    timeoutMs: LONG_MS,
  });

const provided = (verb: 'start' | 'succeed' | 'fail'): RouteRow =>
  row('front', `POST ${API}/sandbox/payments/:paymentId/${verb}`, 'sandbox', `sandbox.${verb}`, {
    status: 202,
  });

export const ROUTES: readonly RouteRow[] = [
  // rush: what a sale is decided by
  row('rush', `POST ${API}/sessions/:sessionId/locks`, 'buyer', 'seckill.lock', {
    headers: ['permit', 'idempotencyKey'],
    bodyMax: LOCK_BODY_MAX,
    status: 201,
    location: `${API}/orders/:orderId`,
  }),
  row('rush', `POST ${API}/sessions/:sessionId/permits`, 'buyer', 'seckill.permit', {
    status: 201,
  }),
  row('rush', `GET ${API}/sessions/:sessionId/sale`, 'all', 'seckill.sale', LIVE),
  row('rush', `GET ${API}/sessions/:sessionId/seats`, 'all', 'seckill.seats', LIVE),
  row('rush', `POST ${API}/sessions/:sessionId/reservations`, 'buyer', 'seckill.reserve', {
    status: 201,
  }),
  row('rush', `GET ${API}/time`, 'all', 'gateway.time', LIVE),

  // live: what stays open
  row('live', `GET ${API}/sessions/:sessionId/stream`, 'all', { stream: 'hall' }, LIVE),
  row('live', `GET ${API}/me/stream`, 'all', { stream: 'mine' }, { query: ['ticket'] }),

  // front: a buyer's own orders and money
  row('front', `GET ${API}/orders/:orderId`, 'buyer', 'order.get'),
  row('front', `GET ${API}/orders`, 'buyer', 'order.list'),
  row('front', `POST ${API}/orders/:orderId/payments`, 'buyer', 'payment.open', {
    headers: ['idempotencyKey'],
    status: 201,
  }),
  row('front', `POST ${API}/payments/events`, 'provider', 'payment.event', {
    body: 'raw',
    headers: ['signature'],
  }),
  row('front', `POST ${API}/orders/:orderId/cancel`, 'buyer', 'order.cancel'),
  row('front', `POST ${API}/me/stream-tickets`, 'buyer', 'notification.ticket', { status: 201 }),

  // front: the catalogue, the same for everybody
  row('front', `GET ${API}/sessions/:id/layout`, 'all', 'session.layout', SHARED),
  row('front', `GET ${API}/sessions/:id`, 'all', 'session.get', SHARED),
  row('front', `GET ${API}/shows/:id`, 'all', 'show.get', SHARED),
  row('front', `GET ${API}/shows`, 'all', 'show.list', SHARED),
  row('front', `GET ${API}/venues/:id`, 'all', 'venue.get', SHARED),
  row('front', 'GET /readyz', 'all', 'gateway.ready', LIVE),

  // front: organisers and operators
  ...managed('venue'),
  ...managed('show'),
  ...managed('session'),
  ...managed('seat-template'),
  row('front', `POST ${API}/admin/seat-templates/validate`, 'organiser', 'seat-template.validate', {
    ...PLAN,
  }),
  row('front', `GET ${API}/admin/seat-templates/:id/plan`, 'organiser', 'seat-template.plan'),
  row(
    'front',
    `GET ${API}/admin/seat-templates/:id/versions`,
    'organiser',
    'seat-template.versions',
  ),
  turned('publish'),
  turned('pause'),
  turned('resume'),
  turned('close'),
  row('front', `GET ${API}/admin/sessions/:sessionId/seats/:seat`, 'operator', 'gateway.seat'),
  row(
    'front',
    `POST ${API}/admin/sessions/:sessionId/reconcile`,
    'operator',
    'scheduler.reconcile',
    { timeoutMs: LONG_MS },
  ),
  row('front', `GET ${API}/admin/dead-letters`, 'operator', 'order.deadLetters'),
  row('front', `GET ${API}/admin/dead-letters/:id`, 'operator', 'order.deadLetter'),
  row('front', `POST ${API}/admin/dead-letters/:id/replay`, 'operator', 'order.replayLetter'),
  row('front', `POST ${API}/admin/dead-letters/:id/discard`, 'operator', 'order.discardLetter'),

  row('front', `GET ${CONFIG}`, 'operator', 'config-center.list'),
  row('front', `GET ${CONFIG}/diff`, 'operator', 'config-center.diff'),
  row('front', `GET ${CONFIG}/:setting`, 'operator', 'config-center.get'),
  row('front', `PATCH ${CONFIG}/:setting`, 'operator', 'config-center.set', IF_MATCH),
  row('front', `DELETE ${CONFIG}/:setting`, 'operator', 'config-center.unset', IF_MATCH),
  row('front', `GET ${CONFIG}/:setting/history`, 'operator', 'config-center.history'),
  row('front', `POST ${CONFIG}/:setting/rollback`, 'operator', 'config-center.rollback', IF_MATCH),

  // front: what stands outside, on a development machine
  row('front', `POST ${API}/dev/token`, 'sandbox', 'sandbox.token', { status: 201 }),
  row('front', `GET ${API}/sandbox/payments/:paymentId`, 'sandbox', 'sandbox.show'),
  provided('start'),
  provided('succeed'),
  provided('fail'),
  row('front', `GET ${API}/sandbox/faults`, 'sandbox', 'sandbox.faults'),
  row('front', `POST ${API}/sandbox/faults`, 'sandbox', 'sandbox.fault', { status: 201 }),
  row('front', `DELETE ${API}/sandbox/faults`, 'sandbox', 'sandbox.heal'),
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
    if (headers.includes('signature') !== (access === 'provider'))
      faults.push(`${name}: a signature is what the provider is known by, and nobody else`);
  }
  return faults;
}
