/**
 * Log files of bounded size. A program writes straight into its file (opened for append), so
 * nothing is lost or held up when the supervisor is away; a file that has grown is copied to
 * `<file>.1` and cut to nothing in place, which an appending writer does not notice.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';

const TELLING_MAX = 300;
const LOG_BYTES_MAX = 20 * 1024 * 1024;

export const logPath = (runDir: string, name: string): string => join(runDir, 'log', `${name}.log`);

/** Begins a new log; the one of the run before becomes `<file>.1`. */
export function beginLog(runDir: string, name: string): void {
  const path = logPath(runDir, name);
  mkdirSync(join(runDir, 'log'), { recursive: true });
  if (existsSync(path)) renameSync(path, `${path}.1`);
  closeSync(openSync(path, 'a'));
}

/** A descriptor to hand to a child; the caller closes its own copy. */
export const openLog = (runDir: string, name: string): number =>
  openSync(logPath(runDir, name), 'a');

export function trimLog(path: string): void {
  if (!existsSync(path) || statSync(path).size < LOG_BYTES_MAX) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}

/** The line of a log that most likely says why its program failed: the last that speaks of it. */
export function tellingLine(runDir: string, name: string): string {
  const path = logPath(runDir, name);
  if (!existsSync(path)) return '';
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const telling = lines.filter((line) => /error|fatal|fail/i.test(line) && !/Aborting/.test(line));
  return essence((telling.at(-1) ?? lines.at(-1) ?? '').trim()).slice(0, TELLING_MAX);
}

/** What a line of our own JSON log says, without the rest of it. */
function essence(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter(Boolean).join(': ') || line;
  } catch {
    return line; // a server's log, or a stack
  }
}
