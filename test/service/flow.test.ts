/** The rules that count calls, on two nodes: how each trips, how it lets in again. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../services/config-center/flow.repl.ts';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import {
  as,
  type FlowStage,
  Held,
  type Node,
  on,
  outcome,
  startFlow,
  tally,
  until,
} from './flow.support.ts';

const ACTION = 'show.get';
/** Long enough that no window ends within a test by itself. */
const SECONDS = 60;

let cache: PrivateServer;
let stage: FlowStage;
let nodes: Node[];
beforeAll(async () => {
  cache = await privateServer('cache');
  stage = await startFlow({ CACHE_URL: cache.url });
  nodes = [await stage.node('catalogue-1'), await stage.node('order-1')];
  await until(async () => {
    const list = await stage.asker.call<{ available: boolean }[], object>('$node.list', {});
    expect(list.filter(({ available }) => available)).toHaveLength(4);
  });
});
beforeEach(async () => {
  stage.acts(async () => 'done');
  await stage.rules();
});
afterAll(async () => {
  await stage?.end();
  await cache?.end();
});

let ids = 0;
const freshId = () => `s${ids++}`;
type Six = [string, string, string, string, string, string];

/** Asks the nodes in turn. */
const ask = async (times: number, params: object = {}, options: object = {}, action = ACTION) => {
  const asking = Array.from({ length: times }, (_, n) =>
    outcome(stage.ask(params, { ...options, ...on(nodes[n % 2]!.name) }, action)),
  );
  return tally(await Promise.all(asking));
};
const counts = async (rule: string) => {
  const rows = await Promise.all(nodes.map((node) => node.report(rule)));
  const sum = (of: 'passed' | 'tripped') => rows.reduce((total, row) => total + row![of], 0);
  return [sum('passed'), sum('tripped')];
};

describe('a rate', () => {
  const RATE = { kind: 'rate', action: ACTION, seconds: SECONDS } as const;

  test('is one for all processes, not more and not less', async () => {
    await stage.rules({ ...RATE, limit: 11, by: 'id' });
    // Eleven is nothing that shares of two could add up to; on a machine that is very busy a call
    // may give up waiting for Redis, and then they count for themselves for a second.
    await until(async () => {
      const id = freshId();
      expect(await ask(16, { id })).toEqual({ done: 11, RATE_LIMITED: 5 });
    });
    expect((await counts(`rate ${ACTION} id`))[1]).toBeGreaterThanOrEqual(5);
  });

  test('goes on counting when its numbers change, and ends when it is taken away', async () => {
    await stage.rules({ ...RATE, limit: 11 });
    const all = await ask(24);
    expect(all.RATE_LIMITED).toBeGreaterThan(0);
    await stage.rules({ ...RATE, limit: 12 });
    await until(async () => expect(await ask(4)).toEqual({ RATE_LIMITED: 4 }));
    await stage.rules();
    expect(await ask(4)).toEqual({ done: 4 });
  });

  test('says when to come again, and means it', async () => {
    await stage.rules({ kind: 'rate', action: ACTION, limit: 2, seconds: 1, by: 'id' });
    const asking = () => outcome(stage.ask({ id: 'again' }));
    await until(async () => expect(await asking()).toBe('RATE_LIMITED'));
    const { data } = await stage.ask({ id: 'again' }).then(
      () => ({ data: {} }),
      (error) => error as { data: object },
    );
    expect(data).toMatchObject({ limit: 2, seconds: 1, retryAfterMs: expect.any(Number) });
    await until(async () => expect(await asking()).toBe('done'));
  });

  test('tells apart who asks, or what for; who says neither is not counted', async () => {
    const action = 'payment.open';
    const own = { ...RATE, action };
    const byId = { limit: 6, by: 'id' };
    await stage.rules({ ...own, limit: 3, by: 'uid' }, { ...own, ...byId }, { ...RATE, ...byId });
    await until(async () => {
      const [ann, bob, cid, dan, one, two] = Array.from({ length: 6 }, freshId) as Six;
      expect(await ask(4, { id: one }, as(ann), action)).toEqual({ done: 3, RATE_LIMITED: 1 });
      expect(await ask(4, { id: one }, as(bob), action)).toEqual({ done: 3, RATE_LIMITED: 1 });
      expect(await ask(1, { id: one }, as(cid), action)).toEqual({ RATE_LIMITED: 1 });
      expect(await ask(1, { id: two }, as(dan), action)).toEqual({ done: 1 });
    });
    expect(await ask(8)).toEqual({ done: 8 });
  });

  test('for one session stands instead of that for the others', async () => {
    const by = 'sessionId';
    await until(async () => {
      const [session, sessionId] = [freshId(), freshId()];
      await stage.rules({ ...RATE, limit: 3, by }, { ...RATE, limit: 5, by, session });
      expect(await ask(6, { sessionId: session })).toEqual({ done: 5, RATE_LIMITED: 1 });
      expect(await ask(6, { sessionId })).toEqual({ done: 3, RATE_LIMITED: 3 });
    });
  });

  test.each([
    ['is killed', 'kill', 'waitReady'],
    ['is paused', 'pause', 'resume'],
  ] as const)('goes on by shares when the cache %s, and as one when it is back', async (...row) => {
    const [, away, back] = row;
    const rule = { ...RATE, limit: 11, by: 'id' } as const;
    await stage.rules(rule);
    cache[away]();
    try {
      // Its first calls wait for Redis, each no longer than it is given.
      const startedMs = performance.now();
      expect(await ask(1, { id: away }, {})).toEqual({ done: 1 });
      expect(performance.now() - startedMs).toBeLessThan(5_000);
      const nows = () => Promise.all(nodes.map((node) => node.report(`rate ${ACTION} id`)));
      await until(async () => {
        await ask(2, { id: `${away} first` });
        expect((await nows()).map((rule) => rule!.now)).toEqual(Array(2).fill('the cache is away'));
      });
      expect(await ask(20, { id: `${away} now` })).toEqual({ done: 10, RATE_LIMITED: 10 });
      await stage.rules({ ...rule, awayLimit: 2 });
      expect(await ask(20, { id: `${away} too` })).toEqual({ done: 4, RATE_LIMITED: 16 });
    } finally {
      await cache[back]();
    }
    await until(async () => {
      await ask(2, { id: `${away} later ${performance.now()}` });
      const rows = await Promise.all(nodes.map((node) => node.report(`rate ${ACTION} id`)));
      expect(rows.map((rule) => rule!.now)).toEqual(Array(2).fill('counted together'));
    });
    await until(async () =>
      expect(await ask(16, { id: freshId() })).toEqual({ done: 11, RATE_LIMITED: 5 }),
    );
  });
});

describe('a concurrency', () => {
  const RULE = { kind: 'concurrency', action: ACTION, max: 2, queue: 3 } as const;

  test('lets so many in at once, keeps a few waiting, and is BUSY for the rest', async () => {
    const held = new Held();
    stage.acts(held.act);
    await stage.rules(RULE);
    const [node] = nodes as [Node];
    const asked = Array.from({ length: 8 }, () => outcome(stage.ask({}, on(node.name))));
    const rule = `concurrency ${ACTION}`;
    await until(async () =>
      expect(await node.report(rule)).toMatchObject({
        now: '2 in flight, 3 waiting',
        tripped: 3,
      }),
    );
    expect(held.count).toBe(2);
    held.letGo();
    await until(() => expect(held.count).toBe(2));
    held.letGo();
    await until(() => expect(held.count).toBe(1));
    held.letGo();
    expect(tally(await Promise.all(asked))).toEqual({ 'let go': 5, BUSY: 3 });
    stage.acts(async () => 'done');
    expect(await ask(2)).toEqual({ done: 2 });
  });

  test('is one for each value; a failed call gives its place back', async () => {
    const held = new Held();
    stage.acts(held.act);
    await stage.rules({ ...RULE, max: 1, queue: 0, by: 'id' });
    const [node] = nodes as [Node];
    const askFor = (id: string) => outcome(stage.ask({ id }, on(node.name)));
    const asked = [askFor('a')];
    await until(() => expect(held.count).toBe(1));
    expect(await askFor('a')).toBe('BUSY');
    asked.push(askFor('b'));
    await until(() => expect(held.count).toBe(2));
    held.letGo();
    await Promise.all(asked);
    stage.acts(() => Promise.reject(new Error('it failed')));
    expect([await askFor('a'), await askFor('a')]).toEqual(['it failed', 'it failed']);
    stage.acts(async () => 'done');
    expect(await askFor('a')).toBe('done');
  });

  test('made wider, or taken away, lets in who waits at once', async () => {
    const held = new Held();
    stage.acts(held.act);
    await stage.rules({ ...RULE, max: 1 });
    const [node] = nodes as [Node];
    const asked = Array.from({ length: 4 }, () => outcome(stage.ask({}, on(node.name))));
    await until(() => expect(held.count).toBe(1));
    await stage.rules({ ...RULE, max: 3 });
    await until(() => expect(held.count).toBe(3));
    await stage.rules();
    await until(() => expect(held.count).toBe(4));
    held.letGo();
    expect(tally(await Promise.all(asked))).toEqual({ 'let go': 4 });
  });

  test('does not run what waited until nobody wanted it any more', async () => {
    const held = new Held();
    stage.acts(held.act);
    await stage.rules({ ...RULE, max: 1 });
    const [node] = nodes as [Node];
    const first = outcome(stage.ask({}, on(node.name)));
    await until(() => expect(held.count).toBe(1));
    expect(await outcome(stage.ask({}, { ...on(node.name), timeout: 50 }))).toBe('REQUEST_TIMEOUT');
    held.letGo();
    expect(await first).toBe('let go');
    await until(async () =>
      expect((await node.report(`concurrency ${ACTION}`))!.now).toBe('0 in flight, 0 waiting'),
    );
    expect(held.count).toBe(0);
  });
});

test('an operator sees what every process did, in one table', async () => {
  await stage.rules({ kind: 'concurrency', action: ACTION, max: 1, queue: 0 });
  const [flow] = commands;
  expect(await ask(1)).toEqual({ done: 1 });
  const { rules, overload } = await flow!.action(stage.asker, {});
  const running = ['catalogue-1', 'config-center-1', 'front-1', 'order-1'];
  expect(overload.map(({ node, shedding }) => [node, shedding])).toEqual(
    running.map((node) => [node, false]),
  );
  const rule = `concurrency ${ACTION}`;
  const now = '0 in flight, 0 waiting';
  expect(rules).toHaveLength(4);
  expect(rules[0]).toEqual({ node: 'catalogue-1', rule, passed: 1, tripped: 0, now });
  const one = await flow!.action(stage.asker, { node: 'order-1' });
  expect(one.rules).toEqual([{ node: 'order-1', rule, passed: 0, tripped: 0, now }]);
});
