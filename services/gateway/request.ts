/**
 * From an HTTP request to the parameters of an action, without silent merging: every value has one
 * source (path, header, query or body), and a name that two sources claim is refused.
 */
import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { refusal, refuse } from '../../contracts/errors.ts';
import { invalid } from './problem.ts';
import { HEADER_PARAMS, type HeaderParam, type RouteRow } from './routes.ts';

export type Params = Record<string, unknown>;

/** What clients say when nobody told them: a string sent by `curl -d` or `fetch` is JSON here. */
const UNSAID_TYPES = ['', 'text/plain', 'application/x-www-form-urlencoded'];
const JSON_TYPE = /^application\/([a-z0-9.-]+\+)?json$/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * The query of a target, each name once.
 * @throws VALIDATION_FAILED naming a parameter that is given twice.
 */
export function queryOf(search: string): Params {
  const query: Params = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) {
    if (name in query) throw invalid(`/${name}`, 'repeatedParameter');
    query[name] = value;
  }
  return query;
}

/**
 * The parameters of a request that carries its input in path, headers, query and, as far as the
 * row says so, a body that has been read.
 * @throws VALIDATION_FAILED for a name that a path parameter or a header of ours already has, and
 * for any query parameter of a request whose input is its body.
 */
export function paramsFrom(
  row: RouteRow,
  path: Params,
  query: Params,
  headers: IncomingMessage['headers'],
  body: Params,
): Params {
  const fromBody = row.body === 'json' || row.body === 'raw';
  const [extra] = fromBody ? Object.keys(query) : [];
  if (extra !== undefined) throw unknown(extra);
  const input = fromBody ? body : query;
  for (const name of Object.keys(input))
    if (Object.hasOwn(path, name) || OURS.has(name)) throw unknown(name);
  const contentType = row.body === 'stream' && headers['content-type'];
  return { ...input, ...path, ...headersOf(row, headers), ...(contentType && { contentType }) };
}

/** No signature is a signature that does not match, not a fault of the request's form. */
const ABSENT: Readonly<Partial<Record<HeaderParam, string>>> = { signature: '' };

/** Names only a header or the gateway itself may give a value to. */
const OURS: ReadonlySet<string> = new Set([...Object.keys(HEADER_PARAMS), 'contentType']);

const unknown = (name: string): Error => invalid(`/${name}`, 'unknownField');

function headersOf({ headers: names = [] }: RouteRow, headers: IncomingMessage['headers']): Params {
  const given = names.map((name) => [name, headers[HEADER_PARAMS[name]] ?? ABSENT[name]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/**
 * The members a body adds to the parameters. Nothing is read of a body that announces more than its
 * row accepts.
 * @throws BODY_TOO_LARGE, BODY_MALFORMED, UNSUPPORTED_MEDIA_TYPE, VALIDATION_FAILED
 */
export async function bodyOf(req: IncomingMessage, row: RouteRow): Promise<Params> {
  if (row.body === 'none' || row.body === 'stream') return {};
  refuseLonger(req, row.bodyMax);
  if (row.body === 'json') refuseOtherThanJson(req.headers);
  const text = decoded(await bytesOf(req, row.bodyMax));
  return row.body === 'raw' ? { raw: text } : objectOf(text);
}

/**
 * A body that is handed on as it arrives, cut off with BODY_TOO_LARGE where it grows longer than
 * its row accepts.
 */
export function streamOf(req: IncomingMessage, { bodyMax }: RouteRow): Readable {
  refuseLonger(req, bodyMax);
  let bytes = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > bodyMax ? refusal('BODY_TOO_LARGE') : null, chunk);
    },
  });
  req.once('error', (error) => limit.destroy(error));
  req.once('close', () => {
    if (!req.complete) limit.destroy(new Error('the request was cut off'));
  });
  return req.pipe(limit);
}

function refuseLonger(req: IncomingMessage, max: number): void {
  if (Number(req.headers['content-length'] ?? 0) > max) refuse('BODY_TOO_LARGE');
}

function refuseOtherThanJson(headers: IncomingMessage['headers']): void {
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(/\s*;/);
  if (!UNSAID_TYPES.includes(type) && !JSON_TYPE.test(type)) refuse('UNSUPPORTED_MEDIA_TYPE');
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') refuse('UNSUPPORTED_MEDIA_TYPE');
}

/**
 * Gathers a body. Not with `for await`: leaving such a loop early destroys the connection, and with
 * it the answer. What is left of a body that is too long is let run dry.
 */
function bytesOf(req: IncomingMessage, max: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const gather = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= max) {
        chunks.push(chunk);
        return;
      }
      req.off('data', gather);
      req.resume();
      reject(refusal('BODY_TOO_LARGE'));
    };
    req.on('data', gather);
    req.once('error', reject);
    req.once('end', () => resolve(Buffer.concat(chunks, bytes)));
  });
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return refuse('BODY_MALFORMED'); // not UTF-8
  }
}

function objectOf(text: string): Params {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('BODY_MALFORMED');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('', 'notAnObject');
  return value as Params;
}
