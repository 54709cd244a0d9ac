/**
 * One real door on a real port, reached as the edge reaches it: over HTTP, each request signed.
 * What stands behind it is what a test puts there; the services of other rooms are the outside of
 * this altitude.
 */
import { createHmac } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import jwt from 'jsonwebtoken';
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import type { Door } from '../../config/processes.ts';
import { edgeAuthText } from '../../contracts/claims.ts';
import { useEnvironment } from '../support/servers.ts';

/** Nobody in these tests asks MySQL anything. */
const NO_MYSQL = 'mysql://nobody@127.0.0.1:1/none';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails otherwise
  readonly json: any;
}
export interface Ask {
  readonly method?: string;
  readonly uid?: string;
  readonly role?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** An object is sent as JSON; a string or a buffer as it is. */
  readonly body?: object | string | Buffer;
  /** Without announcing its length. */
  readonly chunked?: boolean;
  /** Instead of the signature that the edge would make. */
  readonly proof?: OutgoingHttpHeaders;
}

/** The first key of a ring, as `kid:secret,…` writes it. */
export const firstOf = (ring: string): { kid: string; secret: string } => {
  const [kid = '', secret = ''] = ring.split(',')[0]!.split(':');
  return { kid, secret };
};

const REQUEST_ID = 'f'.repeat(32);

export async function openDoor(
  door: Door,
  schemas: () => Promise<ServiceSchema[]>,
  more: Readonly<Record<string, string>> = {},
) {
  const env = await useEnvironment({
    MYSQL_URL: NO_MYSQL,
    INSTANCE: `${door}-1`,
    PORT_BASE: String(await freePortBase()),
    SEATS_FRESH_MS: '10',
    SALE_FRESH_MS: '10',
    STREAM_COALESCE_MS: '20',
    STREAM_HEARTBEAT_MS: '500',
    STREAM_LAG_BYTES: '4096',
    STREAM_READERS_MAX: '20',
    DRAIN_MS: '2000',
    ...more,
  });
  const { config } = await import('../../config/index.ts');
  const { default: options } = await import('../../moleculer.config.ts');
  const ofAProcess = new Set(['Lifecycle', 'Health']);
  const broker = new ServiceBroker({
    ...options,
    transporter: undefined,
    middlewares: options.middlewares!.filter(
      (middleware) => !ofAProcess.has((middleware as { name?: string }).name ?? ''),
    ),
    requestTimeout: 700,
  });
  const { default: gateway } = await import('../../services/gateway/gateway.service.ts');
  for (const schema of [gateway as unknown as ServiceSchema, ...(await schemas())])
    broker.createService(schema);
  await broker.start();

  const port = config.instance!.httpPort!;
  const agent = new Agent({ keepAlive: true });
  const edge = firstOf(env.EDGE_KEYS!);
  const issuer = firstOf(env.JWT_KEYS!);

  const proofFor = (method: string, target: string, uid = '', t = Date.now()) => {
    const text = edgeAuthText(t, method, target, uid, REQUEST_ID);
    const mac = createHmac('sha256', edge.secret).update(text).digest('hex');
    return {
      'X-Request-Id': REQUEST_ID,
      'X-Edge-Auth': `t=${t},v1=${mac}`,
      ...(uid && { 'X-Edge-Uid': uid }),
    };
  };
  const tokenFor = (uid: string, role = 'buyer', over: jwt.SignOptions = {}) =>
    jwt.sign({ role }, issuer.secret, {
      subject: uid,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      keyid: issuer.kid,
      expiresIn: 60,
      ...over,
    });

  const ask = (target: string, given: Ask = {}) => {
    const { method = 'GET', uid, role, headers, body, chunked, proof } = given;
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return new Promise<Answer>((resolve, reject) => {
      const req = request(
        {
          agent,
          port,
          host: '127.0.0.1',
          method,
          path: target,
          headers: {
            ...(proof ?? proofFor(method, target, uid)),
            ...(uid && { Authorization: `Bearer ${tokenFor(uid, role)}` }),
            ...(text !== undefined && { 'Content-Type': 'application/json' }),
            ...(chunked && { 'Transfer-Encoding': 'chunked' }),
            ...(text !== undefined && !chunked && { 'Content-Length': Buffer.byteLength(text) }),
            ...headers,
          },
        },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', reject);
          res.on('end', () => {
            const said = Buffer.concat(chunks).toString();
            const isJson = /json/.test(res.headers['content-type'] ?? '') && said !== '';
            const { statusCode: status = 0, headers: answered } = res;
            resolve({ status, headers: answered, text: said, json: isJson && JSON.parse(said) });
          });
        },
      );
      req.on('error', reject);
      req.end(text);
    });
  };
  return {
    env,
    config,
    broker,
    port,
    ask,
    proofFor,
    tokenFor,
    requestId: REQUEST_ID,
    post: (target: string, uid: string, body: Ask['body'] = {}, headers?: Ask['headers']) =>
      ask(target, { method: 'POST', uid, body, headers }),
    async close() {
      await broker.stop();
      agent.destroy();
    },
  };
}
export type OpenDoor = Awaited<ReturnType<typeof openDoor>>;
