/**
 * The outbox seen from a gray process: it posts what its lane has to say and leaves the rest, so
 * that a version on trial never speaks for everybody.
 */
import { afterAll, expect, test } from 'vitest';

process.env.LANE = 'gray';
const { closeDatabase, config, lockOf, redis, statements } = await import('./order.support.ts');
const { relay } = await import('../../services/order/outbox.ts');

afterAll(async () => {
  redis.disconnect();
  await closeDatabase();
});

test('posts the messages of its lane, and leaves the others for a stable process', async () => {
  expect(config.lane).toBe('gray');
  const orders = (['stable', 'gray'] as const).map((lane) => ({ lane, ...lockOf('ann', [1]) }));
  for (const { lane, orderId, sale } of orders)
    await statements().change(
      `INSERT INTO outbox (eventId, channel, sale, payload, requestId, lane, createdAt, nextAt)
       VALUES (:eventId, 'order.paid', :sale, :payload, 'r1', :lane,
         UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
      {
        eventId: `${orderId}:paid`,
        ...{ sale, lane, payload: JSON.stringify({ sale, orderId, uid: 'ann', seats: [1] }) },
      },
    );
  expect(await relay(redis, 0, 10)).toBe(1);
  expect(await statements().rows('SELECT lane FROM outbox WHERE postedAt IS NULL')).toEqual([
    { lane: 'stable' },
  ]);
});
