/**
 * `npm stop`: asks the supervisor of RUN_DIR to drain everything, and waits until it has. Where a
 * supervisor died without doing so, ends what it left behind.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SETTINGS } from '../config/schema.ts';
import './supervisor/env-file.ts';
import { holderOf } from './supervisor/lock.ts';
import { endLeftovers, signalProcess } from './supervisor/pids.ts';

/** Every wave of the drain at its worst. */
const PATIENCE_MS = 90_000;

const runDir = resolve(process.env.RUN_DIR || SETTINGS.runDir.default);
const say = (line: string) => process.stdout.write(`  ${line}\n`);

async function stopSupervisor(pid: number): Promise<void> {
  const begunMs = Date.now();
  say(`asking the supervisor (pid ${pid}) to stop everything`);
  signalProcess(pid, 'SIGTERM');
  while (holderOf(runDir) === pid) {
    if (Date.now() - begunMs > PATIENCE_MS) {
      say(`it still runs after ${PATIENCE_MS / 1000} s: its logs are in ${runDir}/log`);
      process.exitCode = 1;
      return;
    }
    await sleep(100);
  }
  say(`stopped in ${((Date.now() - begunMs) / 1000).toFixed(1)} s`);
}

const pid = holderOf(runDir);
if (pid !== undefined) await stopSupervisor(pid);
else {
  const ended = await endLeftovers(runDir);
  if (ended.length > 0) say(`no supervisor; ended what it left: ${ended.join(', ')}`);
  else say(`nothing runs on ${runDir}`);
}
