/**
 * The record of what the supervisor started: one file per program under `<run dir>/pids`. Every
 * program leads a process group of its own, so a group id finds its children too. A recorded pid is
 * only ever signalled while its start mark still fits: a recycled pid is somebody else.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from './files.ts';
import { processes, processOf } from './process-table.ts';

interface PidRecord {
  readonly name: string;
  readonly pid: number;
  readonly mark: string;
}

const folder = (runDir: string) => join(runDir, 'pids');
const fileOf = (runDir: string, name: string) => join(folder(runDir), `${name}.json`);

/** Writes down a program that was just started; one that is already gone leaves no record. */
export function recordPid(runDir: string, name: string, pid: number): void {
  const mark = processOf(pid)?.mark;
  if (mark === undefined) return;
  const record: PidRecord = { name, pid, mark };
  writeWhole(fileOf(runDir, name), JSON.stringify(record));
}

export function forgetPid(runDir: string, name: string): void {
  rmSync(fileOf(runDir, name), { force: true });
}

function recorded(runDir: string): PidRecord[] {
  let names: string[];
  try {
    names = readdirSync(folder(runDir));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder(runDir), file), 'utf8')) as PidRecord);
}

/** The living processes of a record: the leader if it is still the same, and its group. */
function living({ pid, mark }: PidRecord): number[] {
  const leader = processOf(pid);
  if (leader && leader.mark !== mark) return [];
  // With the leader gone its children keep the group id, which no new process can get meanwhile.
  return processes()
    .filter(({ group }) => group === pid)
    .map((entry) => entry.pid);
}

/**
 * Ends what an earlier run left behind, politely and then not, and forgets it.
 * @returns the names of the programs that were still there
 */
export async function endLeftovers(runDir: string, politeMs = 3_000): Promise<string[]> {
  const records = recorded(runDir);
  const found = records.filter((record) => living(record).length > 0);
  signalAll(found, 'SIGCONT');
  signalAll(found, 'SIGTERM');
  const until = Date.now() + politeMs;
  while (Date.now() < until && found.some((record) => living(record).length > 0)) await sleep(50);
  for (let tries = 0; tries < 100; tries++) {
    if (!found.some((record) => living(record).length > 0)) break;
    signalAll(found, 'SIGKILL');
    await sleep(20);
  }
  for (const { name } of records) forgetPid(runDir, name);
  return found.map(({ name }) => name);
}

function signalAll(records: readonly PidRecord[], signal: NodeJS.Signals): void {
  for (const pid of records.flatMap(living)) signalProcess(pid, signal);
}

/** Signals a process (or, negative, a group); one that is already gone is no fault. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
