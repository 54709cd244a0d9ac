/**
 * `npm run chaos`: a system of its own under load and faults, and proof that it stayed sound. Exit
 * 0 when every invariant holds, 1 when one is broken, 2 when the run could not take place.
 */
import { CHAOS_USAGE, readOptions, UsageError } from './chaos/options.ts';
import { isSound, print } from './chaos/report.ts';
import { chaos } from './chaos/run.ts';
import { UsageError as StageError } from './rush/options.ts';
import { StartError } from './supervisor/program.ts';

/** npm passes a terminal's Ctrl-C on, so one press may arrive twice; a second press comes later. */
const SECOND_PRESS_MS = 1_500;

/** The first press ends the faults, heals and checks; the second ends everything at once. */
function untilPressed(): AbortSignal {
  const stop = new AbortController();
  let pressedMs = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (!stop.signal.aborted) pressedMs = performance.now();
      else if (performance.now() - pressedMs > SECOND_PRESS_MS) process.exit(2);
      stop.abort();
    });
  return stop.signal;
}

try {
  const options = readOptions(process.argv.slice(2), process.env.SEED);
  if (options === 'help') process.stdout.write(CHAOS_USAGE);
  else {
    const startedMs = performance.now();
    const seconds = () => ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6);
    const say = (line: string) => process.stderr.write(`${seconds()} s  ${line}\n`);
    say(`seed ${options.seed}`);
    const report = await chaos(options, say, untilPressed());
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : print(report));
    process.exitCode = isSound(report) ? 0 : 1;
  }
} catch (error) {
  const expected = [UsageError, StageError, StartError].some((known) => error instanceof known);
  process.stderr.write(`chaos: ${expected ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = 2;
}
