/** A buyer of the gray lane at the rush door: the answer says so, and the messages do. */
import { expect, test } from 'vitest';
import type { ChannelName } from '../../contracts/channels.ts';

process.env.GRAY_UIDS = 'gus';
process.env.GRAY_TESTERS = 'tess';
const rush = await import('./seckill.support.ts');

/** The lane that the message of a buyer names. */
async function laneOfMessage(channel: ChannelName, uid: string): Promise<unknown> {
  const entries = await rush.redis.xrange(rush.keys.stream(channel, 0), '-', '+');
  const found = entries.filter(([, fields]) => JSON.parse(fields[1]!).uid === uid);
  expect(found).toHaveLength(1);
  const { $meta } = JSON.parse(found[0]![1][3]!) as { $meta: string };
  return JSON.parse(Buffer.from($meta, 'base64').toString()).lane;
}

test.each([
  ['gus', {}, 'gray'],
  ['sam', {}, undefined],
  ['eve', { 'X-Lane': 'gray' }, undefined],
  ['tess', { 'X-Lane': 'gray' }, 'gray'],
])('%s with headers %o is in the lane %s, and so is what they do', async (uid, wish, lane) => {
  const sale = await rush.openSale();
  const reserved = await rush.door.post(rush.path(sale, 'reservations'), uid, {}, wish);
  expect([reserved.status, reserved.headers['x-lane']]).toEqual([201, lane]);
  expect(await laneOfMessage('reservation.made', uid)).toBe(lane);
  const permit = await rush.permitOf(sale, uid);
  const taken = { 'X-Permit': permit, ...wish };
  const locked = await rush.door.post(rush.path(sale, 'locks'), uid, { seats: [0] }, taken);
  expect([locked.status, locked.headers['x-lane']]).toEqual([201, lane]);
  expect(await laneOfMessage('seat.moved', uid)).toBe(lane);
  const refused = await rush.door.post(rush.path(sale, 'locks'), uid, { seats: [0] }, taken);
  expect([refused.json.code, refused.headers['x-lane']]).toEqual(['SEAT_TAKEN', lane]);
});

test('who reads what is everybody’s is in no lane but the stable one', async () => {
  const sale = await rush.openSale();
  const answer = await rush.door.ask(rush.path(sale, 'sale'), { uid: 'gus' });
  expect([answer.status, answer.headers['x-lane']]).toEqual([200, undefined]);
});
