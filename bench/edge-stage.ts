/**
 * The stage of `bench:edge`: a real arbiter with a hundred sales, Node at its quickest, and two
 * edges of one worker each, which differ in their limits alone: the wide one refuses nobody for
 * asking often, the narrow one nearly everybody.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import jwt from 'jsonwebtoken';
import { renderEdge } from '../bin/edge.ts';
import { freePortBase } from '../bin/supervisor/ports.ts';
import { type Config, readConfig } from '../config/index.ts';
import { instancesOf } from '../config/processes.ts';
import { SETTINGS } from '../config/schema.ts';
import { permitText } from '../contracts/claims.ts';
import { newId, newOrderId } from '../contracts/ids.ts';
import { cacheKey, keyspace } from '../contracts/keys.ts';
import type { SaleTerms } from '../contracts/sale.ts';
import { type Arbiter, createArbiter } from '../lua/arbiter.ts';
import { plainHall } from '../test/lua/hall.ts';
import { giveWay, type Place, pin, pinned } from './pinned.ts';
import { benchRedis } from './redis.ts';
import { openTerms } from './terms.ts';

/** Where {@link freePortBase} has looked for the edge's own. */
const EDGE_OFFSET = 99;
export const SALES = 100;
const HOUR = 3_600_000;
const READY_MS = 10_000;
const LOOK_MS = 20;

const UNLIMITED = '1000000';
const WIDE = {
  EDGE_IP_RATE: UNLIMITED,
  EDGE_IP_BURST: UNLIMITED,
  EDGE_UID_RATE: '100000',
  EDGE_UID_BURST: '100000',
};
const NARROW = {
  EDGE_IP_RATE: '1',
  EDGE_IP_BURST: '1',
  EDGE_UID_RATE: '1',
  EDGE_UID_BURST: '1',
};

/** Sales in the states the gates tell apart. `reserved`: who did not reserve has no business. */
export interface Sales {
  readonly open: string;
  readonly soldOut: string;
  readonly closed: string;
  readonly reserved: string;
}

export interface Edge {
  readonly port: number;
  /** Its only worker. */
  readonly worker: number;
}

export interface Stage {
  readonly wide: Edge;
  readonly narrow: Edge;
  readonly sales: Sales;
  token(uid: string): string;
  permit(uid: string, sale: string): string;
  end(): Promise<void>;
}

/** Sets the stage; this process then shares a core with both edges. Whoever sets it ends it. */
export async function setStage(): Promise<Stage> {
  const { redis, end: endRedis } = await benchRedis({ appendonly: 'no' });
  const cast = new Cast();
  const keyrings = Object.values(SETTINGS).filter(({ type }) => type === 'keyring');
  const url = `redis://127.0.0.1:${redis.options.port}`;
  const shared = {
    NAMESPACE: 'bench',
    ARBITER_URL: url,
    CACHE_URL: url,
    EDGE_WORKERS: '1',
    ...Object.fromEntries(
      keyrings.map(({ env }) => [env, `k1:${randomBytes(32).toString('hex')}`]),
    ),
  };
  const config = await configOn({ ...shared, ...WIDE });
  const keys = keyspace(config.namespace, config.shards);
  const sales = await openSales(createArbiter({ redis, keys }), config);
  // As the catalogue's processes do (mixins/generation.ts): without one, a second is a generation.
  const generation = cacheKey(config.namespace, 'catalogue:generation');
  await redis.set(generation, newId(Date.now(), randomBytes));
  cast.startNode(config);
  const wide = await cast.startEdge(config);
  // after the wide one has taken its ports
  const narrow = await cast.startEdge(await configOn({ ...shared, ...NARROW }));
  pin('measured', process.pid);
  giveWay(process.pid);
  return {
    wide,
    narrow,
    sales,
    token: tokensOf(config),
    permit: permitsOf(config),
    end: async () => {
      await cast.end();
      await endRedis();
    },
  };
}

/** The processes on the stage, and their directories. */
class Cast {
  private readonly children: ChildProcess[] = [];
  private readonly dirs: string[] = [];
  // a master that is killed leaves its worker behind, so it is asked
  private readonly ask = () => this.children.forEach((child) => void child.kill('SIGTERM'));

  constructor() {
    process.once('exit', this.ask);
  }

  startNode({ portBase, mode }: Config): void {
    const doors = instancesOf(portBase, mode).filter(({ row }) => row.door);
    const ports = doors.map(({ httpPort }) => String(httpPort));
    this.start('others', process.execPath, [
      join(import.meta.dirname, 'edge-upstream.ts'),
      ...ports,
    ]);
  }

  async startEdge(config: Config): Promise<Edge> {
    const dir = mkdtempSync(join(tmpdir(), 'bench-edge-'));
    this.dirs.push(dir);
    const { command, args } = renderEdge(config, dir);
    const master = this.start('measured', command, args);
    return { port: config.edgePort, worker: await workerOf(master) };
  }

  async end(): Promise<void> {
    const gone = this.children
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map((child) => once(child, 'exit'));
    this.ask();
    await Promise.all(gone);
    process.off('exit', this.ask);
    for (const dir of this.dirs) rmSync(dir, { recursive: true, force: true });
  }

  private start(place: Place, command: string, args: readonly string[]): ChildProcess {
    const line = pinned(place, command, args);
    const child = spawn(line.command, line.args, { stdio: 'inherit' });
    this.children.push(child);
    return child;
  }
}

/** A configuration on ports that are free now. */
async function configOn(env: Readonly<Record<string, string>>): Promise<Config> {
  const base = await freePortBase();
  return readConfig({ ...env, PORT_BASE: String(base), EDGE_PORT: String(base + EDGE_OFFSET) });
}

/** The worker of an edge, once there is one. */
async function workerOf({ pid }: ChildProcess): Promise<number> {
  const isWorker = (child: string) =>
    child !== '' && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('worker process');
  const untilMs = performance.now() + READY_MS;
  while (performance.now() < untilMs) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    const worker = children.find(isWorker);
    if (worker) return Number(worker);
    await sleep(LOOK_MS);
  }
  throw new Error('the edge has no worker');
}

/** Opens the sales of the cases, and others beside them up to a hundred. */
async function openSales(arbiter: Arbiter, { shards, orderIdKeys }: Config): Promise<Sales> {
  for (let shard = 0; shard < shards; shard++) await arbiter.adopt(shard, 1);
  const nowMs = Date.now();
  const terms = openTerms(nowMs);
  const open = async (more: Partial<SaleTerms> = {}) => {
    const sale = newId(nowMs, randomBytes);
    await arbiter.open(sale, plainHall(2), { A: 1 }, { ...terms, ...more });
    return sale;
  };
  const sales = {
    open: await open(),
    soldOut: await open(),
    closed: await open({ closesAtMs: nowMs - 1 }),
    reserved: await open({ reservationRequired: true }),
  };
  for (let n = Object.keys(sales).length; n < SALES; n++) await open();
  const uid = 'early';
  await arbiter.reserve(sales.reserved, uid, terms.reservationOpensAtMs);
  const key = orderIdKeys.values().next().value!;
  const orderId = newOrderId(sales.soldOut, uid, key, nowMs, randomBytes);
  await arbiter.lock({ sale: sales.soldOut, uid, orderId, requestId: uid, seats: [0, 1] });
  return sales;
}

const firstOf = (ring: Config['jwtKeys']) => ring.entries().next().value!;

function tokensOf({ jwtKeys, jwtIssuer: issuer, jwtAudience: audience }: Config): Stage['token'] {
  const [keyid, key] = firstOf(jwtKeys);
  return (subject) =>
    jwt.sign({ role: 'buyer' }, key, { subject, issuer, audience, keyid, expiresIn: '1h' });
}

function permitsOf({ permitKeys }: Config): Stage['permit'] {
  const [kid, key] = firstOf(permitKeys);
  const times = { notBeforeMs: Date.now() - HOUR, expiresAtMs: Date.now() + HOUR };
  return (uid, sessionId) => {
    const text = permitText(kid, { uid, sessionId, ...times });
    const mac = createHmac('sha256', key).update(text).digest('base64url');
    return [kid, times.notBeforeMs, times.expiresAtMs, mac].join('.');
  };
}
