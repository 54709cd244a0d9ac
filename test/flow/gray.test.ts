/**
 * A gray release as an operator sees it: gray instances beside the stable ones, rules that change
 * while everybody asks, and who is served by whom.
 */
import { beforeAll, expect, it } from 'vitest';
import { useStack } from '../support/stack.ts';
import {
  buildHall,
  comeToBuy,
  openSession,
  plainPlan,
  signIn,
  statesOf,
  until,
  type Visitor,
} from './visitor.ts';

const PATIENCE_MS = 40_000;
const STABLE = ['order-1', 'order-2'];

const system = useStack({ env: { GRAY: 'order,rush,payment', GRAY_UIDS: 'gus' } });
let operator: Visitor;
let gus: Visitor;
let sam: Visitor;
beforeAll(async () => {
  const { url } = system();
  operator = await signIn(url, 'opal', 'operator');
  gus = await signIn(url, 'gus');
  sam = await signIn(url, 'sam');
});

const set = async (setting: string, value: unknown) => {
  const body = { value, reason: 'a release' };
  expect((await operator.ask('PATCH', `/admin/config/${setting}`, { body })).status).toBe(200);
};
/** The status of a buyer's own list, and the lane it was asked in. */
const listed = async (visitor: Visitor, headers?: Record<string, string>) => {
  const { status, headers: said } = await visitor.get('/orders', headers);
  return `${status} ${said['x-lane'] ?? 'stable'}`;
};
const becomes = (visitor: Visitor, expected: string) =>
  until(
    expected,
    PATIENCE_MS,
    () => listed(visitor),
    (answer) => answer === expected,
  );

it('a gray buyer reaches gray instances only, and nobody else reaches them', async () => {
  await becomes(gus, '200 gray');
  await becomes(sam, '200 stable');
  const { supervisor } = system();
  await Promise.all(STABLE.map((name) => supervisor.halt(name)));
  await becomes(sam, '503 stable');
  for (let i = 0; i < 20; i++) expect(await listed(gus)).toBe('200 gray');
  for (let i = 0; i < 5; i++) expect(await listed(sam)).toBe('503 stable');
  for (const name of STABLE) supervisor.revive(name);
  await becomes(sam, '200 stable');
});

it('without a gray instance a gray buyer is served by the stable ones', async () => {
  const { supervisor } = system();
  await supervisor.halt('order-gray');
  await becomes(gus, '200 gray');
  supervisor.revive('order-gray');
  await system().waitReady('order-gray');
});

it('the header is obeyed for operators and testers alone', async () => {
  expect(await listed(operator, { 'x-lane': 'gray' })).toBe('200 gray');
  expect(await listed(sam, { 'x-lane': 'gray' })).toBe('200 stable');
  await set('grayTesters', 'sam');
  await until(
    'sam is a tester',
    PATIENCE_MS,
    () => listed(sam, { 'x-lane': 'gray' }),
    (answer) => answer === '200 gray',
  );
  expect(await listed(sam)).toBe('200 stable');
});

it('0, 10, 100 and 0 percent while everybody asks: nobody is turned away', async () => {
  const visitors = await Promise.all(
    Array.from({ length: 60 }, (_, i) => signIn(system().url, `visitor-${i}`)),
  );
  const seen: string[] = [];
  let going = true;
  const load = async (worker: number) => {
    for (let i = worker; going; i += 4) seen.push(await listed(visitors[i % visitors.length]!));
  };
  const workers = Array.from({ length: 4 }, (_, worker) => load(worker));
  /** How many of the next answers are gray, once the rule is in force everywhere. */
  const share = async () => {
    const from = seen.length;
    await until(
      'everybody asked three times',
      PATIENCE_MS,
      async () => seen.length - from,
      (count) => count > visitors.length * 3,
    );
    const some = seen.slice(from);
    return some.filter((line) => line === '200 gray').length / some.length;
  };
  const settles = (from: number, to: number) =>
    until(`${from} to ${to}`, PATIENCE_MS, share, (part) => part >= from && part <= to);
  await settles(0, 0);
  await set('grayPercent', 10);
  await settles(0.01, 0.4);
  await set('grayPercent', 100);
  await settles(1, 1);
  await set('grayPercent', 0);
  await settles(0, 0);
  going = false;
  await Promise.all(workers);
  expect(seen.filter((line) => !line.startsWith('200'))).toEqual([]);
});

it('a gray buyer’s seat goes the whole road, from reservation to SOLD', async () => {
  const hall = await buildHall(system().url, plainPlan(2, 10));
  const sale = await openSession(hall);
  const buyer = await comeToBuy(system().url, sale, 'gus');
  const locked = await buyer.lock({ seats: [3] });
  expect([locked.status, locked.headers['x-lane']]).toEqual([201, 'gray']);
  const { orderId } = locked.body;
  await buyer.orderIn(orderId, ['LOCKED'], PATIENCE_MS);
  await buyer.pay(orderId);
  await buyer.orderIn(orderId, ['PAID'], PATIENCE_MS);
  await until(
    'sold',
    PATIENCE_MS,
    () => statesOf(system().url, sale),
    (states) => states[3] === '2',
  );
});
