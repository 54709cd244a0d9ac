/** What an order posts is in the lane of the request or the message that led to it. */
import { afterAll, beforeAll, test } from 'vitest';
import type { Lane } from '../../contracts/lane.ts';
import * as orders from './order.support.ts';

const { postMessage } = await import('../../mixins/posting.ts');
const { createOrders } = await import('../../services/order/creation.ts');

let node: orders.Node;
beforeAll(async () => {
  node = await orders.startNode();
});
afterAll(() => orders.leave(node));

/** The lanes in which it was posted that an order is cancelled. */
async function lanesOf(orderId: string): Promise<unknown[]> {
  const { redis, keys } = orders;
  const entries = await redis.xrange(keys.stream('order.cancelled', 0), '-', '+');
  return entries
    .map(([, fields]) => [JSON.parse(fields[1]!), JSON.parse(fields[3]!)])
    .filter(([message]) => message.orderId === orderId)
    .map(([, { $meta }]) => JSON.parse(Buffer.from($meta, 'base64').toString()).lane);
}

test('a cancelled order’s, in that of who cancelled it', async () => {
  for (const lane of ['gray', 'stable'] as const) {
    const lock = orders.lockOf('ann', [1]);
    await createOrders([lock]);
    await node.ask('order.cancel', { orderId: lock.orderId }, 'ann', { lane });
    await orders.soon(() => lanesOf(lock.orderId)).toEqual([lane]);
  }
});

test('locks that come too late together, each in its own', async () => {
  const late = { deadlineMs: Date.now() - 1_000 };
  const locks = Array.from({ length: 20 }, (_, i) => orders.lockOf(`u${i}`, [i], late));
  const laneOf = (i: number): Lane => (i % 2 === 0 ? 'gray' : 'stable');
  await Promise.all(
    locks.map((lock, i) =>
      postMessage(orders.redis, 'seat.moved', lock.sale, lock, {
        requestId: lock.orderId,
        lane: laneOf(i),
      }),
    ),
  );
  for (const [i, lock] of locks.entries())
    await orders.soon(() => lanesOf(lock.orderId)).toEqual([laneOf(i)]);
});
