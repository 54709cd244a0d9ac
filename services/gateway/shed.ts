/**
 * What a door does while its process cannot keep up: which requests it turns away, unread, and how,
 * at a fraction of what an answer costs. The words are those of `problem.ts`, put together once.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import { refusal } from '../../contracts/errors.ts';
import { maySheds } from '../../contracts/flow.ts';
import { problemOf } from './problem.ts';
import { requestIdOf } from './proof.ts';
import type { RouteRow } from './routes.ts';

const lineOf = ({ method, path }: RouteRow): string =>
  `${method} ${path.replace(/:\w+/g, '[^/?]+')}(?:\\?|$)`;

/**
 * Tells by method and target what a door may turn away: everything but what is vital. A stream is
 * an answer that stays open, and may be asked for again.
 */
export function mayShedOf(rows: readonly RouteRow[]): (req: IncomingMessage) => boolean {
  const vital = rows.filter(({ action }) => action !== undefined && !maySheds(action));
  const lines = new RegExp(`^(?:${vital.map(lineOf).join('|')})`);
  return ({ method, url }) =>
    vital.length === 0 || !lines.test(`${method === 'HEAD' ? 'GET' : method} ${url}`);
}

interface Words {
  readonly status: number;
  readonly headers: readonly string[];
  /** The problem, up to what differs from one to the next. */
  readonly begins: string;
}
const LANGUAGES_MAX = 100;
/** By `Accept-Language`: browsers send few. */
const known = new LRUCache<string, Words>({ max: LANGUAGES_MAX });

function wordsIn(acceptLanguage: string): Words {
  const found = known.get(acceptLanguage);
  if (found) return found;
  const asked = { instance: '', requestId: '', nowMs: 0, acceptLanguage };
  const { status, headers, body } = problemOf(refusal('BUSY'), asked);
  const { instance: _instance, requestId: _requestId, ...same } = body;
  const words = {
    status,
    headers: Object.entries(headers).flat(),
    begins: `${JSON.stringify(same).slice(0, -1)},"instance":`,
  };
  known.set(acceptLanguage, words);
  return words;
}

/** The rest of a body no longer than this is read and thrown away: a connection is dearer. */
const REST_MAX = 65_536;
const carriesMuch = ({ headers }: IncomingMessage): boolean =>
  'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > REST_MAX;

/** Answers BUSY, and looks at nothing of the request but its path, its id and its language. */
export function turnAway(req: IncomingMessage, res: ServerResponse): void {
  const { status, headers, begins } = wordsIn(req.headers['accept-language'] ?? '');
  const requestId = requestIdOf(req);
  const path = JSON.stringify((req.url ?? '').split('?', 1)[0]);
  const body = `${begins}${path},"requestId":"${requestId}"}`;
  const length = String(Buffer.byteLength(body));
  const own = ['X-Request-Id', requestId, 'Content-Length', length];
  if (carriesMuch(req)) own.push('Connection', 'close');
  res.writeHead(status, [...headers, ...own]);
  res.end(req.method === 'HEAD' ? undefined : body);
}
