/**
 * Run directories of tests: `.run/<what>-<pid>…`, so that a later run can tell which of them belong
 * to a process that was killed before it could clean up, and does so.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endLeftovers } from '../../bin/supervisor/pids.ts';
import { processOf } from '../../bin/supervisor/process-table.ts';

export const RUNS = resolve(import.meta.dirname, '../../.run');

/** Ends the servers of test runs that do not exist any more, and removes their files. */
export async function endForgottenRuns(): Promise<void> {
  mkdirSync(RUNS, { recursive: true });
  for (const name of readdirSync(RUNS)) {
    const pid = Number(/^(?:test|stack|start|chaos)-(\d+)/.exec(name)?.[1]);
    if (!pid || processOf(pid)) continue;
    await endLeftovers(join(RUNS, name));
    rmSync(join(RUNS, name), { recursive: true, force: true });
  }
}
