/** A config centre and two processes that hear it, each a process of its own, on a private NATS. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBroker } from 'moleculer';
import { connect, type NatsConnection } from 'nats';
import { expect, vi } from 'vitest';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { instancesOf } from '../../config/processes.ts';
import type { ActionName, Actions } from '../../contracts/actions.ts';
import { configBucket } from '../../contracts/config.ts';
import { privateServer, useEnvironment } from '../support/servers.ts';

const ROOT = join(import.meta.dirname, '../..');
const CENTRE = 'services/config-center';
const TRIAL = 'test/service/health.services';
/** What hears the centre in these tests: any process does. */
export const HEARERS = ['order-1', 'order-2'];
const PATIENCE = { timeout: 20_000, interval: 25 };

/** What a process says of the settings in force in it. */
export interface Report {
  readonly epoch: number;
  readonly revision: number;
  readonly sessions: number;
  readonly values: Readonly<Record<string, unknown>>;
}

export async function startCentre() {
  const nats = await privateServer('nats');
  const portBase = await freePortBase();
  const runDir = join(tmpdir(), `hotseat-config-${process.pid}-${portBase}`);
  const env = await useEnvironment({
    NATS_URL: nats.url,
    PORT_BASE: String(portBase),
    RUN_DIR: runDir,
    MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
    DUE_BATCH: '300',
  });
  const children = new Map<string, ChildProcess>();
  const portOf = (name: string) =>
    instancesOf(portBase, 'sandbox').find((instance) => instance.name === name)!.port;

  const start = (name: string, services = TRIAL) => {
    const child = spawn(
      process.execPath,
      [
        'node_modules/moleculer/bin/moleculer-runner.js',
        ...['--config', 'moleculer.config.ts', '--mask', '**/*.service.ts'],
        services,
      ],
      {
        cwd: ROOT,
        env: { ...process.env, ...env, INSTANCE: name, NODEID: name, LOG_LEVEL: 'error' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    children.set(name, child);
  };
  const kill = async (name: string) => {
    const child = children.get(name)!;
    children.delete(name);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const report = async (name: string): Promise<Report> =>
    (await (await fetch(`http://127.0.0.1:${portOf(name)}/config`)).json()) as Report;

  const broker = new ServiceBroker({
    namespace: env.NAMESPACE!,
    nodeID: 'operator',
    transporter: {
      type: 'NATS',
      options: { url: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 },
    },
    logger: false,
    requestTimeout: 5_000,
    registry: { stopDelay: 0 },
    skipProcessEventRegistration: true,
  });
  const ask = <Name extends ActionName>(
    name: Name,
    params: Actions[Name]['params'],
    role: string | undefined = 'operator',
  ): Promise<Actions[Name]['result']> =>
    broker.call(name, params, {
      meta: { requestId: 'r1', ...(role && { user: { uid: 'opal', role } }) },
    });
  /** Waits until every hearer says so. */
  const everywhere = (what: (report: Report) => unknown, expected: unknown) =>
    vi.waitFor(async () => {
      const reports = await Promise.all(HEARERS.map(report));
      expect(reports.map(what)).toEqual(HEARERS.map(() => expected));
    }, PATIENCE);
  const open = () => vi.waitFor(() => ask('config-center.list', {}), PATIENCE);

  const end = async () => {
    for (const name of [...children.keys()]) await kill(name);
    await broker.stop();
    await nats.end();
    rmSync(runDir, { recursive: true, force: true });
  };
  for (const name of HEARERS) start(name);
  start('config-center-1', CENTRE);
  try {
    await broker.start();
    await open();
    await everywhere(({ revision }) => revision, 0);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    env,
    nats,
    broker,
    bucket: configBucket(env.NAMESPACE!),
    startHearer: (name: string) => start(name),
    startCentre: () => start('config-center-1', CENTRE),
    kill,
    report,
    ask,
    everywhere,
    open,
    /** The bucket as somebody sees it who may write it by hand. */
    byHand: (): Promise<NatsConnection> => connect({ servers: new URL(nats.url).host }),
    end,
  };
}
export type Centre = Awaited<ReturnType<typeof startCentre>>;

/** The word of a refusal and where it points, or what was thrown instead. */
export const refusedWith = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => 'accepted',
    (error: { type?: string; message: string; data?: { errors?: { pointer?: string }[] } }) =>
      [error.type ?? error.message, error.data?.errors?.[0]?.pointer].filter(Boolean).join(' '),
  );
