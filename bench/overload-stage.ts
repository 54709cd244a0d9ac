/**
 * The stage of `bench:overload`: one rush process as it is in production, door and seckill in one,
 * with an arbiter and a NATS of its own, all on one core; whoever asks is on another.
 */
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import jwt from 'jsonwebtoken';
import { freePortBase } from '../bin/supervisor/ports.ts';
import { serverProgram, serverUrl } from '../bin/supervisor/servers.ts';
import { Supervisor } from '../bin/supervisor/supervisor.ts';
import { type Config, readConfig } from '../config/index.ts';
import { instancesOf } from '../config/processes.ts';
import { SETTINGS } from '../config/schema.ts';
import { edgeAuthText, permitText } from '../contracts/claims.ts';
import type { FlowReport } from '../contracts/flow.ts';
import { newId, newOrderId } from '../contracts/ids.ts';
import { keyspace } from '../contracts/keys.ts';
import { createArbiter } from '../lua/arbiter.ts';
import { plainHall } from '../test/lua/hall.ts';
import type { Asked } from './overload-load.ts';
import { pin, pinned } from './pinned.ts';
import { benchRedis } from './redis.ts';
import { openTerms } from './terms.ts';

const ROOT = join(import.meta.dirname, '..');
const HOUR = 3_600_000;
const READY_MS = 20_000;
const LOOK_MS = 50;
const UID = 'late';
const INSTANCE = 'rush-1';
const firstOf = (ring: Config['jwtKeys']) => ring.entries().next().value!;

export interface OverloadStage {
  /** A lock in a sale that is sold out, as the edge would pass it on now; good for a minute. */
  asked(): Asked;
  isShedding(): Promise<boolean>;
  end(): Promise<void>;
}

/** Sets the stage; this process then shares no core with it. Whoever sets it ends it. */
export async function setOverloadStage(): Promise<OverloadStage> {
  const runDir = mkdtempSync(join(tmpdir(), 'bench-overload-'));
  const { redis, end: endRedis } = await benchRedis({ appendonly: 'no' });
  const supervisor = new Supervisor(runDir, process.env);
  const portBase = await freePortBase();
  const place = { dataDir: join(runDir, 'data'), portBase, arbiterFsync: 'always' } as const;
  await supervisor.start(serverProgram('nats', place));
  const url = `redis://127.0.0.1:${redis.options.port}`;
  const keyrings = Object.values(SETTINGS).filter(({ type }) => type === 'keyring');
  const env = {
    NAMESPACE: 'bench',
    RUN_DIR: runDir,
    PORT_BASE: String(portBase),
    ARBITER_URL: url,
    CACHE_URL: url,
    NATS_URL: serverUrl('nats', portBase),
    LOG_LEVEL: 'fatal',
    INSTANCE,
    NODEID: INSTANCE,
    ...Object.fromEntries(
      keyrings.map((ring) => [ring.env, `k1:${randomBytes(32).toString('hex')}`]),
    ),
  };
  const config = readConfig(env);
  const sale = await sellOut(
    createArbiter({ redis, keys: keyspace('bench', config.shards) }),
    config,
  );
  const runner = [
    'node_modules/moleculer/bin/moleculer-runner.js',
    '--config',
    'moleculer.config.ts',
  ];
  const services = ['--mask', '**/*.service.ts', 'services/gateway', 'services/seckill'];
  const { command, args } = pinned('measured', process.execPath, [...runner, ...services]);
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const { pid } = await redis.info('server').then((info) => ({
    pid: Number(/^process_id:(\d+)/m.exec(info)![1]),
  }));
  pin('measured', pid);
  pin('others', process.pid);
  const { port, httpPort } = instancesOf(portBase, config.mode).find(
    ({ name }) => name === INSTANCE,
  )!;
  const flow = async () =>
    (await (await fetch(`http://127.0.0.1:${port}/flow`)).json()) as FlowReport;
  await ready(() => fetch(`http://127.0.0.1:${port}/ready`).then(({ ok }) => ok));
  return {
    asked: () => ({ port: httpPort!, request: lockOf(config, sale), status: 409 }),

    isShedding: async () => (await flow()).overload.shedding,
    end: async () => {
      kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      process.off('exit', kill);
      await supervisor.stopAll();
      await endRedis();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

async function ready(look: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + READY_MS;
  while (!(await look().catch(() => false))) {
    if (performance.now() > untilMs) throw new Error('the rush process is not ready');
    await sleep(LOOK_MS);
  }
}

/** Opens a sale of two seats, and locks both. */
async function sellOut(
  arbiter: ReturnType<typeof createArbiter>,
  { shards, orderIdKeys }: Config,
): Promise<string> {
  for (let shard = 0; shard < shards; shard++) await arbiter.adopt(shard, 1);
  const nowMs = Date.now();
  const terms = openTerms(nowMs);
  const sale = newId(nowMs, randomBytes);
  await arbiter.open(sale, plainHall(2), { A: 1 }, terms);
  const orderId = newOrderId(sale, 'early', firstOf(orderIdKeys)[1], nowMs, randomBytes);
  await arbiter.lock({ sale, uid: 'early', orderId, requestId: 'early', seats: [0, 1] });
  return sale;
}

function lockOf(config: Config, sale: string): Buffer {
  const [keyid, key] = firstOf(config.jwtKeys);
  const { jwtIssuer: issuer, jwtAudience: audience } = config;
  const token = jwt.sign({ role: 'buyer' }, key, {
    ...{ subject: UID, issuer, audience, keyid, expiresIn: '1h' },
  });
  const target = `/api/v1/sessions/${sale}/locks`;
  const requestId = randomBytes(16).toString('hex');
  const t = Date.now();
  const proof = createHmac('sha256', firstOf(config.edgeKeys)[1])
    .update(edgeAuthText(t, 'POST', target, UID, requestId))
    .digest('hex');
  const body = '{"seats":[0,1]}';
  const lines = [
    `POST ${target} HTTP/1.1`,
    'Host: bench',
    `X-Request-Id: ${requestId}`,
    `X-Edge-Auth: t=${t},v1=${proof}`,
    `X-Edge-Uid: ${UID}`,
    `Authorization: Bearer ${token}`,
    `X-Permit: ${permitOf(config, sale)}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function permitOf({ permitKeys }: Config, sessionId: string): string {
  const [kid, key] = firstOf(permitKeys);
  const times = { notBeforeMs: Date.now() - HOUR, expiresAtMs: Date.now() + HOUR };
  const text = permitText(kid, { uid: UID, sessionId, ...times });
  const mac = createHmac('sha256', key).update(text).digest('base64url');
  return [kid, times.notBeforeMs, times.expiresAtMs, mac].join('.');
}
