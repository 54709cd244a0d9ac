/**
 * Whose core is whose, and what a process has cost. The client shares a core with the edge it asks:
 * each then finds a batch of work when its turn comes, as both would under a flood, and the worker
 * pays for no wakeup per request. On two cores a slow client would hide what a refusal costs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const pinning = spawnSync('taskset', ['--version']).status === 0;

/** The cores this process may use, before it pins itself. */
const cores = /^Cpus_allowed_list:\s*(\S+)/m
  .exec(readFileSync('/proc/self/status', 'utf8'))![1]!
  .split(',')
  .flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: last! - first! + 1 }, (_, n) => first! + n);
  });
const MEASURED = String(cores[0]);
const OTHERS = cores.length > 1 ? cores.slice(1).join(',') : MEASURED;

export type Place = 'measured' | 'others';
const coresOf = (place: Place) => (place === 'measured' ? MEASURED : OTHERS);

/** A command line that runs in its place. */
export const pinned = (place: Place, command: string, args: readonly string[]) =>
  pinning
    ? { command: 'taskset', args: ['-c', coresOf(place), command, ...args] }
    : { command, args: [...args] };

/** Moves a running process, all its threads, to its place. */
export function pin(place: Place, pid: number): void {
  if (pinning) spawnSync('taskset', ['-a', '-c', '-p', coresOf(place), String(pid)]);
}

/**
 * Makes a process a batch task: when an answer wakes it, it does not take the core from whoever is
 * in the middle of a batch of work.
 */
export function giveWay(pid: number): void {
  if (pinning) spawnSync('chrt', ['-a', '--batch', '-p', '0', String(pid)]);
}

/** Nanoseconds a process of one thread has had of a core, ever. */
export const cpuNsOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]);
