/**
 * The whole system under load and faults, three times a minute of them, each from a seed: nothing
 * is lost, nothing is sold twice, every stuck seat comes back. What broke is printed, and its
 * history, schedule and logs are kept: `npm run chaos -- --seed N` strikes the same again.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { CHAOS_DEFAULTS } from '../../bin/chaos/options.ts';
import { isSound, print } from '../../bin/chaos/report.ts';
import { chaos } from '../../bin/chaos/run.ts';
import { endForgottenRuns } from '../support/runs.ts';

beforeAll(endForgottenRuns);

describe('a minute of faults leaves everything sound', () => {
  it.each([4, 5, 6])('from the seed %i', async (seed) => {
    const lines: string[] = [];
    const never = new AbortController().signal;
    const report = await chaos({ ...CHAOS_DEFAULTS, seed }, (line) => lines.push(line), never);
    if (!isSound(report)) throw new Error(`${lines.join('\n')}\n${print(report)}`);
    expect(report.orders.PAID).toBeGreaterThan(0);
    expect(report.compared).toBeGreaterThan(0);
  });
});
