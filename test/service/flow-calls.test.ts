/** What the rules say of calls under way: when a process is left alone, when one gives up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Act,
  type FlowStage,
  Held,
  on,
  outcome,
  startFlow,
  tally,
  until,
} from './flow.support.ts';

const ACTION = 'show.get';
const ILL = 'catalogue-1';
const WELL = 'order-1';

let stage: FlowStage;
beforeAll(async () => {
  // So long that nothing here ends of it.
  stage = await startFlow({ REQUEST_MS: '60000' });
  await stage.node(ILL);
  await stage.node(WELL);
});
const says: Act = async (_ctx, node) => node;
beforeEach(async () => {
  stage.acts(says);
  await stage.rules();
  await until(async () => expect(Object.keys(await ask(8)).toSorted()).toEqual([ILL, WELL]));
});
afterAll(() => stage?.end());

/** Asks whoever is chosen, one call after the other. */
async function ask(times: number, options: object = {}): Promise<Record<string, number>> {
  const outcomes: string[] = [];
  for (let n = 0; n < times; n++) outcomes.push(await outcome(stage.ask({}, options)));
  return tally(outcomes);
}
const circuit = async () => (await stage.report(stage.asker, `breaker ${ACTION}`))!.now;

describe('a breaker', () => {
  const RULE = { kind: 'breaker', action: ACTION, percent: 50, calls: 4, openMs: 60_000 } as const;

  test('leaves a process alone that fails, until one call has shown that it is well', async () => {
    await stage.rules(RULE);
    const fails: Act = (_ctx, node) =>
      node === ILL ? Promise.reject(new Error('ill')) : says(_ctx, node);
    stage.acts(fails);
    await until(async () => expect(await ask(8)).toEqual({ [WELL]: 8 }));
    expect(await circuit()).toBe(`${ILL} open`);
    expect(await outcome(stage.ask({}, on(ILL)))).toMatch(/^SERVICE_NOT_(AVAILABLE|FOUND)$/);
    // It was to be left alone for a minute; the rule that said so is gone.
    stage.acts(says);
    await stage.rules({ ...RULE, openMs: 1_000 });
    await until(async () => {
      expect(Object.keys(await ask(8)).toSorted()).toEqual([ILL, WELL]);
      expect(await circuit()).toBe('closed');
    });
  });

  test('probes: a failed one closes nothing, a good one everything', async () => {
    await stage.rules({ ...RULE, openMs: 200 });
    let asked = 0;
    stage.acts((ctx, node) => {
      if (node !== ILL) return says(ctx, node);
      asked++;
      return Promise.reject(new Error('ill'));
    });
    await until(async () => {
      await ask(2);
      expect(await circuit()).not.toBe('closed');
    });
    const before = asked;
    await until(async () => {
      await ask(1);
      expect(asked).toBeGreaterThan(before + 1);
    });
    expect(await circuit()).not.toBe('closed');
    stage.acts(says);
    await until(async () => {
      expect(Object.keys(await ask(8)).toSorted()).toEqual([ILL, WELL]);
      expect(await circuit()).toBe('closed');
    });
  });

  test('takes slow for failed, and gives the slow answer all the same', async () => {
    await stage.rules({ ...RULE, openMs: 300, slowMs: 200 });
    stage.acts(async (ctx, node) => {
      if (node === ILL) await sleep(400);
      return says(ctx, node);
    });
    const first = await ask(8);
    expect(first[ILL]).toBeGreaterThan(0);
    expect((first[ILL] ?? 0) + (first[WELL] ?? 0)).toBe(8);
    await until(async () => {
      await ask(4);
      expect(await circuit()).toMatch(`${ILL} `);
    });
    const row = await stage.report(stage.asker, `breaker ${ACTION}`);
    expect(row!.tripped).toBeGreaterThanOrEqual(4);
    stage.acts(says);
    await until(async () => expect(Object.keys(await ask(8)).toSorted()).toEqual([ILL, WELL]));
  });

  test('says nothing before so many calls', async () => {
    const rare = { kind: 'breaker', action: ACTION, openMs: 60_000 } as const;
    stage.acts(() => Promise.reject(new Error('ill')));
    await stage.rules({ ...rare, percent: 1, calls: 10_000 });
    expect(await ask(30, on(ILL))).toEqual({ ill: 30 });
    expect(await circuit()).toBe('closed');
  });

  test('does not take a refusal for a failure', async () => {
    await stage.rules(
      { ...RULE, percent: 1, calls: 1 },
      { kind: 'concurrency', action: ACTION, max: 1, queue: 0 },
    );
    const held = new Held();
    stage.acts(held.act);
    const first = outcome(stage.ask({}, on(ILL)));
    await until(() => expect(held.count).toBe(1));
    expect(await ask(8, on(ILL))).toEqual({ BUSY: 8 });
    expect(await circuit()).toBe('closed');
    held.letGo();
    await first;
  });
});

describe('a timeout', () => {
  test('ends a call that takes longer, and is gone with its rule', async () => {
    const held = new Held();
    stage.acts(held.act);
    await stage.rules({ kind: 'timeout', action: ACTION, ms: 50 });
    expect(await outcome(stage.ask({}, on(WELL)))).toBe('REQUEST_TIMEOUT');
    expect((await stage.report(stage.asker, `timeout ${ACTION}`))!.tripped).toBe(1);
    await stage.rules();
    held.letGo();
    const asked = outcome(stage.ask({}, on(WELL)));
    await until(() => expect(held.count).toBe(1));
    await sleep(200);
    held.letGo();
    expect(await asked).toBe('let go');
  });

  test('makes shorter what a caller gives, never longer', async () => {
    stage.acts(new Held().act);
    await stage.rules({ kind: 'timeout', action: ACTION, ms: 60_000 });
    expect(await outcome(stage.ask({}, { ...on(WELL), timeout: 50 }))).toBe('REQUEST_TIMEOUT');
  });
});
