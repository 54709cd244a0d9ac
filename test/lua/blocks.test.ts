/** Seats that the house keeps back: who may have them, and what they are to what counts. */
import { afterEach, expect, test } from 'vitest';
import { audit } from './audit.ts';
import { drawnHall } from './hall.ts';
import { freshOrderId, refusalOf, SALE, type Stage, stage } from './stage.ts';

const HALL = drawnHall(['AAAA', 'BB']);
const BLOCK = `${SALE}-block-0123456789abcdef`;

let on: Stage;
afterEach(() => on.end());

const block = async (seat: number, orderId = BLOCK) => {
  const [result] = await on.arbiter.restore(SALE, [
    { orderId, uid: '', seats: [seat], deadlineMs: 0, state: 'BLOCKED' },
  ]);
  return result;
};
const unblock = (orderId = BLOCK) => on.arbiter.release(SALE, orderId, 'UNBLOCKED');

test('a blocked seat is to a buyer as good as sold, and free again when unblocked', async () => {
  on = await stage(HALL);
  expect(await block(1)).toEqual({ changed: true });
  expect(await on.marks()).toBe('0200-00');
  expect((await on.arbiter.view(SALE)).left).toEqual({ A: 3, B: 2 });
  const taken = await refusalOf(on, () => on.lock('ann', { seats: [1] }));
  expect(taken).toMatchObject({ word: 'SEAT_TAKEN', data: { lost: [1] } });
  const best = await on.lock('ann', { best: { count: 2, tier: 'A' } });
  expect(best.seats.map(({ seat }) => seat)).toEqual([2, 3]);
  expect(await unblock()).toEqual({ changed: true });
  expect(await on.marks()).toBe('0011-00');
  const said = (await on.messages('seat.moved')).map(({ type, to, seats, orderId }) => [
    ...[type, to, seats, orderId],
  ]);
  expect(said[0]).toEqual(['blocked', '2', [1], BLOCK]);
  expect(said[2]).toEqual(['released', '0', [1], BLOCK]);
  expect(await audit(on, HALL)).toEqual([]);
});

test('an operator is told that it is blocked, and of no order', async () => {
  on = await stage(HALL);
  await block(5);
  expect(await on.arbiter.seat(SALE, 5)).toEqual({
    ...{ seat: 5, label: expect.any(String), tier: 'B', state: 'BLOCKED' },
  });
});

test('only a free seat is blocked, and by one block', async () => {
  on = await stage(HALL);
  const { orderId } = await on.lock('ann', { seats: [0] });
  await block(1);
  const before = await on.dump();
  expect(await block(0, 'x')).toEqual({ changed: false, takenBy: orderId });
  expect(await block(1, 'x')).toEqual({ changed: false, takenBy: BLOCK });
  expect(await block(4, 'x')).toEqual({ changed: false, unknown: true });
  expect(await block(1)).toEqual({ changed: false });
  expect(await on.dump()).toEqual(before);
});

test('a block is lifted once, never sold, and comes back where MySQL says it stands', async () => {
  on = await stage(HALL);
  await block(1);
  expect(await on.arbiter.sell(SALE, BLOCK)).toEqual({ changed: false });
  await unblock();
  const { orderId } = await on.lock('ann', { seats: [1] });
  const before = await on.dump();
  expect(await unblock()).toEqual({ changed: false });
  expect(await on.dump()).toEqual(before);
  expect(await block(1)).toEqual({ changed: false, takenBy: orderId });
  await on.arbiter.release(SALE, orderId, 'CANCELLED');
  expect(await block(1)).toEqual({ changed: true });
  expect(await on.marks()).toBe('0200-00');
  expect(await audit(on, HALL)).toEqual([]);
});

test('has no deadline and no buyer, whoever counts', async () => {
  on = await stage(HALL);
  await block(2);
  expect(await on.arbiter.recount(SALE)).toEqual({ corrected: 0 });
  const { deadlines, buyers } = on.keys.ofSale(SALE);
  expect([await on.redis.exists(deadlines), await on.redis.exists(buyers)]).toEqual([0, 0]);
  expect(await on.arbiter.due(SALE, 10, 1_000, Date.now() + 10 ** 9)).toEqual({ posted: 0 });
  // counted anew from the holds alone
  await on.redis.setrange(on.keys.ofSale(SALE).seats, 2, '0');
  expect(await on.arbiter.recount(SALE)).toEqual({ corrected: 1 });
  expect(await on.marks()).toBe('0020-00');
});

test('the last free seat that is blocked sells the hall out, and opens it again', async () => {
  on = await stage(HALL);
  const blocks = [0, 1, 2, 3, 5, 6].map((seat) => ({ seat, id: freshOrderId() }));
  for (const { seat, id } of blocks) await block(seat, id);
  expect((await on.arbiter.view(SALE)).state).toBe('SOLD_OUT');
  expect(await audit(on, HALL)).toEqual([]);
  await unblock(blocks[0]!.id);
  expect((await on.arbiter.view(SALE)).state).toBe('OPEN');
  expect(await audit(on, HALL)).toEqual([]);
});
