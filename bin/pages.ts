/**
 * The pages, built when they are missing or older than what they are made of. The building is a
 * process of its own: what it needs is installed for development only.
 */
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPO = resolve(import.meta.dirname, '..');
const BUILT = join(REPO, 'web/dist/index.html');
/** `contracts` holds the shapes that the pages share with the services. */
const MADE_OF = ['web/src', 'web/seat-map', 'web/docs', 'web/public', 'contracts/layout.ts'];
const AND_OF = ['web/index.html', 'web/docs.html', 'web/vite.config.ts', 'package-lock.json'];
const VITE = join(REPO, 'node_modules/vite/bin/vite.js');
const TAIL_CHARS = 600;

/** When a file, or anything under a folder, was changed last; 0 for what is not there. */
function changedMs(path: string): number {
  const here = statSync(join(REPO, path), { throwIfNoEntry: false });
  if (!here?.isDirectory()) return here?.mtimeMs ?? 0;
  const names = readdirSync(join(REPO, path));
  return Math.max(here.mtimeMs, ...names.map((name) => changedMs(join(path, name))));
}

/** True when there is nothing to build. */
export function arePagesFresh(): boolean {
  const builtMs = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return builtMs > Math.max(...[...MADE_OF, ...AND_OF].map(changedMs));
}

/** Builds the pages. @throws Error with the end of what the builder said */
export async function buildPages(): Promise<void> {
  const args = [VITE, 'build', 'web', '--logLevel', 'warn'];
  const child = spawn(process.execPath, args, {
    cwd: REPO,
    // A test runner says `test`, and Vue would then bring all it has for developers.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-TAIL_CHARS);
    });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`the pages were not built: ${said.trim() || `exit ${code}`}`);
}
