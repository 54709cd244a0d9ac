/** What is forgotten when it is old, and that nothing needed it: a real arbiter, a real MySQL. */
import type { ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LayoutColumns } from '../../contracts/layout.ts';
import {
  freshSale,
  keys,
  leave,
  lockOf,
  type Node,
  posted,
  redis,
  rowsOf,
  soon,
  sqlTime,
  startNode,
  statements,
  wordFrom,
} from './order.support.ts';

const { createArbiter } = await import('../../lua/arbiter.ts');
const { abortHold } = await import('../../services/order/creation.ts');
const { enqueue, relay } = await import('../../services/order/outbox.ts');
const { fileDeadLetter } = await import('../../mixins/dead-letters.ts');
const { default: seckill } = await import('../../services/seckill/seckill.service.ts');
const arbiter = createArbiter({ redis, keys });

const HOUR_MS = 3_600_000;
const layout: LayoutColumns = {
  layoutVersion: 'v1',
  seatCount: 2,
  size: { width: 2, height: 1 },
  tiers: ['A'],
  sections: ['Hall'],
  rows: [{ section: 0, row: '1' }],
  seat: [0, 1],
  label: ['1-0', '1-1'],
  x: [0, 1],
  y: [0, 0],
  tier: [0, 0],
  row: [0, 0],
};

let node: Node;
beforeAll(async () => {
  await arbiter.adopt(0, 1);
  node = await startNode();
});
afterAll(() => leave(node));

/** Rows of the outbox whose event ids begin so. */
const kept = async (beginning: string) =>
  (
    await statements().rows<{ eventId: string }>(
      'SELECT eventId FROM outbox WHERE eventId LIKE :like ORDER BY eventId',
      { like: `${beginning}%` },
    )
  ).map(({ eventId }) => eventId);
const age = (eventIds: string[], hours: number) =>
  statements().change('UPDATE outbox SET postedAt = :at WHERE eventId IN (:eventIds)', {
    eventIds,
    at: sqlTime(Date.now() - hours * HOUR_MS),
  });
const tidy = (hours: number, limit = 1_000) =>
  node.ask('order.tidy', { olderMs: hours * HOUR_MS, limit });

/** Messages that nobody posts before the year 3000 unless a test says that they were. */
async function unsent(...eventIds: string[]): Promise<void> {
  const payload = { sale: freshSale(), orderId: 'o', uid: 'u', seats: [] };
  const letters = eventIds.map((eventId) => ({
    eventId,
    channel: 'order.paid' as const,
    payload,
    requestId: '',
  }));
  await enqueue(statements(), letters, '3000-01-01 00:00:00.000');
}

test('forgets what was posted long ago, oldest first, and never what was not posted', async () => {
  await unsent('a1', 'a2', 'a3', 'a4', 'a5');
  await age(['a1', 'a2'], 30);
  await age(['a3'], 40);
  await age(['a4'], 1);
  expect(await tidy(24, 1)).toEqual({ messages: 1, deaths: 0 });
  expect(await kept('a')).toEqual(['a1', 'a2', 'a4', 'a5']);
  expect(await tidy(24)).toEqual({ messages: 2, deaths: 0 });
  expect(await tidy(24)).toEqual({ messages: 0, deaths: 0 });
  expect(await kept('a')).toEqual(['a4', 'a5']);
  expect(await wordFrom(tidy(24, 1_001))).toBe('VALIDATION_ERROR');
});

test('forgets deaths that were counted, and keeps their letters', async () => {
  const died = {
    stream: 's',
    channel: 'order.paid',
    group: 'g',
    fields: ['a', 'b'],
    reason: 'r',
    atMs: Date.now(),
  };
  await fileDeadLetter({ ...died, entryId: '1-1' });
  await fileDeadLetter({ ...died, entryId: '1-2' });
  await statements().change("UPDATE dead_letter_deaths SET filedAt = :at WHERE entryId = '1-1'", {
    at: sqlTime(Date.now() - 30 * HOUR_MS),
  });
  expect(await tidy(24)).toMatchObject({ deaths: 1 });
  expect(await tidy(24)).toMatchObject({ deaths: 0 });
  const letters = await node.ask('order.deadLetters', {});
  expect(letters.items).toMatchObject([{ stream: 's', deaths: 2 }]);
});

test('makes the message of an aborted hold again when nobody has it any more', async () => {
  await node.stop();
  const sale = freshSale();
  const nowMs = Date.now();
  const terms = {
    reservationRequired: false,
    reservationOpensAtMs: nowMs - 1_000,
    reservationClosesAtMs: nowMs + 60_000,
    opensAtMs: nowMs - 1_000,
    closesAtMs: nowMs + 600_000,
    seatsPerBuyerMax: 2,
    lockMs: 60_000,
  };
  await arbiter.open(sale, layout, { A: 10_000 }, terms);
  const { orderId } = lockOf('amy', [1], { sale });
  await arbiter.lock({ sale, uid: 'amy', orderId, requestId: 'r1', seats: [1] });
  await abortHold({ sale, orderId, uid: 'amy', seats: [1], reason: 'claimed' }, 'r1');
  // posted, lost with its stream, forgotten: only the verdict and the hold are left
  expect(await relay(redis, 0, 100)).toBe(1);
  await redis.del(keys.stream('order.cancelled', 0));
  await age([`${orderId}:cancelled`], 48);
  node = await startNode([seckill as ServiceSchema]);
  expect(await tidy(24)).toMatchObject({ messages: 1 });
  expect(await kept(orderId)).toEqual([]);
  expect((await arbiter.snapshot(sale)).states).toBe('01');
  await redis.zadd(keys.ofSale(sale).deadlines, Date.now() - 100, orderId);
  await arbiter.due(sale, 10, 60_000);
  await soon(async () => (await arbiter.snapshot(sale)).states).toBe('00');
  expect(await posted('order.cancelled', orderId)).toEqual([
    { sale, orderId, uid: 'amy', seats: [1], reason: 'claimed' },
  ]);
  expect(await rowsOf('orders', orderId)).toEqual([]);
});
