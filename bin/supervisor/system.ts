/**
 * The whole system, from nothing to ready: ports, servers, migrations, processes, edge. What
 * `npm start`, the tests of the whole road and the fault injection start is the same.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, grayRows } from '../../config/index.ts';
import { SERVERS, type ServerName } from '../../config/processes.ts';
import { prepareCertificate } from '../certificate.ts';
import { renderEdge } from '../edge.ts';
import { migrate } from '../migrate.ts';
import { followEdgeSettings } from './edge-settings.ts';
import {
  environmentFor,
  forgetEnvironment,
  type Variables,
  writeEnvironment,
} from './environment.ts';
import { mysqlAnswers, natsAnswers, redisAnswers } from './health.ts';
import { edgeAnswers, edgeDir, edgeProgram, processPrograms } from './instances.ts';
import type { NatsUsers } from './nats-users.ts';
import { type PortClaim, portClaims, unmetClaims } from './ports.ts';
import { type Program, StartError } from './program.ts';
import { serverProgram } from './servers.ts';
import { Supervisor } from './supervisor.ts';

/** Runs one step of the start and tells whoever watches; a long one says what it is at. */
export type Step = <T>(
  title: string,
  work: (tell: (detail: string) => void) => Promise<T>,
) => Promise<T>;

export interface System {
  readonly config: Config;
  /** Every setting, spelled out: what each process is given. */
  readonly variables: Readonly<Record<string, string>>;
  readonly supervisor: Supervisor;
  /** From nothing to ready. @throws StartError, ConfigError; the caller then stops it */
  start(step: Step): Promise<void>;
  /** Drains everything; nothing of it is left, whatever state it was in. */
  stop(): Promise<void>;
}

const REACH_MS = 15_000;
const REACH_EVERY_MS = 50;

/** The setting that names a server which exists already, and the question that finds it well. */
const EXISTING: Readonly<
  Record<ServerName, { env: string; answers: (config: Config) => Promise<boolean> }>
> = {
  arbiter: { env: 'ARBITER_URL', answers: ({ arbiterUrl }) => redisAnswers(arbiterUrl) },
  cache: { env: 'CACHE_URL', answers: ({ cacheUrl }) => redisAnswers(cacheUrl) },
  nats: { env: 'NATS_URL', answers: ({ natsUrl }) => natsAnswers(natsUrl) },
  mariadb: { env: 'MYSQL_URL', answers: ({ mysqlUrl }) => mysqlAnswers(mysqlUrl) },
};

/**
 * Prepares a system; nothing runs before its `start`.
 * @param given the variables a human or a test set; they name settings, servers that exist, secrets
 * @param dress each program as it is to be started, e.g. with a proxy's url for a server's
 * @throws ConfigError, StartError with one line
 */
export function createSystem(
  runDir: string,
  given: Variables,
  dress?: (program: Program) => Program,
): System {
  const { config, variables, users } = environmentFor(runDir, given);
  const environment = { ...inherited(), ...variables };
  const supervisor = new Supervisor(config.runDir, environment, dress);
  const own = SERVERS.map(({ name }) => name).filter((name) => !given[EXISTING[name].env]);
  let unfollow = async () => {};
  return {
    config,
    variables,
    supervisor,
    async start(step) {
      await refuseUnmetPorts(config, own);
      await prepareCertificate(config);
      writeEnvironment(config.runDir, variables);
      await step(`servers: ${own.join(', ') || 'none of our own'}`, () =>
        startServers(config, own, users, supervisor),
      );
      await step('database migrations', () => migrate(config.mysqlUrl));
      const programs = processPrograms(config, users);
      await step(`${programs.length} processes`, () =>
        Promise.all(programs.map((program) => supervisor.start(program))),
      );
      await step('edge', async () => {
        await supervisor.start(edgeProgram(config));
        unfollow = followEdgeSettings(config, (changed) => {
          renderEdge(changed, edgeDir(changed));
          supervisor.kill('edge', 'SIGHUP');
        });
        await untilReached(config);
      });
    },
    async stop() {
      await unfollow();
      await supervisor.stopAll();
      forgetEnvironment(config.runDir);
    },
  };
}

/**
 * Nodes hear of each other a moment after they are ready themselves. What is asked here stands for
 * the services that a lock does not need, and that `/readyz` therefore says nothing about.
 */
async function untilReached(config: Config): Promise<void> {
  const probes = [
    () => edgeAnswers(config, '/api/v1/shows?limit=1'),
    ...(config.mode === 'sandbox'
      ? [() => edgeAnswers(config, '/api/v1/dev/token', { uid: 'start' })]
      : []),
  ];
  const until = Date.now() + REACH_MS;
  for (const probe of probes)
    while (!(await probe())) {
      if (Date.now() > until)
        throw new StartError(`not every service is reached through the edge after ${REACH_MS} ms`);
      await sleep(REACH_EVERY_MS);
    }
}

async function startServers(
  config: Config,
  own: readonly ServerName[],
  users: NatsUsers | undefined,
  supervisor: Supervisor,
): Promise<void> {
  const place = {
    dataDir: join(config.runDir, 'data'),
    portBase: config.portBase,
    arbiterFsync: config.arbiterFsync,
    ...(users && { natsUsers: users }),
  };
  const existing = SERVERS.map(({ name }) => name).filter((name) => !own.includes(name));
  await Promise.all([
    ...own.map((name) => supervisor.start(serverProgram(name, place))),
    ...existing.map(async (name) => {
      const { env, answers } = EXISTING[name];
      if (!(await answers(config)))
        throw new StartError(`${env}: nothing usable answers there; correct it, or leave it out`);
    }),
  ]);
}

async function refuseUnmetPorts(config: Config, own: readonly ServerName[]): Promise<void> {
  const others = SERVERS.map(({ name }) => name).filter((name) => !own.includes(name));
  const edge: PortClaim = {
    port: config.edgePort,
    host: config.edgeHost,
    owner: 'edge',
    env: 'EDGE_PORT',
  };
  const claims = portClaims(config.portBase, config.mode, grayRows(config)).filter(
    ({ owner }) => !others.some((name) => owner.startsWith(name)),
  );
  const [first, ...more] = await unmetClaims([edge, ...claims]);
  if (!first) return;
  const also = more.length > 0 ? ` (and ${more.length} more)` : '';
  throw new StartError(
    `port ${first.port} ${first.fault}, and ${first.owner} needs it${also}: ` +
      `free it, or set ${first.env} to another one`,
  );
}

/** The environment without what a test runner or npm put there for itself. */
const inherited = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name, value]) =>
        !/^(VITEST|npm_|TEST$)/.test(name) && !(name === 'NODE_ENV' && value === 'test'),
    ),
  );
