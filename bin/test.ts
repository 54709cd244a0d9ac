/**
 * `npm test`: style, types, then every test from cheap to dear. Arguments go to vitest, which then
 * runs alone: `npm test -- test/lua`.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const REPO = resolve(import.meta.dirname, '..');
const asked = process.argv.slice(2);

interface Stage {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
}

const bin = (name: string) => join(REPO, 'node_modules/.bin', name);
const CHECKS: readonly Stage[] = [
  { title: 'style', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { title: 'style of Lua', command: 'luacheck', args: ['--quiet', 'lua', 'openresty'] },
  { title: 'types', command: bin('tsc'), args: ['--noEmit'] },
  { title: 'types of the pages', command: bin('vue-tsc'), args: ['--noEmit', '-p', 'web'] },
];
const TESTS: Stage = { title: 'tests', command: bin('vitest'), args: ['run', ...asked] };

/** Runs a stage with its own output. @returns whether it went well */
function runStage({ title, command, args }: Stage): boolean {
  const begunMs = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: REPO, stdio: 'inherit' });
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(1);
  const reason = error ? ` (${error.message})` : '';
  console.log(`  ${status === 0 ? '✓' : '✗'} ${title}${reason}  ${seconds} s`);
  return status === 0;
}

// Every check speaks, even when an earlier one has failed: one run tells everything.
const stages = asked.length > 0 ? [TESTS] : [...CHECKS, TESTS];
const failed = stages.filter((stage) => !runStage(stage));
if (failed.length > 0) {
  console.log(`\n  failed: ${failed.map(({ title }) => title).join(', ')}`);
  process.exitCode = 1;
}
