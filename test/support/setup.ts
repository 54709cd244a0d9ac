/**
 * Once per run, before the first test that needs servers: a private arbiter, cache, NATS and
 * MariaDB on free ports under `.run/test-<pid>`; gone after the last one. What a run that was
 * killed left behind is ended by the next.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { serverProgram, serverUrl } from '../../bin/supervisor/servers.ts';
import { Supervisor } from '../../bin/supervisor/supervisor.ts';
import { SERVERS } from '../../config/processes.ts';
import { endForgottenRuns, RUNS } from './runs.ts';

export interface ServerUrls {
  readonly arbiterUrl: string;
  readonly cacheUrl: string;
  readonly natsUrl: string;
  /** Without a database: `freshDatabase()` makes one. */
  readonly mysqlUrl: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: ServerUrls;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await endForgottenRuns();
  const runDir = join(RUNS, `test-${process.pid}`);
  const supervisor = new Supervisor(runDir, process.env);
  const killAll = () => supervisor.killAll();
  process.once('exit', killAll);
  const portBase = await freePortBase();
  const place = { dataDir: join(runDir, 'data'), portBase, arbiterFsync: 'always' as const };
  await Promise.all(SERVERS.map(({ name }) => supervisor.start(serverProgram(name, place))));
  project.provide('servers', {
    arbiterUrl: serverUrl('arbiter', portBase),
    cacheUrl: serverUrl('cache', portBase),
    natsUrl: serverUrl('nats', portBase),
    mysqlUrl: serverUrl('mariadb', portBase),
  });
  return async () => {
    await supervisor.stopAll();
    process.off('exit', killAll);
    rmSync(runDir, { recursive: true, force: true });
  };
}
