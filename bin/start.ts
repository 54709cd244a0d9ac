/**
 * `npm start`: starts the whole system and stays as its supervisor until Ctrl-C, SIGTERM or
 * `npm stop`. Everything it makes lies under RUN_DIR; nothing of it runs after the end.
 *
 *   --fresh     forget all data first
 *   --no-seed   do not fill an empty catalogue with the demo
 *   --gray a,b  run these processes once more, in the gray lane (GRAY)
 */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SETTINGS } from '../config/schema.ts';
import './supervisor/env-file.ts';
import { takeLock } from './supervisor/lock.ts';
import { endLeftovers } from './supervisor/pids.ts';
import { StartError } from './supervisor/program.ts';
import { eventLine, progressLines } from './supervisor/progress.ts';
import type { System } from './supervisor/system.ts';

/** npm passes a terminal's Ctrl-C on, so one press may arrive twice; a second press comes later. */
const SECOND_PRESS_MS = 1_500;
/** A drain that takes longer is worth a line. */
const LONG_DRAIN_MS = 3_000;
const MADE_BY_RUNS = ['data', 'log', 'edge', 'compiled', 'tls', 'secrets.json'];

const out = process.stdout;
const step = progressLines(out);
const runDir = resolve(process.env.RUN_DIR || SETTINGS.runDir.default);

/** What is running, so that a signal can end it in any state. */
let system: System | undefined;
let stopping: Promise<void> | undefined;
let stoppingSinceMs = 0;

interface Options {
  readonly fresh: boolean;
  readonly seed: boolean;
  readonly gray: string | undefined;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        fresh: { type: 'boolean' },
        'no-seed': { type: 'boolean' },
        gray: { type: 'string' },
      },
    });
    return { fresh: values.fresh ?? false, seed: !values['no-seed'], gray: values.gray };
  } catch (error) {
    throw new StartError(`${(error as Error).message} (known: --fresh, --no-seed, --gray a,b)`);
  }
}

async function run(options: Options): Promise<void> {
  const begunMs = performance.now();
  const ended = await endLeftovers(runDir);
  if (ended.length > 0) out.write(`  ended what an earlier run left: ${ended.join(', ')}\n`);
  // It describes a system that does not run any more, and reading it would colour our settings.
  rmSync(join(runDir, 'env.json'), { force: true });
  if (options.fresh)
    for (const name of MADE_BY_RUNS) rmSync(join(runDir, name), { recursive: true, force: true });

  await buildStalePages();
  const { createSystem } = await import('./supervisor/system.ts');
  const { gray = process.env.GRAY } = options;
  system = createSystem(runDir, { ...process.env, GRAY: gray });
  await system.start(step);
  // The demo is made with tokens of /dev/token, which production does not have.
  const wanted = options.seed && system.config.mode === 'sandbox';
  const demo = wanted ? await seedDemo(system) : undefined;
  const { summary } = await import('./supervisor/table.ts');
  out.write(`\n${summary(system.config, system.supervisor, demo)}\n\n`);
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(1);
  out.write(`  ready after ${seconds} s; Ctrl-C (or "npm stop" elsewhere) stops everything\n\n`);
  watch(system);
}

/** The API needs no pages: without them it runs, and says at `/` what is missing. */
async function buildStalePages(): Promise<void> {
  const { arePagesFresh, buildPages } = await import('./pages.ts');
  if (arePagesFresh()) return;
  try {
    await step('pages (npm run build:web shows more)', buildPages);
  } catch (error) {
    out.write(`  ${(error as Error).message}\n`);
  }
}

/** The demo is a courtesy: without it the system still runs, and says what is wrong. */
async function seedDemo({ config }: System) {
  const { seed } = await import('./seed.ts');
  try {
    return await step('demo: shows, plans, sessions', (tell) => seed(config, tell));
  } catch (error) {
    out.write(`  ${(error as Error).message} (${config.runDir}/log)\n`);
    return undefined;
  }
}

/** One line per event of the life of a program. */
function watch({ supervisor }: System): void {
  supervisor.on('exit', ({ name, pid, how }) =>
    eventLine(out, `${name} (pid ${pid}) ended by ${how}; starting it again`),
  );
  supervisor.on('restart', ({ name, pid, waitedMs }) =>
    eventLine(out, `${name} started again after ${waitedMs} ms (pid ${pid})`),
  );
  supervisor.on('ready', ({ name, afterMs }) =>
    eventLine(out, `${name} is ready again, ${afterMs} ms after its start`),
  );
  supervisor.on('stopped', ({ name, tookMs }) => {
    if (tookMs > LONG_DRAIN_MS) eventLine(out, `${name} took ${tookMs} ms to leave`);
  });
}

/** Ends the system and this process, from whatever state; a second press does it at once. */
function stop(reason: string, exitCode: number): void {
  if (stopping) {
    if (Date.now() - stoppingSinceMs > SECOND_PRESS_MS) process.exit(1); // 'exit' ends the children
    return;
  }
  stoppingSinceMs = Date.now();
  out.write(`\n  ${reason}: stopping everything\n`);
  const work = system?.stop() ?? Promise.resolve();
  stopping = work.then(
    () => {
      out.write(`  stopped in ${((Date.now() - stoppingSinceMs) / 1000).toFixed(1)} s\n`);
      process.exit(exitCode);
    },
    (error) => fail(error),
  );
}

/** One line for what is expected to go wrong; a bug leaves its stack in the line's place. */
function fail(error: unknown): void {
  const expected =
    error instanceof StartError || (error as Error).constructor.name === 'ConfigError';
  process.stderr.write(`\n  ${expected ? (error as Error).message : (error as Error).stack}\n`);
  if (system && system.supervisor.names().length > 0) stop('not started', 1);
  else process.exit(1);
}

out.on('error', () => undefined); // a closed terminal must not keep us from draining
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop(signal, 0));
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  const options = readOptions();
  const giveBack = takeLock(runDir);
  process.on('exit', () => {
    system?.supervisor.killAll();
    giveBack();
  });
  run(options).catch((error) => {
    // A stop during the start makes the start fail: that is not news.
    if (!stopping) fail(error);
  });
} catch (error) {
  process.stderr.write(`  ${(error as Error).message}\n`);
  process.exitCode = 1;
}
