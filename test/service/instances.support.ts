/** An instance of the table as a process of its own, as the supervisor would start it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Running {
  readonly child: ChildProcess;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
  readonly log: Promise<string>;
}

/** Starts the trial service under the name of an instance. Whoever starts it ends it. */
export function startInstance(name: string, env: Readonly<Record<string, string>>): Running {
  const child = spawn(
    process.execPath,
    [
      'node_modules/moleculer/bin/moleculer-runner.js',
      ...['--config', 'moleculer.config.ts', '--mask', '**/*.service.ts'],
      'test/service/health.services',
    ],
    {
      cwd: resolve(import.meta.dirname, '../..'),
      env: { ...process.env, ...env, INSTANCE: name, NODEID: name },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, ended, log: text(child.stdout!) };
}
