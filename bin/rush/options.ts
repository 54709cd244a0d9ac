/** What a human may ask of `npm run rush`, and what each word defaults to. */
import { parseArgs } from 'node:util';

export interface RushOptions {
  readonly buyers: number;
  /** Buyers' requests in flight at once. */
  readonly concurrency: number;
  /** The same seed gives each buyer the same wishes; who wins a seat is up to the race. */
  readonly seed: number;
  /** How long an unpaid lock lives in the session that rush makes. */
  readonly lockMs: number;
  readonly seatsPerBuyerMax: number;
  /** Buyers still on the road after this long are called back. */
  readonly limitMs: number;
  /** Rush on this session instead of a fresh one. */
  readonly session?: string;
  /** A pretix seating plan to import and rush on, instead of the seeded concert hall. */
  readonly plan?: string;
  /** Zones of the plan without neighbours. */
  readonly standing: readonly string[];
  readonly url?: string;
  readonly json: boolean;
}

export const RUSH_DEFAULTS: RushOptions = {
  buyers: 2_000,
  concurrency: 200,
  seed: 1,
  lockMs: 20_000,
  seatsPerBuyerMax: 4,
  limitMs: 180_000,
  standing: [],
  json: false,
};

export const RUSH_USAGE = `npm run rush -- [options]

Sends virtual buyers down the whole road through the edge, then checks that nothing was sold twice
and nothing was lost. Without --session it makes a session of its own on the seeded concert hall,
on sale at once, whose locks are short: every run starts with a full hall.

  --buyers N        how many buyers (${RUSH_DEFAULTS.buyers})
  --concurrency N   requests in flight at once (${RUSH_DEFAULTS.concurrency})
  --seed N          the same seed gives each buyer the same wishes (${RUSH_DEFAULTS.seed})
  --lock-ms N       how long an unpaid lock lives, 5000-3600000 (${RUSH_DEFAULTS.lockMs})
  --limit-ms N      the longest the buyers may take (${RUSH_DEFAULTS.limitMs})
  --session ID      rush on a session that is on sale, as it is
  --plan FILE       import a pretix seating plan and rush on it
  --standing ZONE   a zone of the plan where people stand; may be repeated
  --url URL         the edge; default: the running system's
  --json            print the report as JSON only
`;

/** A wish that cannot be granted; its message is one line for the human who typed it. */
export class UsageError extends Error {}

/** Reads the command line. `help` when the human asked what there is to ask. */
export function readOptions(args: readonly string[]): RushOptions | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  if (values.session && values.plan) throw new UsageError('--session or --plan, not both');
  const whole = (name: keyof typeof values, fallback: number, min: number, max: number) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new UsageError(`--${name}: must be a whole number from ${min} to ${max}`);
    return value;
  };
  return {
    ...RUSH_DEFAULTS,
    buyers: whole('buyers', RUSH_DEFAULTS.buyers, 1, 1_000_000),
    concurrency: whole('concurrency', RUSH_DEFAULTS.concurrency, 1, 5_000),
    seed: whole('seed', RUSH_DEFAULTS.seed, 0, Number.MAX_SAFE_INTEGER),
    lockMs: whole('lock-ms', RUSH_DEFAULTS.lockMs, 5_000, 3_600_000),
    limitMs: whole('limit-ms', RUSH_DEFAULTS.limitMs, 1_000, 24 * 3_600_000),
    standing: values.standing ?? [],
    json: values.json ?? false,
    ...(values.session && { session: values.session }),
    ...(values.plan && { plan: values.plan }),
    ...(values.url && { url: values.url.replace(/\/$/, '') }),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        buyers: text,
        concurrency: text,
        seed: text,
        'lock-ms': text,
        'limit-ms': text,
        session: text,
        plan: text,
        standing: { type: 'string', multiple: true },
        url: text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
