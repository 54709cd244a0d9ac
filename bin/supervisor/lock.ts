/**
 * One supervisor per run directory. The lock names its holder by pid and start mark, so that the
 * lock of a supervisor that died (or of another process with its old pid) is taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processOf } from './process-table.ts';
import { StartError } from './program.ts';

interface LockText {
  readonly pid: number;
  readonly mark: string;
}

const lockPath = (runDir: string) => join(runDir, 'lock');

/** The pid of the supervisor that runs on this directory now. */
export function holderOf(runDir: string): number | undefined {
  const text = readLock(lockPath(runDir));
  return text && processOf(text.pid)?.mark === text.mark ? text.pid : undefined;
}

/**
 * Takes the lock for this process.
 * @returns a function that gives it back
 * @throws StartError when a living supervisor has it
 */
export function takeLock(runDir: string): () => void {
  mkdirSync(runDir, { recursive: true });
  const path = lockPath(runDir);
  const mine = `${path}.${process.pid}`;
  const own: LockText = { pid: process.pid, mark: processOf(process.pid)!.mark };
  // Written aside and linked into place: nobody ever reads half a lock.
  writeFileSync(mine, JSON.stringify(own));
  try {
    if (!link(mine, path)) takeOver(runDir, mine, path);
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(path, { force: true });
}

function takeOver(runDir: string, mine: string, path: string): void {
  const holder = holderOf(runDir);
  if (holder !== undefined) throw alreadyRunning(runDir, holder);
  const stale = readFileSync(path, 'utf8');
  const aside = `${mine}.stale`;
  renameSync(path, aside);
  const moved = readFileSync(aside, 'utf8');
  // Somebody else was quicker and what we moved is a fresh lock: it goes back.
  if (moved !== stale) link(aside, path);
  rmSync(aside);
  if (!link(mine, path)) throw alreadyRunning(runDir, holderOf(runDir));
}

const alreadyRunning = (runDir: string, pid: number | undefined) =>
  new StartError(
    `already running with data in ${runDir} (pid ${pid ?? 'unknown'}): ` +
      '"npm stop" ends it; RUN_DIR, PORT_BASE and EDGE_PORT start another beside it',
  );

/** False when the lock is there already. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(path: string): LockText | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LockText;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
