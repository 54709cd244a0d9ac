/**
 * How a door handles a request: what it puts in the place of moleculer-web's own methods. The order
 * is the point: proof, path, token, role, and only then parameters and body.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { finished, type Readable, type Writable } from 'node:stream';
import type { Context, Service, ServiceSettingSchema } from 'moleculer';
import ApiGateway from 'moleculer-web';
import { config } from '../../config/index.ts';
import { ADMITS } from '../../contracts/access.ts';
import type { CallMeta } from '../../contracts/actions.ts';
import type { Principal } from '../../contracts/claims.ts';
import { refusal, refuse } from '../../contracts/errors.ts';
import { overload } from '../../mixins/flow/overload.ts';
import { live } from '../../mixins/live-config.ts';
import { type AnswerMeta, writeAnswer } from './answer.ts';
import { openEventStream } from './event-stream.ts';
import { principalOf, tokenRulesOf } from './identity.ts';
import { laneFor } from './lane.ts';
import { invalid, problemOf, wordFor } from './problem.ts';
import { type EdgeProof, newRequestId, proofOf } from './proof.ts';
import { bodyOf, type Params, paramsFrom, queryOf, streamOf } from './request.ts';
import type { LiveStream, RouteRow } from './routes.ts';
import { doorServer } from './server.ts';
import { turnAway } from './shed.ts';
import type { LastGood } from './stale.ts';

/** An alias of moleculer-web, with the row it was built from. */
interface Alias {
  readonly row: RouteRow;
  readonly method: string;
  match(path: string): Params | false;
}
/** A request as moleculer-web leaves it: the `$` members are filled in on its way. */
export interface Request extends IncomingMessage {
  $proof: EdgeProof;
  $ctx: Context<unknown, CallMeta & AnswerMeta>;
  $alias: Alias;
  $endpoint: { action: object };
  $params: Params;
  $body?: Readable;
  parsedUrl: string;
  query: Params;
}
/** A stream that is asked for. */
export interface StreamAsked {
  readonly params: Params;
  readonly lastEventId: string | undefined;
  /** Sends the head. @returns what frames are written to; it may be called once */
  open(): Writable;
}
/** What notification offers to the gateway of its own process. */
export interface LiveStreams {
  /** Resolves when the stream is open; refuses (NOT_FOUND, BUSY, …) before the first byte. */
  openStream(kind: LiveStream, asked: StreamAsked): Promise<void>;
}
type Next = (error?: unknown) => void;

export interface GatewaySettings extends ServiceSettingSchema {
  readonly [name: string]: unknown;
}
interface Vars {
  server: Server;
  aliases: Alias[];
  draining: boolean;
  lastGood: LastGood;
  mayShed(req: IncomingMessage): boolean;
  missing(): Promise<string[]>;
}
interface Methods {
  httpHandler(req: Request, res: ServerResponse): Promise<void>;
  sendResponse(req: Request, res: ServerResponse, data: unknown): void;
  answer(req: Request, res: ServerResponse, data: unknown, meta: AnswerMeta): void;
  send404(req: Request, res: ServerResponse): void;
  errorHandler(req: Request, res: ServerResponse, error: unknown): void;
  refuse(req: Request, res: ServerResponse, error: unknown): void;
}
/** The gateway as its own methods and actions see it. */
export type Gateway = Service<GatewaySettings> & Vars & Methods;

const tokenRules = tokenRulesOf(config);
/** moleculer-web's own handling of a request that has been let in. */
const handle = ApiGateway.methods!.httpHandler as unknown as (
  this: Gateway,
  req: Request,
  res: ServerResponse,
) => Promise<void>;

const pathOf = (req: IncomingMessage): string => (req.url ?? '').split('?', 1)[0]!;

const carriesBody = ({ headers }: IncomingMessage): boolean =>
  'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > 0;

/** The aliases of some rows. What a row takes is assembled after its caller has been let in. */
export const aliasesOf = (rows: readonly RouteRow[]): Record<string, object> =>
  Object.fromEntries(
    rows.map((row) => [
      `${row.method} ${row.path}`,
      row.stream ? { row, handler: openStream } : { row, action: row.action, handler: takeParams },
    ]),
  );

async function assembled(req: Request): Promise<Params> {
  const { row } = req.$alias;
  const path = req.$alias.match(req.parsedUrl) || {};
  return paramsFrom(row, path, req.query, req.headers, await bodyOf(req, row));
}

function takeParams(req: Request, _res: ServerResponse, next: Next): void {
  const { row } = req.$alias;
  assembled(req)
    .then((params) => {
      req.$params = params;
      if (row.body === 'stream') req.$body = streamOf(req, row);
      next();
    })
    .catch(next);
}

/** Hands a stream to notification, which runs in the same process: an answer that stays open. */
async function openStream(this: Gateway, req: Request, res: ServerResponse, next: Next) {
  try {
    const { stream, query = [] } = req.$alias.row;
    const params = await assembled(req);
    for (const name of Object.keys(req.query))
      if (!query.includes(name)) throw invalid(`/${name}`, 'unknownField');
    const live = this.broker.getLocalService('notification') as unknown as LiveStreams | undefined;
    if (!live || this.draining) return next(refusal('BUSY'));
    if (req.method === 'HEAD') return res.writeHead(200).end();
    const lastEventId = req.headers['last-event-id'] as string | undefined;
    await live.openStream(stream!, {
      ...{ params, lastEventId },
      open: () => openEventStream(req, res),
    });
  } catch (error) {
    next(error);
  }
}

/** Options of the root call: what is in flight is counted by the server, not by the broker. */
export function setRootOptions(options: Record<string, unknown>, req: Request): void {
  options.requestID = req.$proof.requestId;
  options.meta = { requestId: req.$proof.requestId };
  options.tracking = false;
}

/** What was answered, unless the body that was handed on breaks off first. */
function unlessBroken<T>(body: Readable, answered: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    finished(body, { writable: false }, (error) => error && reject(error));
    answered.then(resolve, reject);
  });
}

export const doorMethods = {
  createServer(this: Gateway): void {
    this.server = doorServer((req, res) => void this.httpHandler(req as Request, res));
  },

  /**
   * Nothing is looked at before the edge's proof: whoever comes without it learns nothing. Too much
   * is turned away before even that.
   */
  async httpHandler(this: Gateway, req: Request, res: ServerResponse): Promise<void> {
    if (overload.isShedding && this.mayShed(req) && overload.mustShed()) return turnAway(req, res);
    const proof = proofOf(req, config.edgeKeys, Date.now());
    req.$proof = proof ?? { requestId: newRequestId(), uid: '' };
    res.setHeader('X-Request-Id', req.$proof.requestId);
    if (this.draining) res.setHeader('Connection', 'close');
    if (!proof) return this.errorHandler(req, res, refusal('UNAUTHENTICATED'));
    const path = pathOf(req);
    // moleculer-web would answer `/x/` as `/x`, and OPTIONS as the method it asks about.
    if (req.method === 'OPTIONS' || (path.length > 1 && path.endsWith('/')))
      return this.send404(req, res);
    return handle.call(this, req, res);
  },

  parseQueryString(req: Request) {
    const url = pathOf(req);
    return { url, query: queryOf((req.url ?? '').slice(url.length + 1)) };
  },

  resolveAlias(this: Gateway, path: string, method: string) {
    const wanted = method === 'HEAD' ? 'GET' : method;
    for (const alias of this.aliases) {
      const params = alias.method === wanted && alias.match(path);
      if (params) return { alias, params };
    }
    return false;
  },

  /** Who asks, when the row wants to know. The edge's uid is no identity, but must not differ. */
  authenticate(_ctx: Context, _route: object, req: Request): Principal | undefined {
    if (!ADMITS[req.$alias.row.access]) return undefined;
    const principal = principalOf(req.headers, tokenRules, Date.now());
    if (req.$proof.uid !== '' && req.$proof.uid !== principal.uid) refuse('UNAUTHENTICATED');
    return principal;
  },

  /** Who may not come in is refused; whoever may is told his lane, from here to the last answer. */
  authorize(
    ctx: Context<unknown, CallMeta>,
    _route: object,
    req: Request,
    res: ServerResponse,
  ): void {
    const admitted = ADMITS[req.$alias.row.access];
    const { user } = ctx.meta;
    if (admitted && !(user && admitted.includes(user.role))) refuse('FORBIDDEN');
    if (laneFor(user, req.headers['x-lane'], live()) === 'stable') return;
    ctx.meta.lane = 'gray';
    res.setHeader('X-Lane', 'gray');
  },

  async callAction(
    this: Gateway,
    _route: object,
    _action: string,
    req: Request,
    res: ServerResponse,
    params: Params,
  ): Promise<true> {
    const { row } = req.$alias;
    const { timeoutMs } = row;
    const options = {
      ...(timeoutMs && { timeout: timeoutMs }),
      ...(req.$body && { stream: req.$body }),
    };
    // moleculer-web chose a node before anybody knew who asks.
    const target = req.$ctx.meta.lane === 'gray' ? req.$alias.row.action : req.$endpoint;
    const answered = req.$ctx.call(target as never, params, options);
    const data = await (req.$body ? unlessBroken(req.$body, answered) : answered);
    this.lastGood.keep(row, req.url ?? '', data);
    this.sendResponse(req, res, data);
    return true;
  },

  sendResponse(this: Gateway, req: Request, res: ServerResponse, data: unknown): void {
    this.answer(req, res, data, req.$ctx.meta);
  },

  answer(this: Gateway, req: Request, res: ServerResponse, data: unknown, meta: AnswerMeta): void {
    writeAnswer(req, res, data, req.$alias.row, meta, (error) => {
      this.logger.warn('An answer broke off.', { requestId: req.$proof.requestId, err: error });
    });
  },

  /** A path that no row has, or has with other methods only. */
  send404(this: Gateway, req: Request, res: ServerResponse): void {
    const path = pathOf(req);
    const methods = this.aliases.filter((alias) => alias.match(path)).map(({ method }) => method);
    if (methods.length > 0)
      res.setHeader('Allow', methods.flatMap((m) => (m === 'GET' ? [m, 'HEAD'] : [m])).join(', '));
    const word = methods.length > 0 ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND';
    this.errorHandler(req, res, refusal(word));
  },

  errorHandler(this: Gateway, req: Request, res: ServerResponse, error: unknown): void {
    if (res.headersSent || res.socket?.destroyed !== false) {
      res.destroy(); // half an answer must not look whole; to somebody who left there is no answer
      return;
    }
    const word = wordFor(error);
    if (word === 'NOT_FOUND') this.lastGood.forget(req.url ?? '');
    const stale = word === 'BUSY' && this.lastGood.find(req.$alias?.row, req.url ?? '');
    if (stale) this.answer(req, res, stale.data, stale.meta);
    else this.refuse(req, res, error);
  },

  refuse(this: Gateway, req: Request, res: ServerResponse, error: unknown): void {
    const { requestId } = req.$proof;
    const problem = problemOf(error, {
      instance: pathOf(req),
      requestId,
      acceptLanguage: req.headers['accept-language'],
      nowMs: Date.now(),
    });
    if (problem.word === 'INTERNAL')
      this.logger.error('A request failed.', { requestId, path: pathOf(req), err: error });
    const body = JSON.stringify(problem.body);
    // The rest of a body that nobody will read must not be taken for the next request.
    if (!req.complete && carriesBody(req)) res.setHeader('Connection', 'close');
    res.writeHead(problem.status, {
      ...problem.headers,
      'Content-Length': Buffer.byteLength(body),
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  },
};
