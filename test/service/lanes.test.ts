/** Who answers a call: nodes of two lanes over a real NATS, through a chain of two services. */
import type { ServiceBroker } from 'moleculer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answers, ask, openStage, type Stage } from './lanes.support.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };

let stage: Stage;
let door: ServiceBroker;
beforeEach(async () => {
  stage = openStage();
  door = await stage.start('door', 'stable');
});
afterEach(() => stage.close());

/** Waits until the door knows these nodes, and no others. */
const knows = (...nodes: string[]) =>
  expect
    .poll(
      () =>
        door.registry
          .getNodeList({ onlyAvailable: true })
          .map(({ id }: { id: string }) => id)
          .toSorted(),
      PATIENCE,
    )
    .toEqual(['door', ...nodes].toSorted());
const become = (action: string, lane: 'gray' | undefined, expected: string[]) =>
  expect.poll(() => answers(door, action, lane).catch(String), PATIENCE).toEqual(expected);

test('each request stays in its lane through the whole chain, round robin in it', async () => {
  await stage.start('a1', 'stable', 'first');
  await stage.start('a2', 'stable', 'first');
  await stage.start('b1', 'stable', 'second');
  await stage.start('a-gray', 'gray', 'first');
  await stage.start('b-gray', 'gray', 'second');
  await knows('a1', 'a2', 'b1', 'a-gray', 'b-gray');
  await become('first.ask', undefined, ['a1 b1', 'a2 b1']);
  await become('first.ask', 'gray', ['a-gray b-gray']);
});

test('a stable node answers where the lane has none; the chain goes on in the lane', async () => {
  await stage.start('a1', 'stable', 'first');
  await stage.start('b1', 'stable', 'second');
  const gray = await stage.start('b-gray', 'gray', 'second');
  await knows('a1', 'b1', 'b-gray');
  await become('first.ask', 'gray', ['a1 b-gray']);
  await become('first.ask', undefined, ['a1 b1']);
  await stage.stop(gray);
  await become('first.ask', 'gray', ['a1 b1']);
});

test('one’s own process comes before others of the lane, never before the lane', async () => {
  const whole = await stage.start('whole', 'stable', 'first', 'second');
  await stage.start('b1', 'stable', 'second');
  const gray = await stage.start('gray', 'gray', 'first', 'second');
  await knows('whole', 'b1', 'gray');
  for (const from of [whole, gray]) {
    await expect.poll(() => from.registry.getNodeList({}).length, PATIENCE).toBe(4);
    await expect
      .poll(() => answers(from, 'first.ask', 'gray').catch(String), PATIENCE)
      .toEqual(['gray gray']);
    await expect
      .poll(() => answers(from, 'first.ask').catch(String), PATIENCE)
      .toEqual(['whole whole']);
  }
});

test('a stable request finds nobody where there are gray nodes only, however many', async () => {
  await stage.start('b-gray', 'gray', 'second');
  await knows('b-gray');
  await become('second.ask', 'gray', ['b-gray']);
  const refused = { type: 'SERVICE_NOT_AVAILABLE' };
  await expect(ask(door, 'second.ask')).rejects.toMatchObject(refused);
  await stage.start('c-gray', 'gray', 'second');
  await knows('b-gray', 'c-gray');
  await become('second.ask', 'gray', ['b-gray', 'c-gray']);
  await expect(ask(door, 'second.ask')).rejects.toMatchObject(refused);
  await stage.start('b1', 'stable', 'second');
  await become('second.ask', undefined, ['b1']);
});

test('a node that is named is meant, whatever its lane', async () => {
  await stage.start('b1', 'stable', 'second');
  await stage.start('b-gray', 'gray', 'second');
  await knows('b1', 'b-gray');
  await become('second.ask', 'gray', ['b-gray']);
  expect(await door.call('second.ask', {}, { nodeID: 'b-gray' })).toEqual(['b-gray']);
});

test('0, 10, 100, 0 % under load, gray nodes come and go: every call is answered', async () => {
  await stage.start('a1', 'stable', 'first');
  await stage.start('b1', 'stable', 'second');
  await knows('a1', 'b1');
  await become('first.ask', undefined, ['a1 b1']);
  const { laneFor } = await import('../../services/gateway/lane.ts');
  const rules = { grayPercent: 0, graySalt: 'gray', grayUids: '', grayTesters: '' };
  const seen: string[] = [];
  const lost: unknown[] = [];
  let going = true;
  let calls = 0;
  const load = async () => {
    while (going) {
      const uid = `u${calls++ % 1_000}`;
      const lane = laneFor({ uid, role: 'buyer' }, undefined, rules);
      await ask(door, 'first.ask', lane).then(
        (by) => seen.push(`${lane} ${by.join(' ')}`),
        (error) => lost.push(error),
      );
    }
  };
  const workers = Array.from({ length: 8 }, load);
  const during = async (said: RegExp) => {
    const from = seen.length;
    await expect.poll(() => seen.slice(from).some((line) => said.test(line)), PATIENCE).toBe(true);
  };
  const grayOnes = [
    await stage.start('a-gray', 'gray', 'first'),
    await stage.start('b-gray', 'gray', 'second'),
  ];
  await during(/^stable a1 b1$/);
  Object.assign(rules, { grayPercent: 10 });
  await during(/^gray a-gray b-gray$/);
  await during(/^stable a1 b1$/);
  Object.assign(rules, { grayPercent: 100 });
  await during(/^gray a-gray b-gray$/);
  await stage.stop(grayOnes[0]!);
  await during(/^gray a1 b-gray$/);
  await stage.start('a-gray', 'gray', 'first');
  await during(/^gray a-gray b-gray$/);
  Object.assign(rules, { grayPercent: 0 });
  await during(/^stable a1 b1$/);
  going = false;
  await Promise.all(workers);
  expect(lost).toEqual([]);
  expect(seen.filter((line) => line.startsWith('stable') && line.includes('gray'))).toEqual([]);
});
