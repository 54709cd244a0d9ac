/**
 * What a power cut takes from the arbiter: the last second of its append-only file, or all of it.
 * The file's size is looked at all the time, so that one knows where a second ago ended.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Supervisor } from '../supervisor/supervisor.ts';

const EVERY_MS = 100;
const LOST_MS = 1_000;
const KEPT_MS = 5_000;
/** What the arbiter may still write before its disk is full. */
const ROOM_BYTES = 100;

interface Sample {
  readonly atMs: number;
  readonly path: string;
  readonly bytes: number;
}

export class AppendOnlyFile {
  readonly #dir: string;
  readonly #timer: NodeJS.Timeout;
  #samples: Sample[] = [];

  /** @param dir of the arbiter's data */
  constructor(dir: string) {
    this.#dir = dir;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Cuts off what was written in the last second; the arbiter must be down. */
  loseSecond(): void {
    const now = this.#size();
    const untilMs = performance.now() - LOST_MS;
    const then = this.#samples.findLast(({ atMs, path }) => atMs <= untilMs && path === now?.path);
    // A file that is younger than a second is lost whole.
    if (now) truncateSync(now.path, then?.bytes ?? 0);
  }

  loseAll(): void {
    for (const name of readdirSync(this.#dir))
      rmSync(join(this.#dir, name), { recursive: true, force: true });
  }

  /** The disk is full: the arbiter cannot write on. */
  fill(pid: number): void {
    limit(pid, String((this.#size()?.bytes ?? 0) + ROOM_BYTES));
  }

  #look(): void {
    const sample = this.#size();
    if (!sample) return;
    this.#samples = this.#samples.filter(({ atMs }) => sample.atMs - atMs < KEPT_MS);
    this.#samples.push(sample);
  }

  #size(): Sample | undefined {
    const dir = join(this.#dir, 'appendonlydir');
    try {
      const name = readdirSync(dir).findLast((file) => file.endsWith('.incr.aof'));
      if (!name) return undefined;
      const path = join(dir, name);
      return { atMs: performance.now(), path, bytes: statSync(path).size };
    } catch (error) {
      // Between two files, or all lost.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** How large a file of a process may be: the soft limit, because the hard one never grows. */
function limit(pid: number, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], { stdio: 'ignore' });
}

/** Its disk has room again. A process that ended meanwhile has no limit. */
export function empty(supervisor: Supervisor): void {
  const pid = supervisor.pidOf('arbiter');
  if (pid !== undefined) limit(pid, 'unlimited');
}
