/**
 * The only writer of answers that are not errors: status, cache headers, ETag, packing, and the 304
 * of a reader who has it already. An action's own words, in `ctx.meta`, come before the row's.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import { type Encoding, encodingFor, tagPacked } from './encoding.ts';
import { CACHE_CONTROL, type RouteRow } from './routes.ts';

/** What an action may say about its answer. */
export interface AnswerMeta {
  readonly $statusCode?: number;
  readonly $responseType?: string;
  readonly $responseHeaders?: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json; charset=utf-8';

const strongTagOf = (body: Buffer | string): string =>
  `"${createHash('sha1').update(body).digest('base64url')}"`;

/** `If-None-Match` names the tag, weakly compared as RFC 9110 §13.1.2 wants it. */
export function isKnown(ifNoneMatch: string | undefined, tag: string | undefined): boolean {
  if (!ifNoneMatch || !tag) return false;
  const opaque = (item: string) => item.trim().replace(/^W\//, '');
  return (
    ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((item) => opaque(item) === opaque(tag))
  );
}

const locationOf = (template: string, data: object): string =>
  template.replace(/:(\w+)/g, (_, name) => encodeURIComponent(String((data as never)[name])));

/**
 * Writes what an action answered.
 * @param broken told of a stream that failed half-way; by then the status is out, so the connection
 * is cut and the reader sees a body that does not end.
 */
export function writeAnswer(
  req: IncomingMessage,
  res: ServerResponse,
  data: unknown,
  row: RouteRow,
  meta: AnswerMeta,
  broken: (error: Error) => void,
): void {
  const stream = data instanceof Readable ? data : undefined;
  const body = stream || data == null ? undefined : encoded(data, meta.$responseType);
  res.statusCode = meta.$statusCode ?? (data == null ? 204 : row.status);
  res.setHeader('Cache-Control', CACHE_CONTROL[row.cache]);
  for (const [name, value] of Object.entries(meta.$responseHeaders ?? {}))
    res.setHeader(name, value);
  if (row.cache === 'shared' && body !== undefined && !res.hasHeader('ETag'))
    res.setHeader('ETag', strongTagOf(body));
  if (row.location && res.statusCode === 201 && typeof data === 'object' && data !== null)
    res.setHeader('Location', locationOf(row.location, data));

  const packed = row.cache === 'shared' ? packedFor(req, res, stream ?? body) : undefined;
  const tag = res.getHeader('ETag') as string | undefined;
  if (res.statusCode === 200 && isKnown(req.headers['if-none-match'], tag)) {
    stream?.destroy();
    res.statusCode = 304;
    res.end();
    return;
  }
  if (data == null) {
    res.end();
    return;
  }
  if (!res.hasHeader('Content-Type'))
    res.setHeader('Content-Type', meta.$responseType ?? JSON_TYPE);
  if (packed) res.setHeader('Content-Encoding', packed.name);
  if (stream) writeStream(req, res, stream, packed?.packer(), broken);
  else if (packed) writePacked(req, res, packed.pack(body!), broken);
  else writeWhole(req, res, body!);
}

function encoded(data: unknown, type: string | undefined): string | Buffer {
  if (Buffer.isBuffer(data)) return data;
  return typeof data === 'string' && type ? data : JSON.stringify(data);
}

/** How the answer will be packed; its tag and `Vary` say so, also to whoever has it already. */
function packedFor(
  { headers }: IncomingMessage,
  res: ServerResponse,
  body: Readable | string | Buffer | undefined,
): Encoding | undefined {
  if (body === undefined || res.statusCode !== 200) return undefined;
  res.setHeader('Vary', 'Accept-Encoding');
  const bytes = body instanceof Readable ? undefined : Buffer.byteLength(body);
  const encoding = encodingFor(headers['accept-encoding'], bytes);
  const tag = res.getHeader('ETag') as string | undefined;
  if (encoding && tag) res.setHeader('ETag', tagPacked(tag, encoding));
  return encoding;
}

function writeWhole(req: IncomingMessage, res: ServerResponse, body: string | Buffer): void {
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(req.method === 'HEAD' ? undefined : body);
}

function writePacked(
  req: IncomingMessage,
  res: ServerResponse,
  packing: Promise<Buffer>,
  broken: (error: Error) => void,
): void {
  packing
    .then((body) => writeWhole(req, res, body))
    .catch((error) => {
      broken(error);
      res.destroy();
    });
}

function writeStream(
  req: IncomingMessage,
  res: ServerResponse,
  stream: Readable,
  packer: Transform | undefined,
  broken: (error: Error) => void,
): void {
  if (req.method === 'HEAD') {
    stream.destroy();
    res.end();
    return;
  }
  pipeline(packer ? [stream, packer, res] : [stream, res], (error) => {
    if (error && !res.destroyed) broken(error);
  });
}
