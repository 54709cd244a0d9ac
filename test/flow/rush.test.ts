/**
 * A crowd on the whole system, checked against Redis and MySQL themselves: a hall sells out, and
 * killing one of two processes in the middle changes no total.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { RUSH_DEFAULTS, type RushOptions } from '../../bin/rush/options.ts';
import { isSound, print, type RushReport } from '../../bin/rush/report.ts';
import { rush } from '../../bin/rush/run.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { plainPlan } from './visitor.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const REAL_HALL = resolve(ROOT, '../shared/data/concert-hall-1115.seating-plan.json');

let stack: Stack;
let dir: string;
let smallHall: string;
beforeAll(async () => {
  stack = await startStack({ seed: true });
  dir = mkdtempSync(join(tmpdir(), 'rush-'));
  smallHall = join(dir, 'hall.json');
  writeFileSync(smallHall, JSON.stringify(plainPlan(12, 20, 10)));
});
afterAll(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** More buyers than seats, and locks that live long enough on a slow machine. */
const SELL_OUT = { buyers: 1_500, concurrency: 60, lockMs: 20_000, limitMs: 240_000 };
const SLOW_MS = 300_000;

const run = (over: Partial<RushOptions>): Promise<RushReport> =>
  rush({ ...RUSH_DEFAULTS, lockMs: 5_000, ...over }, stack.config);

function expectSound(report: RushReport): void {
  if (!isSound(report)) throw new Error(print(report));
  expect(report.breaches).toEqual([]);
  const { available, locked, sold, all } = report.seats;
  expect(available + locked + sold).toBe(all);
  const { paid = 0, cancelled = 0, timedOut = 0, aborted = 0, calledBack = 0 } = report.endings;
  expect(report.locks - (paid + cancelled + timedOut + aborted)).toBeLessThanOrEqual(calledBack);
}

describe('a rush', () => {
  it('sells a whole hall out', { timeout: SLOW_MS }, async (context: TestContext) => {
    const plan = existsSync(REAL_HALL) ? REAL_HALL : undefined;
    if (!plan) await context.annotate('no real hall beside this checkout: the demo’s was sold');
    const report = await run({ ...SELL_OUT, ...(plan && { plan }) });
    expectSound(report);
    expect(report.seats).toMatchObject({ available: 0, locked: 0, sold: report.seats.all });
    if (plan) expect(report.seats.all).toBe(1_115);
    expect(report.endings.timedOut).toBeGreaterThan(0);
    expect(report.endings.cancelled).toBeGreaterThan(0);
  });
});

describe('killing one of two in the middle of a rush changes no total', () => {
  it.each(['rush-1', 'order-2', 'scheduler-1'])('%s', async (victim) => {
    const rushing = run({ buyers: 500, concurrency: 40, lockMs: 8_000, plan: smallHall });
    await sleep(1_500);
    stack.kill(victim, 'SIGKILL');
    await sleep(1_500);
    stack.kill(victim, 'SIGKILL');
    const report = await rushing;
    expectSound(report);
    expect(report.seats).toEqual({ all: 240, available: 0, locked: 0, sold: 240 });
    await stack.waitReady(victim, 20_000);
  });
});

describe('from the command line', () => {
  const tool = (name: string, ...args: string[]) =>
    promisify(execFile)(process.execPath, [join(ROOT, 'bin', name), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...stack.env },
    });

  it('a rush on the demo prints one JSON report and exits 0; the REPL knows its sale', async () => {
    const args = ['--buyers', '40', '--lock-ms', '5000', '--json'];
    const { stdout } = await tool('rush.ts', ...args);
    const report: RushReport = JSON.parse(stdout);
    expectSound(report);
    const sale = JSON.parse((await tool('repl.ts', 'sale', report.sessionId, '--json')).stdout);
    const left = Object.values(sale.left as Record<string, number>);
    expect(left.reduce((sum, n) => sum + n, 0)).toBe(report.seats.available);

    const late = await tool('repl.ts', 'locks', '--late', '--json');
    expect(JSON.parse(late.stdout)).toEqual([]);
    const seat = JSON.parse(
      (await tool('repl.ts', 'seat', report.sessionId, '0', '--json')).stdout,
    );
    expect(seat).toMatchObject({ seat: 0, state: expect.any(String), history: expect.any(Array) });
    for (const { orderId, state } of seat.history) {
      const order = JSON.parse((await tool('repl.ts', 'order', orderId, '--json')).stdout);
      expect(order).toMatchObject({ orderId, state, uid: expect.stringMatching(/^rush-/) });
    }
    expect((await tool('repl.ts', 'sale', report.sessionId)).stdout).toContain('left');
  });

  it('the REPL exits 1 with the refusal word when there is nothing to show', async () => {
    const asked = tool('repl.ts', 'sale', '0000000000000000', '--json');
    await expect(asked).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^NOT_FOUND/),
    });
  });

  it('a rush says in one line why it cannot take place', async () => {
    const asked = tool('rush.ts', '--session', '0000000000000000');
    await expect(asked).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^rush: .*NOT_FOUND\n$/),
    });
  });
});
