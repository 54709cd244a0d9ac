/**
 * A whole system for a test: every server, every process and the edge, on free ports with a run
 * directory of its own, through the same supervisor as `npm start`. Its logs stay when a test of
 * the file failed, and are named.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { memoryOf } from '../../bin/supervisor/memory.ts';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import type { Supervisor } from '../../bin/supervisor/supervisor.ts';
import { createSystem } from '../../bin/supervisor/system.ts';
import type { Config } from '../../config/index.ts';
import { endForgottenRuns, RUNS } from './runs.ts';

export interface StackOptions {
  /** Settings by their variable, e.g. `{ LOCK_MS_DEFAULT: '5000' }`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Fill the catalogue with the demo; off unless asked for. */
  readonly seed?: boolean;
}

export interface Stack {
  /** The edge, without a path. */
  readonly url: string;
  readonly config: Config;
  /** Every setting as the processes have it: what a tool in another process has to be given. */
  readonly env: Readonly<Record<string, string>>;
  readonly runDir: string;
  readonly supervisor: Supervisor;
  /** Sends a signal (SIGKILL) to a process or server; it comes back by itself. */
  kill(name: string, signal?: NodeJS.Signals): void;
  pause(name: string): void;
  resume(name: string): void;
  /** Drains it, starts it again, waits until it is ready. */
  restart(name: string): Promise<void>;
  /** Drains it, for good. */
  stopOne(name: string): Promise<void>;
  waitReady(name: string, timeoutMs?: number): Promise<void>;
  pidOf(name: string): number | undefined;
  /** Resident bytes by program. */
  memory(): Map<string, number>;
  /** Drains everything. Whoever started a stack stops it. */
  stop(options?: { keepLogs?: boolean }): Promise<void>;
}

/** Above the ports of processes and servers, below the next base. */
const EDGE_OFFSET = 99;

/**
 * One system for all tests of a file (or of the `describe` it is called in): started before the
 * first, stopped after the last, its logs kept and named when one of them failed.
 * @returns the system, for use inside a test
 */
export function useStack(options: StackOptions = {}): () => Stack {
  let stack: Stack | undefined;
  let failed = false;
  beforeAll(async () => {
    stack = await startStack(options);
  });
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  afterAll(() => stack?.stop({ keepLogs: failed }));
  return () => stack!;
}

/** Starts a system and waits until all of it is ready. Whoever starts one stops it. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  await endForgottenRuns();
  const runDir = join(RUNS, `stack-${process.pid}-${randomBytes(3).toString('hex')}`);
  const portBase = await freePortBase();
  const system = createSystem(runDir, {
    MODE: 'sandbox',
    PORT_BASE: String(portBase),
    EDGE_PORT: String(portBase + EDGE_OFFSET),
    ...options.env,
  });
  const { supervisor, config } = system;
  const killAll = () => supervisor.killAll();
  process.once('exit', killAll);
  const stop: Stack['stop'] = async ({ keepLogs = false } = {}) => {
    await system.stop();
    process.off('exit', killAll);
    if (keepLogs) console.error(`the logs of this stack are in ${join(runDir, 'log')}`);
    rmSync(keepLogs ? join(runDir, 'data') : runDir, { recursive: true, force: true });
  };
  try {
    await system.start((_title, work) => work(() => undefined));
    if (options.seed) {
      const { seed } = await import('../../bin/seed.ts');
      await seed(config);
    }
  } catch (error) {
    await stop({ keepLogs: true });
    throw error;
  }
  return {
    url: config.publicUrl,
    config,
    env: system.variables,
    runDir,
    supervisor,
    kill: (name, signal) => supervisor.kill(name, signal),
    pause: (name) => supervisor.pause(name),
    resume: (name) => supervisor.resume(name),
    restart: (name) => supervisor.restart(name),
    stopOne: (name) => supervisor.stop(name),
    waitReady: (name, timeoutMs) => supervisor.waitReady(name, timeoutMs),
    pidOf: (name) => supervisor.pidOf(name),
    memory: () => memoryOf(supervisor),
    stop,
  };
}
