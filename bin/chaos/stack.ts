/**
 * A whole system for the nemesis: servers, processes and edge as `npm start` has them, on free
 * ports under a run directory of its own, with a wire that can go bad before each server and a
 * clock that can go wrong in each process.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../../config/index.ts';
import { freePortBase } from '../supervisor/ports.ts';
import type { Program } from '../supervisor/program.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { createSystem, type Step, type System } from '../supervisor/system.ts';
import { WIRES, type WireName } from './faults.ts';
import { BadWire } from './proxy.ts';

export interface ChaosStack {
  /** Its servers as they are, without the wires. */
  readonly config: Config;
  readonly supervisor: Supervisor;
  readonly wires: Readonly<Record<WireName, BadWire>>;
  readonly dirs: { readonly run: string; readonly arbiter: string; readonly clocks: string };
  start(step: Step): Promise<void>;
  /** Drains everything; nothing of it is left. */
  stop(): Promise<void>;
}

const EDGE_OFFSET = 99;
const PRELOAD = pathToFileURL(resolve(import.meta.dirname, 'skew.ts')).href;

/**
 * Short lives, so that a run of a minute sees many ends, and slow roads that come soon enough to be
 * seen at work. What is waited for in vain is what the defaults are.
 */
export const SHORT = {
  LOCK_MS_DEFAULT: '5000',
  PAY_GRACE_MS: '5000',
  CHANNEL_IDLE_MS: '5000',
  SWEEP_EVERY_MS: '3000',
  SWEEP_LATE_MS: '3000',
  RECONCILE_EVERY_MS: '10000',
} as const;

/** The setting that names what is behind a wire. */
const URL_OF: Readonly<Record<WireName, { env: string; of: (config: Config) => string }>> = {
  arbiter: { env: 'ARBITER_URL', of: ({ arbiterUrl }) => arbiterUrl },
  cache: { env: 'CACHE_URL', of: ({ cacheUrl }) => cacheUrl },
  nats: { env: 'NATS_URL', of: ({ natsUrl }) => natsUrl },
  mariadb: { env: 'MYSQL_URL', of: ({ mysqlUrl }) => mysqlUrl },
  provider: { env: 'PROVIDER_URL', of: ({ providerUrl }) => providerUrl },
  // The provider sends its webhooks where the public reaches us.
  webhook: { env: 'PUBLIC_URL', of: ({ publicUrl }) => publicUrl },
};

/** Prepares a stack; nothing runs before its `start`. */
export async function createStack(
  runDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<ChaosStack> {
  const portBase = await freePortBase();
  const dirs = {
    run: runDir,
    arbiter: join(runDir, 'data/arbiter'),
    clocks: join(runDir, 'clocks'),
  };
  mkdirSync(dirs.clocks, { recursive: true });
  // Filled before the first program starts: the environment is read then.
  const detours: Record<string, string> = {};
  const system: System = createSystem(
    runDir,
    {
      MODE: 'sandbox',
      PORT_BASE: String(portBase),
      EDGE_PORT: String(portBase + EDGE_OFFSET),
      ...SHORT,
      ...settings,
    },
    (program) => dressed(program, detours, dirs.clocks),
  );
  const { config, supervisor } = system;
  const wires = Object.fromEntries(
    WIRES.map((name) => {
      const { hostname, port } = new URL(URL_OF[name].of(config));
      return [name, new BadWire(hostname, Number(port))];
    }),
  ) as Record<WireName, BadWire>;
  return {
    config,
    supervisor,
    wires,
    dirs,
    async start(step) {
      for (const name of WIRES) {
        const url = new URL(URL_OF[name].of(config));
        url.port = String(await wires[name].listen());
        detours[URL_OF[name].env] = url.href.replace(/\/$/, '');
      }
      await system.start(step);
    },
    async stop() {
      for (const wire of Object.values(wires)) wire.heal();
      await system.stop();
      await Promise.all(Object.values(wires).map((wire) => wire.close()));
    },
  };
}

/** The same detour for a program with a login of its own. */
function asItLogsIn(detour: string, own = detour): string {
  const url = new URL(detour);
  const { username, password } = new URL(own);
  Object.assign(url, { username, password });
  return url.href.replace(/\/$/, '');
}

/**
 * A program as it runs here: a process of ours goes through the wires and can have its clock set;
 * the arbiter outlives a full disk as it would a real one, as an error and not as a signal.
 */
function dressed(program: Program, detours: Record<string, string>, clocks: string): Program {
  if (program.env?.INSTANCE) {
    const options = { CHAOS_CLOCKS: clocks, NODE_OPTIONS: `--import ${PRELOAD}` };
    const env = Object.entries(detours).map(([name, url]) => [
      name,
      asItLogsIn(url, program.env?.[name]),
    ]);
    return { ...program, env: { ...program.env, ...Object.fromEntries(env), ...options } };
  }
  if (program.name !== 'arbiter') return program;
  const script = `trap '' XFSZ; exec "$0" "$@"`;
  return { ...program, command: '/bin/sh', args: ['-c', script, program.command, ...program.args] };
}
