/**
 * Who lives on this machine: pid, group, start and memory of every process. The start mark is what
 * tells a process apart from a later one that was given the same pid, even across a reboot.
 * Linux answers from /proc; elsewhere `ps` does.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
  /** Equal for one and the same process only. */
  readonly mark: string;
}

const onLinux = process.platform === 'linux';
const bootId = onLinux ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '';

/** The process, or undefined when there is none (a zombie is none). */
export function processOf(pid: number): ProcessEntry | undefined {
  if (onLinux) return readStat(pid);
  return processes().find((entry) => entry.pid === pid);
}

/** Every process that lives now. */
export function processes(): ProcessEntry[] {
  if (!onLinux) return listByPs();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** Resident bytes of all processes of these groups, by group. */
export function residentBytes(groups: readonly number[]): Map<number, number> {
  const bytes = new Map(groups.map((group) => [group, 0]));
  for (const { pid, group } of processes())
    if (bytes.has(group)) bytes.set(group, bytes.get(group)! + residentOf(pid));
  return bytes;
}

function readStat(pid: number): ProcessEntry | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name in brackets may hold anything; what follows the last bracket is columns 3, 4, …
  const columns = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (columns[0] === 'Z' || columns[0] === 'X') return undefined;
  return { pid, group: Number(columns[2]), mark: `${bootId}:${columns[19]}` };
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function residentOf(pid: number): number {
  if (onLinux) {
    const status = readProc(`/proc/${pid}/status`) ?? '';
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }
  const kilobytes = ps(['-o', 'rss=', '-p', String(pid)]);
  return Number(kilobytes.trim() || 0) * 1024;
}

function listByPs(): ProcessEntry[] {
  return ps(['-A', '-o', 'pid=,pgid=,stat=,lstart='])
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line))
    .filter((match) => match !== null && !match[3]!.startsWith('Z'))
    .map((match) => ({
      pid: Number(match![1]),
      group: Number(match![2]),
      mark: match![4]!.trim(),
    }));
}

/** `ps` exits 1 when nobody matches: that is an empty answer. */
function ps(args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    if ((error as { status?: number }).status === 1) return '';
    throw error;
  }
}
