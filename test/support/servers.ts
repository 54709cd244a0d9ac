/**
 * What a test asks for when it needs real servers: the shared ones of this run, and inside them a
 * namespace and a database nobody else has.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { migrate } from '../../bin/migrate.ts';
import type { NatsUsers } from '../../bin/supervisor/nats-users.ts';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { serverProgram, serverUrl } from '../../bin/supervisor/servers.ts';
import { Supervisor } from '../../bin/supervisor/supervisor.ts';
import type { ServerName } from '../../config/processes.ts';
import type { ServerUrls } from './setup.ts';

/** The servers that all tests of this run share. Nobody may stop or flush them. */
export const servers = (): ServerUrls => inject('servers');

/** A namespace nobody else has: no key, stream or node is shared with another test. */
export const freshNamespace = (): string => `t${randomBytes(4).toString('hex')}`;

/** Makes and migrates a database of its own. @returns its mysql:// url */
export async function freshDatabase(): Promise<string> {
  const mysqlUrl = `${servers().mysqlUrl}/${freshNamespace()}`;
  await migrate(mysqlUrl);
  return mysqlUrl;
}

const testKeyring = () => `test:${randomBytes(32).toString('base64url')}`;

/** The keyrings of a system, made up. */
export const testKeyrings = (): Record<string, string> => ({
  JWT_KEYS: testKeyring(),
  PERMIT_KEYS: testKeyring(),
  EDGE_KEYS: testKeyring(),
  ORDER_ID_KEYS: testKeyring(),
  WEBHOOK_KEYS: testKeyring(),
});

/**
 * Puts a fresh namespace, a fresh migrated database, the shared servers and made-up keys into
 * `process.env`. Call it before the first (dynamic) import of anything that reads `config`.
 * @param overrides further variables, which win
 */
export async function useEnvironment(
  overrides: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const { arbiterUrl, cacheUrl, natsUrl } = servers();
  const env = {
    MODE: 'sandbox',
    NAMESPACE: freshNamespace(),
    RUN_DIR: join(tmpdir(), 'no-running-system'),
    ARBITER_URL: arbiterUrl,
    CACHE_URL: cacheUrl,
    NATS_URL: natsUrl,
    MYSQL_URL: overrides.MYSQL_URL ?? (await freshDatabase()),
    LOG_LEVEL: 'warn',
    ...testKeyrings(),
    ...overrides,
  };
  Object.assign(process.env, env);
  return env;
}

/** One server of a test's own, to be killed, paused and restarted at will. */
export interface PrivateServer {
  readonly url: string;
  kill(signal?: NodeJS.Signals): void;
  pause(): void;
  resume(): void;
  /** Drains it, for good unless `start` follows. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Waits until it answers (again): a killed one comes back by itself. */
  waitReady(): Promise<void>;
  /** Leaves nothing behind. Whoever started it calls this. */
  end(): Promise<void>;
}

/** Starts a server of one's own. @param natsUsers who may log in to a NATS; else anybody */
export async function privateServer(
  name: ServerName,
  natsUsers?: NatsUsers,
): Promise<PrivateServer> {
  const runDir = join(tmpdir(), `hotseat-test-${randomBytes(6).toString('hex')}`);
  const portBase = await freePortBase();
  const supervisor = new Supervisor(runDir, process.env);
  const program = serverProgram(name, {
    dataDir: join(runDir, 'data'),
    portBase,
    arbiterFsync: 'always',
    ...(natsUsers && { natsUsers }),
  });
  const killAll = () => supervisor.killAll();
  process.once('exit', killAll);
  await supervisor.start(program);
  return {
    url: serverUrl(name, portBase),
    kill: (signal) => supervisor.kill(name, signal),
    pause: () => supervisor.pause(name),
    resume: () => supervisor.resume(name),
    stop: () => supervisor.stop(name),
    start: () => supervisor.start(program),
    waitReady: () => supervisor.waitReady(name),
    end: async () => {
      await supervisor.stopAll();
      process.off('exit', killAll);
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}
