/**
 * Short questions to a port: does somebody listen, and is it well? Every probe answers true or
 * false within a second and never throws: "not yet" is the usual answer during a start.
 */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { createConnection } from 'mysql2/promise';
import { natsConnection } from '../../mixins/nats.ts';

const PROBE_MS = 1_000;
/** A process that is ill may take longer to say what it lacks. */
const ANSWER_MS = 3_000;
const BODY_MAX = 300;

const PORT_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken',
  EACCES: 'is not open to this user',
  EADDRNOTAVAIL: 'is on no address of this machine',
};

/** Why one cannot listen on a port of an address; undefined when one can. */
export function portFault(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      resolve(PORT_FAULTS[code ?? ''] ?? `cannot be opened (${message})`),
    );
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** What to ask, when it is more than an address. */
export interface Question {
  /** Posted as JSON. */
  readonly body?: object;
  /** Of an https address: whom to believe. By what name it is called here does not matter. */
  readonly certificate?: string;
}

/** True when the address answers with a 2xx. */
export async function answersOk(url: string, question: Question = {}): Promise<boolean> {
  try {
    const { status } = await ask(url, question, PROBE_MS);
    return status >= 200 && status < 300;
  } catch {
    return false;
  }
}

/** What an address answers, whatever its status; why it does not, when it does not. */
export async function bodyOf(url: string, question: Question = {}): Promise<string> {
  try {
    const { said } = await ask(url, question, ANSWER_MS);
    return said.slice(0, BODY_MAX);
  } catch (error) {
    return (error as Error).message;
  }
}

/** One request on a connection of its own, and its whole answer. */
async function ask(url: string, { body, certificate }: Question, timeoutMs: number) {
  const request = (url.startsWith('https:') ? https : http).request(url, {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'content-type': 'application/json' } : {},
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    ...(certificate && {
      ca: certificate,
      allowPartialTrustChain: true,
      checkServerIdentity: () => undefined,
    }),
  });
  request.on('error', () => undefined); // who waits for the answer is told
  request.end(body && JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, said: await text(response) };
}

/** What a TCP server says after `greeting`, up to the first line; empty when it does not. */
function firstLine(host: string, port: number, greeting: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let text = '';
    const end = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(PROBE_MS, end);
    socket.once('connect', () => socket.write(greeting));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n')) end();
    });
    socket.once('error', end);
    socket.once('close', end);
  });
}

/** True when the Redis behind the url answers PONG (a Redis that loads its file does not). */
export async function redisAnswers(url: string): Promise<boolean> {
  const { hostname, port, password, username } = new URL(url);
  const login = password
    ? `AUTH ${decodeURIComponent(username || 'default')} ${decodeURIComponent(password)}\r\n`
    : '';
  const said = await firstLine(hostname, Number(port || 6379), `${login}PING\r\n`);
  return said.startsWith(login ? '+OK' : '+PONG');
}

/** True when the NATS behind the url lets us in. */
export async function natsAnswers(url: string): Promise<boolean> {
  try {
    const connection = await natsConnection(url, 'start');
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

/** True when MySQL behind the url lets us in; the database itself may be missing. */
export async function mysqlAnswers(url: string): Promise<boolean> {
  try {
    const connection = await createConnection({
      ...mysqlLogin(url),
      connectTimeout: PROBE_MS,
    });
    await connection.query('SELECT 1');
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

/** Host, port, user and password of a mysql:// url, without its database. */
export function mysqlLogin(url: string): {
  host: string;
  port: number;
  user: string;
  password: string;
} {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username || 'root'),
    password: decodeURIComponent(password),
  };
}
