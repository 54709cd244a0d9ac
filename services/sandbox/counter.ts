/**
 * The provider's own HTTP API, on loopback, for `services/payment` (the calls are listed in its
 * `provider.ts`). Only who signs with our webhook key is served.
 */
import type { KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Validators } from 'moleculer';
import { wordOf } from '../../contracts/errors.ts';
import { isSigned, SIGNATURE_HEADER } from '../../contracts/signature.ts';
import { closePayment, createPayment, findPayment, refundPayment } from './books.ts';
import { type CallName, faultsFor } from './faults.ts';

const BODY_MAX = 4_096;

interface Answer {
  readonly status: number;
  readonly body: object;
}
type Handler = (id: string, body: Record<string, unknown>) => Promise<Answer>;
interface Route {
  readonly call: CallName;
  readonly method: string;
  readonly path: RegExp;
  /** What its body must be. */
  readonly fits: (body: Record<string, unknown>) => unknown;
  readonly handle: Handler;
}

const validator = new Validators.Fastest();
const ID = { type: 'string', min: 1, max: 64 };
const FEN = { type: 'number', integer: true, min: 0, max: 4_294_967_295 };
const empty = validator.compile({ $$strict: true });
const ok = (body: object): Answer => ({ status: 200, body });

const ROUTES: readonly Route[] = [
  {
    call: 'create',
    method: 'PUT',
    path: /^\/payments\/([^/]{1,64})$/,
    fits: validator.compile({
      $$strict: true,
      orderId: ID,
      amountFen: FEN,
      currency: { type: 'equal', value: 'CNY' },
      expiresAt: { type: 'string', max: 40 },
    }),
    handle: async (paymentId, { orderId, amountFen, expiresAt }) =>
      ok(
        await createPayment({
          paymentId,
          orderId: orderId as string,
          amountFen: amountFen as number,
          expiresAtMs: Date.parse(expiresAt as string),
        }),
      ),
  },
  {
    call: 'query',
    method: 'GET',
    path: /^\/payments\/([^/]{1,64})$/,
    fits: empty,
    handle: async (paymentId) => {
      const payment = await findPayment(paymentId);
      return payment ? ok(payment) : { status: 404, body: {} };
    },
  },
  {
    call: 'close',
    method: 'POST',
    path: /^\/payments\/([^/]{1,64})\/close$/,
    fits: empty,
    handle: async (paymentId) => ok(await closePayment(paymentId)),
  },
  {
    call: 'refund',
    method: 'PUT',
    path: /^\/refunds\/([^/]{1,64})$/,
    fits: validator.compile({ $$strict: true, paymentId: ID, amountFen: FEN }),
    handle: async (refundId, { paymentId, amountFen }) => {
      const outcome = await refundPayment(refundId, paymentId as string, amountFen as number);
      return { status: { done: 200, refused: 409, unknown: 404 }[outcome], body: { refundId } };
    },
  },
];

/** Opens the counter. @throws when the port is taken */
export async function openCounter(port: number, keys: () => Iterable<KeyObject>): Promise<Server> {
  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    serve(request, keys(), gone.signal).then(
      ({ status, body }) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify(body)),
      (error: unknown) => {
        const word = wordOf(error);
        response.writeHead(word === 'NOT_FOUND' ? 404 : 503).end('{}');
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

/** Closes the counter; who is being served is waited for, idle connections are not. */
export async function closeCounter(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await closed;
}

/** @param gone the one who asked is no longer there */
async function serve(
  request: IncomingMessage,
  keys: Iterable<KeyObject>,
  gone: AbortSignal,
): Promise<Answer> {
  const { method = '', url = '' } = request;
  const text = await bodyOf(request);
  if (text === undefined) return { status: 413, body: {} };
  const header = request.headers[SIGNATURE_HEADER];
  if (!isSigned(`${method} ${url} ${text}`, String(header), keys, Date.now()))
    return { status: 401, body: {} };
  const route = ROUTES.find((row) => row.method === method && row.path.test(url));
  if (!route) return { status: 404, body: {} };
  const body = parse(text === '' ? '{}' : text);
  if (body === undefined || route.fits(body) !== true) return { status: 422, body: {} };
  const id = decodeURIComponent(route.path.exec(url)![1]!);
  const faults = await faultsFor(route.call, String(body.paymentId ?? id));
  const refused = faults.find(({ fault }) => fault === 'refuse');
  if (refused) return { status: refused.status, body: {} };
  const answer = await route.handle(id, body);
  const hang = faults.find(({ fault }) => fault === 'hang');
  if (hang) await sleep(hang.ms, undefined, { signal: gone }).catch(() => undefined);
  return answer;
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > BODY_MAX) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    return isObject ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
