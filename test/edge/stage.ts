/**
 * A real edge and what stands around it: the doors of the system, the flags hash in the real
 * arbiter, and tokens and permits as their issuers would sign them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';
import { expect, vi } from 'vitest';
import { prepareCertificate } from '../../bin/certificate.ts';
import { renderEdge } from '../../bin/edge.ts';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { type Config, edgeOrigin, readConfig } from '../../config/index.ts';
import { newId } from '../../contracts/ids.ts';
import { keyspace } from '../../contracts/keys.ts';
import { freshNamespace, servers, testKeyrings } from '../support/servers.ts';
import { Doors } from './doors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Record<string, unknown>;
}
export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}
/** Secrets with two keys per ring, so that "any key of the ring" can be told from "the first". */
const keyrings = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(testKeyrings()).map(([name, ring]) => [
      name,
      name === 'ORDER_ID_KEYS' ? ring : `${ring},old:${randomBytes(32).toString('base64url')}`,
    ]),
  );

const base64url = (value: string | Buffer): string => Buffer.from(value).toString('base64url');
const macOf = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text).digest('base64url');

/** A secret of a ring as `kid:secret,…` gives it. */
export const secretOf = (ring: string, kid = ring.split(':')[0]!): string =>
  ring
    .split(',')
    .find((item) => item.startsWith(`${kid}:`))!
    .slice(kid.length + 1);

export interface StageOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** One edge with its surroundings. Whoever starts it ends it. */
export class Stage {
  readonly env: Record<string, string>;
  readonly config: Config;
  readonly dir: string;
  readonly doors: Doors;
  readonly url: string;
  private edge: ChildProcess | undefined;
  /** A connection per request: one that is kept open may be closed by a reload. */
  private readonly agent = new Agent({ pipelining: 0 });

  private constructor(env: Record<string, string>) {
    this.env = env;
    this.config = readConfig(env);
    this.dir = mkdtempSync(join(tmpdir(), 'hotseat-edge-'));
    this.doors = new Doors(this.config);
    this.url = edgeOrigin(this.config, '127.0.0.1');
  }

  static async start({ env }: StageOptions = {}): Promise<Stage> {
    const base = await freePortBase();
    const stage = new Stage({
      NAMESPACE: freshNamespace(),
      PORT_BASE: String(base),
      EDGE_PORT: String(base + 99),
      ARBITER_URL: servers().arbiterUrl,
      CACHE_URL: servers().cacheUrl,
      EDGE_PULL_MS: '50',
      EDGE_KEEP_MS: '1000',
      ...keyrings(),
      ...env,
    });
    try {
      await stage.doors.startAll();
      await stage.run();
    } catch (error) {
      await stage.end();
      throw error;
    }
    return stage;
  }

  /** Starts nginx in the foreground, as the supervisor does, and waits until it answers. */
  private async run(): Promise<void> {
    await prepareCertificate(this.config);
    const { command, args } = renderEdge(this.config, this.dir);
    this.edge = spawn(command, args, { stdio: 'inherit' });
    await vi.waitFor(async () => expect((await this.ask('/healthz')).status).toBe(200), {
      timeout: 10_000,
    });
  }

  /** Asks the edge to leave once it has finished what it has. @returns when it is gone */
  async quit(): Promise<void> {
    const edge = this.edge;
    if (!edge || edge.exitCode !== null) return;
    const gone = once(edge, 'exit');
    edge.kill('SIGQUIT');
    await gone;
  }

  async end(): Promise<void> {
    await this.agent.destroy();
    await this.quit();
    await this.doors.killAll();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
    const answer = await request(this.url + path, {
      method: method as 'GET',
      headers,
      body: body ?? null,
      dispatcher: this.agent,
    });
    const text = await answer.body.text();
    const type = String(answer.headers['content-type'] ?? '');
    const json = type.includes('json') && text !== '' ? JSON.parse(text) : {};
    return { status: answer.statusCode, headers: answer.headers, text, json };
  }

  /** Sends bytes as they are and reads until the edge closes, or until `until` was read. */
  raw(bytes: string, until?: RegExp): Promise<string> {
    return new Promise((done, failed) => {
      let text = '';
      const socket = connect(this.config.edgePort, '127.0.0.1', () => socket.write(bytes));
      socket.setTimeout(5_000, () => socket.destroy(new Error(`no end after: ${text}`)));
      socket.on('data', (chunk) => {
        text += chunk;
        if (until?.test(text)) socket.destroy();
      });
      socket.on('close', () => done(text));
      socket.on('error', failed);
    });
  }

  private get flagsKey(): string {
    return keyspace(this.config.namespace, 1).ofShard(0).flags;
  }

  /** Writes the line of a sale as `lua/lib/flag.lua` does, and waits until the edge has it. */
  async flag(sale: string, line: string): Promise<void> {
    const probe = newSession();
    const redis = new Redis(this.config.arbiterUrl);
    await redis.hset(this.flagsKey, { [sale]: line, [probe]: lineOf({ soldOut: 1 }) });
    redis.disconnect();
    await vi.waitFor(async () => expect((await this.lock(probe)).json.code).toBe('SOLD_OUT'), {
      timeout: 5_000,
      interval: 20,
    });
  }

  /** Asks for seats, with the headers given and no others. */
  lock(sale: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(`/api/v1/sessions/${sale}/locks`, {
      method: 'POST',
      headers,
      body: '{"seats":[1]}',
    });
  }

  /** A signed token; claims and header as given, over those of a good one. */
  token(
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    secret?: string,
  ): string {
    const ring = this.env.JWT_KEYS!;
    const head = { alg: 'HS256', typ: 'JWT', kid: ring.split(':')[0], ...header };
    const body = {
      sub: 'u1',
      role: 'buyer',
      iss: this.config.jwtIssuer,
      aud: this.config.jwtAudience,
      exp: Math.floor(Date.now() / 1_000) + 600,
      ...claims,
    };
    const text = `${base64url(JSON.stringify(head))}.${base64url(JSON.stringify(body))}`;
    return `${text}.${macOf(secret ?? secretOf(ring), text)}`;
  }

  /** A signed permit of a uid for a session. */
  permit(session: string, uid = 'u1', expiresAtMs = Date.now() + 600_000, kid?: string): string {
    const ring = this.env.PERMIT_KEYS!;
    const name = kid ?? ring.split(':')[0]!;
    const text = `${name}|${uid}|${session}|1000|${expiresAtMs}`;
    return `${name}.1000.${expiresAtMs}.${macOf(secretOf(ring, name), text)}`;
  }

  /** The headers of a buyer who may ask for seats of a session. */
  buyer(session: string, more: Record<string, string> = {}, uid = 'u1'): Record<string, string> {
    return {
      Authorization: `Bearer ${this.token({ sub: uid })}`,
      'X-Permit': this.permit(session, uid),
      'Content-Type': 'application/json',
      ...more,
    };
  }

  /** A file of the edge's directory: `nginx.conf`, `edge.json`, `access.log`, `error.log`. */
  file(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8');
  }

  /** Writes the edge's directory again, under changed settings, and tells the running edge. */
  async reload(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const before = this.workers();
    renderEdge(readConfig({ ...this.env, ...env }), this.dir);
    this.edge!.kill('SIGHUP');
    await vi.waitFor(
      () => {
        const now = this.workers();
        expect(now).toHaveLength(2);
        expect(now.filter((pid) => before.includes(pid))).toEqual([]);
      },
      { timeout: 5_000, interval: 10 },
    );
  }

  /** The processes that take new requests; not those that only finish what they have. */
  workers(): number[] {
    const { pid } = this.edge!;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children
      .split(' ')
      .filter((child) => child !== '' && /worker process$/.test(titleOf(child)))
      .map(Number);
  }
}

/** What a process calls itself; nothing when it is gone. */
function titleOf(pid: string): string {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, 'utf8').replace(/[\0\s]+$/, '') : '';
}

export const newSession = (): string => newId(Date.now(), randomBytes);

const HOUR = 3_600_000;

export interface Line {
  readonly switch?: string;
  readonly opensAtMs?: number;
  readonly closesAtMs?: number;
  readonly soldOut?: 0 | 1;
}

/** A sale's line in the flags hash: open from an hour ago until in an hour, with seats left. */
export function lineOf(line: Line = {}): string {
  const { opensAtMs = Date.now() - HOUR, closesAtMs = Date.now() + HOUR, soldOut = 0 } = line;
  return [line.switch ?? 'OPEN', opensAtMs, closesAtMs, opensAtMs, soldOut].join(' ');
}

/** Says that an answer is a refusal of the edge: the word, its status, and all members of one. */
export function expectRefusal(answer: Answer, status: number, word: string): void {
  expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code: word });
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  expect(answer.json).toMatchObject({
    type: `/problems/${word}`,
    status,
    title: expect.any(String),
    detail: expect.any(String),
    instance: expect.any(String),
    requestId: answer.headers['x-request-id'],
  });
}
