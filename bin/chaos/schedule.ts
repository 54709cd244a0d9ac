/**
 * When which fault strikes whom, from a seed and a length alone. Faults come in rounds, one by one
 * and overlapping; after each round nothing is wrong for a while, so that progress can be seen.
 */
import { FAULT_NAMES, FAULTS, type FaultName, rowOf } from './faults.ts';
import { type Random, randomOf } from './random.ts';

export interface Strike {
  /** After the start of the load. */
  readonly atMs: number;
  readonly fault: FaultName;
  readonly target: string;
  readonly lastsMs: number;
  readonly arg: number;
}

const ROUND_MS = 20_000;
export const QUIET_MS = 8_000;
const GAP_MS = [500, 2_200] as const;
/** A fault that is over still has a process starting up. */
const AFTER_MS = 1_500;
const DRAWS = 20;

/** Every fault as often as its turns, in an order of chance; full again when it is empty. */
function* bag(random: Random): Generator<FaultName> {
  const turns = FAULT_NAMES.flatMap((name) => Array<FaultName>(rowOf(name).turns).fill(name));
  for (;;) yield* random.shuffled(turns);
}

/** The strikes of a run, in the order of their moments. */
export function scheduleOf(seed: number, runMs: number): Strike[] {
  const random = randomOf(seed);
  const faults = bag(random);
  const busyUntilMs = new Map<string, number>();
  const strikes: Strike[] = [];
  for (let roundMs = 0; roundMs < runMs; roundMs += ROUND_MS) {
    const endMs = Math.min(roundMs + ROUND_MS, runMs) - QUIET_MS;
    for (let atMs = roundMs + random.between(...GAP_MS); atMs < endMs; ) {
      const strike = draw(atMs, endMs, faults, random, busyUntilMs);
      if (strike) strikes.push(strike);
      atMs += random.between(...GAP_MS);
    }
  }
  return strikes;
}

/** The next fault that finds a target nobody else is at; none when too many are struck already. */
function draw(
  atMs: number,
  endMs: number,
  faults: Generator<FaultName>,
  random: Random,
  busyUntilMs: Map<string, number>,
): Strike | undefined {
  for (let draws = 0; draws < DRAWS; draws++) {
    const fault = faults.next().value as FaultName;
    const { targets, lastsMs, arg, part = 'program' } = rowOf(fault);
    const target = random.pick(targets);
    const lasts = lastsMs ? Math.min(random.between(...lastsMs), endMs - atMs) : 0;
    const told = arg?.(random) ?? 0;
    const place = `${part} ${target}`;
    if ((busyUntilMs.get(place) ?? 0) > atMs || (lastsMs && lasts < lastsMs[0])) continue;
    busyUntilMs.set(place, atMs + lasts + AFTER_MS);
    return { atMs, fault, target, lastsMs: lasts, arg: told };
  }
  return undefined;
}

/** Reads a schedule that was kept as JSON. @throws Error that names the first row it cannot use */
export function readSchedule(text: string): Strike[] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error('a schedule is a list of strikes');
  return rows.map((row, i) => {
    const { atMs, fault, target, lastsMs = 0, arg = 0 } = row as Partial<Strike>;
    const known = fault !== undefined && Object.hasOwn(FAULTS, fault);
    if (!known || !rowOf(fault).targets.includes(target ?? '') || !((atMs ?? -1) >= 0))
      throw new Error(`strike ${i + 1} cannot be: ${JSON.stringify(row)}`);
    return { atMs: atMs!, fault, target: target!, lastsMs, arg };
  });
}
