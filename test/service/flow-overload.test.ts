/** A service that cannot keep up: what it turns away of what other processes ask. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  as,
  type FlowStage,
  on,
  outcome,
  spend,
  startFlow,
  tally,
  until,
  untilLate,
} from './flow.support.ts';

const NODE = 'catalogue-1';
const MANY = 30;

let stage: FlowStage;
beforeAll(async () => {
  stage = await startFlow({ SHED_DELAY_MS: '5', REQUEST_MS: '60000' });
  await stage.node(NODE);
  await until(async () => expect(await outcome(stage.ask())).toBe('done'));
});
afterAll(() => stage?.end());

const askMany = async (action: string) => {
  const asking = Array.from({ length: MANY }, () =>
    outcome(stage.ask({}, { ...as('ann'), ...on(NODE) }, action)),
  );
  return tally(await Promise.all(asking));
};

test('turns away what doors ask for, never the ways back and what services need', async () => {
  stage.acts(async () => {
    spend(3);
    return 'done';
  });
  const calm = untilLate(60);
  try {
    await until(async () => {
      const outcomes = await askMany('show.get');
      expect(outcomes.BUSY).toBeGreaterThan(0);
      expect(outcomes.done).toBeGreaterThan(0);
      expect(outcomes.done! + outcomes.BUSY!).toBe(MANY);
    });
    expect(await askMany('order.cancel')).toEqual({ done: MANY });
    expect(await askMany('order.settle')).toEqual({ done: MANY });
  } finally {
    calm();
  }
  await until(async () => {
    const { shedding, refused } = (await stage.whole({ nodeID: NODE })).overload;
    expect([shedding, refused > 0]).toEqual([false, true]);
  });
  expect(await askMany('show.get')).toEqual({ done: MANY });
});

test('a threshold that nothing reaches turns nobody away', async () => {
  await stage.change(60_000, 'shedDelayMs');
  stage.acts(async () => {
    spend(3);
    return 'done';
  });
  const calm = untilLate(60);
  try {
    const untilMs = performance.now() + 2_000;
    while (performance.now() < untilMs) expect(await askMany('show.get')).toEqual({ done: MANY });
  } finally {
    calm();
  }
});
