/** What a human may ask of `npm run chaos`, and what each word defaults to. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAULT_NAMES, type FaultName } from './faults.ts';
import { readSchedule, type Strike } from './schedule.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Buyers on their way at once. */
  readonly buyers: number;
  readonly sales: number;
  /** Pages that watch the hall of each sale. */
  readonly watchers: number;
  /** Strikes instead of those that follow from the seed. */
  readonly schedule?: readonly Strike[];
  /** Faults that are left out. */
  readonly without: readonly FaultName[];
  /** Keep history, schedule and logs of a sound run too. */
  readonly keep: boolean;
  readonly json: boolean;
}

export const CHAOS_DEFAULTS: ChaosOptions = {
  seed: 1,
  seconds: 60,
  buyers: 40,
  sales: 2,
  watchers: 50,
  without: [],
  keep: false,
  json: false,
};

export const CHAOS_USAGE = `npm run chaos -- [options]

Starts a system of its own, sends buyers through its edge, strikes every process, server, wire and
clock of it by a schedule that follows from the seed, heals everything, waits until nothing is on
its way, and checks what must always be true. Exit 0: sound. 1: not; history, schedule and logs are
kept. 2: it could not run.

  --seconds N       how long faults strike (${CHAOS_DEFAULTS.seconds})
  --seed N          the same seed gives the same schedule; also SEED=N (${CHAOS_DEFAULTS.seed})
  --buyers N        buyers on their way at once (${CHAOS_DEFAULTS.buyers})
  --sales N         sales at once (${CHAOS_DEFAULTS.sales})
  --watchers N      live streams each sale is watched on (${CHAOS_DEFAULTS.watchers})
  --schedule FILE   the strikes of a file, e.g. of the schedule.json that a run kept
  --without FAULT   leave a fault out; may be repeated
                    (${FAULT_NAMES.slice(0, 10).join(', ')},
                    ${FAULT_NAMES.slice(10).join(', ')})
  --keep            keep history, schedule and logs of a sound run too
  --json            print the report as JSON only
`;

/** A wish that cannot be granted; its message is one line for the human who typed it. */
export class UsageError extends Error {}

/**
 * Reads the command line. `help` when the human asked what there is to ask.
 * @param seedGiven the variable SEED
 */
export function readOptions(
  args: readonly string[],
  seedGiven: string | undefined,
): ChaosOptions | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  const whole = (name: string, given: string | undefined, fallback: number, max: number) => {
    const value = given === undefined ? fallback : Number(given);
    if (!Number.isInteger(value) || value < 1 || value > max)
      throw new UsageError(`--${name}: must be a whole number from 1 to ${max}`);
    return value;
  };
  const without = (values.without ?? []) as FaultName[];
  const unknown = without.find((fault) => !FAULT_NAMES.includes(fault));
  if (unknown) throw new UsageError(`--without ${unknown}: there is no such fault`);
  const { seed, seconds, buyers, sales, watchers } = CHAOS_DEFAULTS;
  return {
    seed: whole('seed', values.seed ?? seedGiven, seed, 2 ** 32 - 1),
    seconds: whole('seconds', values.seconds, seconds, 24 * 3_600),
    buyers: whole('buyers', values.buyers, buyers, 5_000),
    sales: whole('sales', values.sales, sales, 20),
    watchers: whole('watchers', values.watchers, watchers, 1_000),
    without,
    keep: values.keep ?? false,
    json: values.json ?? false,
    ...(values.schedule && { schedule: scheduleIn(values.schedule) }),
  };
}

function scheduleIn(path: string): Strike[] {
  try {
    return readSchedule(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--schedule ${path}: ${(error as Error).message}`);
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: text,
        seconds: text,
        buyers: text,
        sales: text,
        watchers: text,
        schedule: text,
        without: { type: 'string', multiple: true },
        keep: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
