/** What arrives together is handed on together, and how many batches are under way meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { batcher } from '../../services/order/batch.ts';

const MAX = 3;
const fulfilled = (value: number): PromiseSettledResult<number> => ({ status: 'fulfilled', value });

/** A batcher whose batches end when the test says so. */
function held(waitMs = 0) {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const { add } = batcher<number, number>(
    () => ({ max: MAX, waitMs }),
    async (items) => {
      batches.push([...items]);
      await new Promise<void>((resolve) => ends.push(resolve));
      return items.map((item) => fulfilled(-item));
    },
  );
  const heard = (count: number) => expect.poll(() => batches.length).toBe(count);
  return { batches, ends, heard, add: (...items: number[]) => items.map(add) };
}

it('fills the next batch while one is under way', async () => {
  const { batches, ends, heard, add } = held();
  const answers = add(1);
  await heard(1);
  answers.push(...add(2, 3));
  await sleep(20);
  expect(batches).toEqual([[1]]);
  ends[0]!();
  await heard(2);
  ends[1]!();
  expect(await Promise.all(answers)).toEqual([-1, -2, -3]);
  expect(batches).toEqual([[1], [2, 3]]);
});

it('lets a full batch go beside the one under way, and no third', async () => {
  const { batches, ends, heard, add } = held();
  const answers = add(1);
  await heard(1);
  answers.push(...add(2, 3, 4, 5, 6, 7, 8));
  await heard(2);
  await sleep(20);
  expect(batches).toEqual([[1], [2, 3, 4]]);
  ends[0]!();
  await heard(3);
  ends[2]!();
  await sleep(20);
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6, 7]]);
  ends[1]!();
  await heard(4);
  ends[3]!();
  expect(await Promise.all(answers)).toEqual([-1, -2, -3, -4, -5, -6, -7, -8]);
});

it('hands nothing on twice, nor an empty batch, when a full one overtakes a wait', async () => {
  const { batches, ends, heard, add } = held(50);
  const answers = add(1, 2, 3);
  await heard(1);
  await sleep(100);
  expect(batches).toEqual([[1, 2, 3]]);
  ends[0]!();
  expect(await Promise.all(answers)).toEqual([-1, -2, -3]);
});

it('fails those whose batch failed, and goes on', async () => {
  let times = 0;
  const { add } = batcher<number, number>(
    () => ({ max: MAX, waitMs: 0 }),
    async (items) => {
      if (times++ === 0) throw new Error('away');
      return items.map(fulfilled);
    },
  );
  await expect(Promise.allSettled([add(1), add(2)])).resolves.toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  await expect(add(3)).resolves.toBe(3);
});
