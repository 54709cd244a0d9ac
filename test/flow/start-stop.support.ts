/**
 * `npm start` as a human has it: `bin/start.ts` as a child process with its own run directory and
 * ports, and what it says.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { processes, processOf } from '../../bin/supervisor/process-table.ts';
import { endForgottenRuns, RUNS } from '../support/runs.ts';

const BIN = join(import.meta.dirname, '../../bin');
const EDGE_OFFSET = 99;
let count = 0;

/** A run of a command of `bin/`, from its start to its end. */
export class Run {
  readonly child: ChildProcess;
  said = '';

  constructor(
    command: 'start.ts' | 'stop.ts',
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ) {
    this.child = spawn(process.execPath, [join(BIN, command), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream!.on('data', (chunk: Buffer) => {
        this.said += chunk.toString();
      });
  }

  /** Waits until it says something. @throws when it ends first, or takes too long */
  async says(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (!pattern.test(this.said)) {
      if (Date.now() > until || this.child.exitCode !== null)
        throw new Error(`never said ${pattern}:\n${this.said}`);
      await sleep(20);
    }
  }

  /** Waits for its end. @returns its exit code */
  async end(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null)
      await once(this.child, 'exit');
    return this.child.exitCode;
  }
}

/** A run directory with ports of its own, in which `bin/start.ts` may be run again and again. */
export class Place {
  readonly runDir: string;
  readonly portBase: number;
  readonly env: Readonly<Record<string, string>>;
  readonly #runs: Run[] = [];

  constructor(runDir: string, portBase: number) {
    this.runDir = runDir;
    this.portBase = portBase;
    this.env = {
      MODE: 'sandbox', // vitest has a MODE of its own
      RUN_DIR: runDir,
      PORT_BASE: String(portBase),
      EDGE_PORT: String(portBase + EDGE_OFFSET),
    };
  }

  /** Runs `bin/start.ts`, without the demo. */
  run(env: Readonly<Record<string, string>> = {}, ...args: string[]): Run {
    const run = new Run('start.ts', { ...this.env, ...env }, ['--no-seed', ...args]);
    this.#runs.push(run);
    return run;
  }

  /** Runs `bin/stop.ts`. */
  stop(): Run {
    return new Run('stop.ts', this.env);
  }

  /** What the supervisor has on record, by name. */
  pids(): Map<string, number> {
    const records = filesIn(join(this.runDir, 'pids')).map(
      (file) =>
        JSON.parse(readFileSync(join(this.runDir, 'pids', file), 'utf8')) as {
          name: string;
          pid: number;
        },
    );
    return new Map(records.map(({ name, pid }) => [name, pid]));
  }

  /** Ends whatever still runs, and removes the directory. */
  async clear(): Promise<void> {
    for (const run of this.#runs) {
      run.child.kill('SIGTERM');
      await run.end();
    }
    rmSync(this.runDir, { recursive: true, force: true });
  }
}

export async function freshPlace(): Promise<Place> {
  await endForgottenRuns();
  const runDir = join(RUNS, `start-${process.pid}-${count++}`);
  return new Place(runDir, await freePortBase());
}

/** The names in a directory; none when there is no directory. */
export const filesIn = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/** Which of these processes, or of the groups they led, still live. */
export const alive = (pids: Iterable<number>): number[] => {
  const groups = new Set(processes().map(({ group }) => group));
  return [...pids].filter((pid) => processOf(pid) || groups.has(pid));
};

/** Waits until something is so. @throws with the question when it never is */
export async function until(
  question: string,
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<number> {
  const begunMs = Date.now();
  while (!(await isSo())) {
    if (Date.now() - begunMs > timeoutMs) throw new Error(`never: ${question}`);
    await sleep(20);
  }
  return Date.now() - begunMs;
}
