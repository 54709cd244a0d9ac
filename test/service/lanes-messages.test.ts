/**
 * Who handles a message: a gray node those of its lane, once each; a stable one all others, and
 * whatever a gray node had and did not finish.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Lane } from '../../contracts/lane.ts';
import { openStage, type Stage } from './lanes.support.ts';

const { postTo } = await import('../../mixins/posting.ts');
const { redisClient } = await import('../../mixins/redis.ts');

const PATIENCE = { timeout: 30_000, interval: 50 };
const EACH = 40;

let stage: Stage;
let redis: ReturnType<typeof redisClient>;
beforeEach(() => {
  stage = openStage();
  redis = redisClient(stage.env.ARBITER_URL!, 'hot');
});
afterEach(async () => {
  await stage.close();
  redis.disconnect();
});

const post = (orderId: string, lane?: Lane) =>
  postTo(
    redis,
    stage.stream,
    { sale: 's', orderId, uid: 'u', seats: [1] },
    { requestId: orderId, ...(lane && { lane }) },
  );
const postMany = async (count: number, prefix: string, lane?: Lane) => {
  const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  await Promise.all(ids.map((id) => post(id, lane)));
  return ids;
};
const heardBy = (prefix: string) =>
  stage.heard.filter(({ orderId }) => orderId.startsWith(prefix)).map(({ by }) => by);
const quiet = () =>
  expect
    .poll(async () => {
      const [group] = (await redis.xinfo('GROUPS', stage.stream)) as (string | number)[][];
      const field = (name: string) => group?.[group.indexOf(name) + 1];
      return [field('pending'), field('lag')];
    }, PATIENCE)
    .toEqual([0, 0]);
/** Until everybody knows everybody: a message of the lane is handled there, and asks there. */
const reaches = async (road: string) => {
  let n = 0;
  await expect
    .poll(async () => {
      await post(`warm${n++}`, 'gray');
      return stage.heard.map(({ by, then }) => `${by} ${then.join(' ')}`);
    }, PATIENCE)
    .toContain(road);
};

test('is handled once, in its lane, and what its handler asks stays there', async () => {
  await stage.start('s1', 'stable', 'first');
  await stage.start('s2', 'stable', 'first', 'second');
  await stage.start('gray', 'gray', 'first');
  await stage.start('b-gray', 'gray', 'second');
  await reaches('gray b-gray');
  await quiet();
  const ids = [...(await postMany(EACH, 'g', 'gray')), ...(await postMany(EACH, 's'))];
  await quiet();
  const handled = stage.heard.filter(({ orderId }) => !orderId.startsWith('warm'));
  expect(handled.map(({ orderId }) => orderId).toSorted()).toEqual(ids.toSorted());
  expect(new Set(heardBy('g'))).toEqual(new Set(['gray']));
  expect(new Set(heardBy('s'))).toEqual(new Set(['s1', 's2']));
  const asked = (prefix: string) =>
    new Set(handled.filter((one) => one.orderId.startsWith(prefix)).flatMap(({ then }) => then));
  expect(asked('g')).toEqual(new Set(['b-gray']));
  expect(asked('s')).toEqual(new Set(['s2']));
});

test('of the gray lane is handled by a stable node where the lane has none', async () => {
  await stage.start('s1', 'stable', 'first', 'second');
  await postMany(EACH, 'g', 'gray');
  await expect.poll(() => heardBy('g').length, PATIENCE).toBe(EACH);
  expect(new Set(heardBy('g'))).toEqual(new Set(['s1']));
});

test.each([
  ['stands still', 'stuck'],
  ['always fails', 'failing'],
] as const)('that a gray node has and %s is handled by a stable one', async (_, how) => {
  await stage.start('s1', 'stable', 'first', 'second');
  await stage.start('gray', 'gray', 'first');
  await reaches('gray s1');
  await quiet();
  stage[how].add('gray');
  // So few that no breaker opens for them.
  const ids = [...(await postMany(4, 'g', 'gray')), ...(await postMany(EACH, 's'))];
  await quiet();
  const handled = stage.heard.filter(({ orderId }) => ids.includes(orderId));
  expect(handled.map(({ orderId }) => orderId).toSorted()).toEqual(ids.toSorted());
  expect(new Set(handled.map(({ by }) => by))).toEqual(new Set(['s1']));
  // Each is asked of the gray node once at most: whoever took it does not wait for better times.
  const asked = stage.begun.filter((one) => /^g\d+ gray$/.test(one));
  expect(asked.length).toBeGreaterThan(0);
  expect(asked).toHaveLength(new Set(asked).size);
});

test('under way when its gray node dies: none is lost', async () => {
  await stage.start('s1', 'stable', 'first', 'second');
  const gray = await stage.start('gray', 'gray', 'first');
  await reaches('gray s1');
  const posted: string[] = [];
  const posting = (async () => {
    for (let i = 0; i < 10; i++) posted.push(...(await postMany(EACH, `g${i}-`, 'gray')));
  })();
  await stage.stop(gray);
  await posting;
  await quiet();
  const handled = new Set(stage.heard.map(({ orderId }) => orderId));
  expect(posted.filter((id) => !handled.has(id))).toEqual([]);
  expect(heardBy('g')).toContain('s1');
});

test('of a gray node alone waits for a stable one: it is in nobody’s hands', async () => {
  await stage.start('gray', 'gray', 'first', 'second');
  await post('s0');
  await post('g0', 'gray');
  expect(await redis.exists(stage.stream)).toBe(1);
  expect(await redis.xinfo('GROUPS', stage.stream)).toEqual([]);
  await stage.start('s1', 'stable', 'first', 'second');
  await expect.poll(() => [heardBy('s'), heardBy('g')], PATIENCE).toEqual([['s1'], ['gray']]);
});
