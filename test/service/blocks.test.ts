/**
 * Seats that the house keeps back: an operator blocks and unblocks them, and MySQL and the arbiter
 * agree about them whatever was lost or killed in between.
 */
import type { Context, ServiceSchema } from 'moleculer';
import { ConnectionError } from 'sequelize';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Actions } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { newBlockId } from '../../contracts/ids.ts';
import type { Node } from './order.support.ts';

const { arbiter, lock, loseAll, marks, openSale, server, session, unlessWeather } = await import(
  './reconcile.support.ts'
);
const support = await import('./order.support.ts');
const { database, eventOf, keys, leave, posted, soon, startNode, stateOf, statements, wordFrom } =
  support;
const { default: seckill } = await import('../../services/seckill/seckill.service.ts');
const { reconcileSale } = await import('../../services/scheduler/reconcile.ts');
const { recordBlock } = await import('../../services/order/blocks.ts');
const { rebuildShards } = await import('../../services/scheduler/rebuild.ts');

vi.setConfig({ testTimeout: 60_000 });
const OPERATOR = { user: { uid: 'opal', role: 'operator' as const }, requestId: 'r-opal' };
const AUDITOR = { uid: 'opal', role: 'operator', requestId: 'r-opal' };
const FREE = '0'.repeat(12);

let node: Node;
beforeAll(async () => {
  const adminGet = (ctx: Context<{ id: string }, { user: { uid: string } }>) =>
    ctx.meta.user.uid === 'boris' ? refuse('NOT_FOUND') : { id: ctx.params.id };
  const managed = { ...session, actions: { ...session.actions, adminGet } };
  node = await startNode([seckill as ServiceSchema, managed]);
  await rebuild();
});
afterAll(async () => {
  await leave(node);
  await server.end();
});

const rebuild = (by = arbiter) =>
  vi.waitUntil(
    async () =>
      (
        await rebuildShards({ caller: node.broker, arbiter: by, keys, who: 'test' }).catch(
          unlessWeather,
        )
      )[0],
    { timeout: 40_000, interval: 100 },
  );
const reconcile = (sale: string, caller = node.broker as never, lateMs = 0) =>
  reconcileSale(caller, arbiter, sale, { lateMs, recount: false, quiet: false });
const asOperator: Node['ask'] = (name, params) =>
  node.ask(name, params, undefined, structuredClone(OPERATOR));
type Seat = Actions['order.blockSeat']['params'];
const block = (sessionId: string, seat: number, reason: Seat['reason'] = '视线遮挡') =>
  asOperator('order.blockSeat', { sessionId, seat, reason });
const unblock = (sessionId: string, seat: number) =>
  asOperator('order.unblockSeat', { sessionId, seat, reason: '已修好' });
const inspect = async (sessionId: string, seat: number) => ({
  ...(await asOperator('seckill.inspect', { sessionId, seat })),
  ...(await asOperator('order.seatHistory', { sessionId, seat })),
});
async function ordered(sale: string, uid: string, seats: number[]): Promise<string> {
  const orderId = await lock(sale, uid, seats);
  await soon(() => stateOf(orderId)).toBe('LOCKED');
  return orderId;
}
const claimsOf = (sale: string) =>
  statements().rows<{ seat: number; orderId: string }>(
    'SELECT seat, orderId FROM seat_claims WHERE sessionId = :sale ORDER BY seat',
    { sale },
  );
const blocksOf = async (sale: string) =>
  (await claimsOf(sale)).map(({ orderId }) => orderId) as [string, string];

/** Something that happens around the next transaction. */
function nextTransaction(around: (run: () => Promise<unknown>) => Promise<unknown>) {
  const db = database() as unknown as { transaction: (...all: unknown[]) => Promise<unknown> };
  const { transaction } = db;
  db.transaction = (...all) => {
    db.transaction = transaction;
    return around(() => transaction.apply(db, all));
  };
}

test('a seat is kept back until it is unblocked; who did it and why is on record', async () => {
  const sale = await openSale();
  const blocked = await block(sale, 3);
  expect(blocked).toEqual({ seat: 3, by: 'opal', reason: '视线遮挡', at: expect.any(String) });
  expect(await marks(sale)).toBe('000200000000');
  expect(await wordFrom(lock(sale, 'ann', [3]))).toBe('SEAT_TAKEN');
  expect(await inspect(sale, 3)).toMatchObject({
    ...{ state: 'BLOCKED', history: [], blocks: [blocked] },
  });
  const ended = await unblock(sale, 3);
  expect(ended).toEqual({
    ...blocked,
    ended: { by: 'opal', reason: '已修好', at: expect.any(String) },
  });
  await soon(() => marks(sale)).toBe(FREE);
  expect((await inspect(sale, 3)).blocks).toEqual([ended]);
  expect(await claimsOf(sale)).toEqual([]);
  // on sale again, like any other
  await ordered(sale, 'ann', [3]);
  const rows = await statements().rows<{ action: string; after: string }>(
    'SELECT uid, action, `after`, requestId FROM audit_log WHERE target = :target ORDER BY at',
    { target: `${sale}/3` },
  );
  expect(rows.map(({ action, after }) => [action, JSON.parse(after).reason])).toEqual([
    ['seat.block', '视线遮挡'],
    ['seat.unblock', '已修好'],
  ]);
});

test('what is blocked is listed page by page, for whoever manages the session', async () => {
  const sale = await openSale();
  for (const seat of [7, 2, 5]) await block(sale, seat);
  await unblock(sale, 2);
  const as = (uid: string) => ({ user: { uid, role: 'organiser' as const } });
  const ask = (uid: string, cursor?: string) =>
    node.ask(
      'order.blocks',
      { sessionId: sale, limit: 1, ...(cursor && { cursor }) },
      undefined,
      as(uid),
    );
  const first = await ask('anna');
  const second = await ask('anna', first.nextCursor!);
  expect([...first.items, ...second.items].map(({ seat }) => seat)).toEqual([7, 5]);
  expect(second.nextCursor).toBeNull();
  expect(await wordFrom(ask('boris'))).toBe('NOT_FOUND');
  expect(await wordFrom(ask('anna', 'nonsense'))).toBe('VALIDATION_FAILED');
});

test('only a free seat is blocked, and only a blocked one unblocked', async () => {
  const sale = await openSale();
  const orderId = await ordered(sale, 'ann', [0]);
  const paid = await ordered(sale, 'bob', [1]);
  await node.ask('order.settle', eventOf({ orderId: paid, amountFen: 100 } as never));
  await soon(() => marks(sale)).toMatch(/^12/);
  await block(sale, 2);
  const words = [
    ...[block(sale, 0), block(sale, 1), block(sale, 2), block(sale, 12), block(sale, 1e300)],
    ...[unblock(sale, 0), unblock(sale, 4), block('0000000000000000', 0), block(sale, 5, ' ')],
    asOperator('order.freeSeat', { sessionId: sale, seat: 2, reason: 'r' }),
  ];
  expect(await Promise.all(words.map(wordFrom))).toEqual([
    ...['SEAT_NOT_FREE', 'SEAT_NOT_FREE', 'SEAT_BLOCKED', 'SEAT_UNKNOWN', 'SEAT_UNKNOWN'],
    ...['SEAT_NOT_BLOCKED', 'SEAT_NOT_BLOCKED', 'NOT_FOUND', 'VALIDATION_ERROR', 'SEAT_BLOCKED'],
  ]);
  expect(await marks(sale)).toBe('122000000000');
  expect([await stateOf(orderId), await stateOf(paid)]).toEqual(['LOCKED', 'PAID']);
});

test('nobody else may, and of many who do it at once one did', async () => {
  const sale = await openSale();
  const params = { sessionId: sale, seat: 0, reason: 'r' };
  for (const name of ['order.blockSeat', 'order.unblockSeat'] as const) {
    for (const role of ['buyer', 'organiser'] as const) {
      const asked = node.ask(name, params, undefined, { user: { uid: 'u', role } });
      expect(await wordFrom(asked), `${role} ${name}`).toBe('FORBIDDEN');
    }
    expect(await wordFrom(node.ask(name, params))).toBe('UNAUTHENTICATED');
  }
  const words = await Promise.all([1, 2, 3].map(() => wordFrom(block(sale, 0))));
  expect(words.toSorted()).toEqual(['SEAT_BLOCKED', 'SEAT_BLOCKED', 'accepted']);
  const freed = await Promise.all([1, 2, 3].map(() => wordFrom(unblock(sale, 0))));
  expect(freed.toSorted()).toEqual(['SEAT_NOT_BLOCKED', 'SEAT_NOT_BLOCKED', 'accepted']);
  await soon(() => marks(sale)).toBe(FREE);
});

test('an arbiter that lost everything is given its blocks back', async () => {
  const sale = await openSale();
  await block(sale, 4);
  await ordered(sale, 'ann', [0]);
  await loseAll();
  const { sales } = await rebuild();
  expect(sales.find((one) => one.sale === sale)).toMatchObject({
    ...{ orders: 2, did: { lock: 1, block: 1 } },
  });
  expect(await marks(sale)).toBe('100020000000');
  expect((await inspect(sale, 4)).state).toBe('BLOCKED');
  await unblock(sale, 4);
  await soon(() => marks(sale)).toBe('100000000000');
});

test('a block that the arbiter lost comes back, one that has ended goes', async () => {
  const sale = await openSale();
  await block(sale, 1);
  await block(sale, 2);
  const [lost, ended] = await blocksOf(sale);
  await arbiter.release(sale, lost, 'lost');
  await statements().change(
    `UPDATE seat_blocks SET endedUid = 'opal', endedReason = 'r', endedAt = UTC_TIMESTAMP(3)
     WHERE blockId = :ended`,
    { ended },
  );
  await statements().change('DELETE FROM seat_claims WHERE orderId = :ended', { ended });
  expect(await marks(sale)).toBe('002000000000');
  const { differences, books } = await reconcile(sale);
  expect(differences).toMatchObject([
    { orderId: lost, mysql: 'BLOCKED', arbiter: 'NONE', did: 'block' },
    { orderId: ended, mysql: 'UNBLOCKED', arbiter: 'SOLD', did: 'release' },
  ]);
  expect(books).toEqual([]);
  expect(await marks(sale)).toBe('020000000000');
  expect((await reconcile(sale)).differences).toEqual([]);
});

test('books in which a block and its claim are not together name it', async () => {
  const sale = await openSale();
  await block(sale, 1);
  await block(sale, 2);
  const [first, second] = await blocksOf(sale);
  await statements().change('DELETE FROM seat_claims WHERE orderId = :first', { first });
  await statements().change('DELETE FROM seat_blocks WHERE blockId = :second', { second });
  expect((await reconcile(sale)).books).toEqual([
    { fault: 'claim of an order that is not alive', about: second, detail: '2' },
    { fault: 'blocked seat without a claim', about: first, detail: '1' },
  ]);
});

test('a block that was granted and never recorded is released, when it is late', async () => {
  const sale = await openSale();
  const blockId = newBlockId(sale, Date.now() - 10_000, (n) => Buffer.alloc(n, 7));
  await node.ask('seckill.block', { sessionId: sale, seat: 6, blockId });
  expect((await reconcile(sale, undefined, 60_000)).differences).toEqual([]);
  expect(await marks(sale)).toBe('000000200000');
  expect((await reconcile(sale)).differences).toMatchObject([{ did: 'release' }]);
  expect(await marks(sale)).toBe(FREE);
  expect((await reconcile(sale)).differences).toEqual([]);
});

test('a block whose commit had no answer is on no sale: it may be recorded', async () => {
  const sale = await openSale();
  nextTransaction(async (run) => {
    await run();
    throw new ConnectionError(new Error('gone') as never);
  });
  expect(await wordFrom(block(sale, 3))).toBe('BUSY');
  expect(await wordFrom(lock(sale, 'ann', [3]))).toBe('SEAT_TAKEN');
  expect((await reconcile(sale)).differences).toEqual([]);
});

test('a comparison leaves a block alone that is being recorded', async () => {
  const sale = await openSale();
  nextTransaction(async (run) => {
    await reconcile(sale);
    return run();
  });
  expect(await wordFrom(block(sale, 3))).toBe('accepted');
  expect(await wordFrom(lock(sale, 'ann', [3]))).toBe('SEAT_TAKEN');
});

test('a block that is recorded too late is none', async () => {
  const sale = await openSale();
  const blockId = newBlockId(sale, Date.now() - 11_000, (n) => Buffer.alloc(n, 7));
  const recorded = recordBlock(blockId, { sessionId: sale, seat: 3, reason: 'r' }, AUDITOR);
  expect(await wordFrom(recorded)).toBe('BUSY');
  expect(await claimsOf(sale)).toEqual([]);
});

test('what an arbiter has lost is not blocked before it is restored', async () => {
  const sale = await openSale();
  const paid = await ordered(sale, 'bob', [1]);
  await node.ask('order.settle', eventOf({ orderId: paid, amountFen: 100 } as never));
  await soon(() => marks(sale)).toMatch(/^02/);
  await loseAll();
  const words: unknown[] = [];
  const meddled: typeof arbiter = {
    ...arbiter,
    restore: async (of, orders, quiet) => {
      if (of === sale) words.push(await wordFrom(block(sale, 1)));
      return arbiter.restore(of, orders, quiet);
    },
  };
  await rebuild(meddled);
  expect(words).toContain('ARBITER_AWAY');
  expect(await marks(sale)).toMatch(/^02/);
});

test('a paid order gets its seat where whoever was on it has left by himself', async () => {
  const sale = await openSale();
  const paid = await ordered(sale, 'bob', [1]);
  await node.ask('order.settle', eventOf({ orderId: paid, amountFen: 100 } as never));
  await soon(() => marks(sale)).toMatch(/^02/);
  await loseAll();
  const passing = { orderId: `${sale}-block-0000000000000000`, uid: '', seats: [1], deadlineMs: 0 };
  let met = false;
  const meddled: typeof arbiter = {
    ...arbiter,
    restore: async (of, orders, quiet) => {
      if (met || of !== sale) return arbiter.restore(of, orders, quiet);
      met = true;
      await arbiter.restore(of, [{ ...passing, state: 'BLOCKED' }]);
      const results = await arbiter.restore(of, orders, quiet);
      await arbiter.release(of, passing.orderId, 'left');
      return results;
    },
  };
  const { sales } = await rebuild(meddled);
  expect(sales.find((one) => one.sale === sale)).toMatchObject({ did: { sell: 1 } });
  expect(await marks(sale)).toMatch(/^02/);
});

test('a seat that MySQL has given to an order is not blocked, though forgotten', async () => {
  const sale = await openSale();
  const orderId = await ordered(sale, 'ann', [8]);
  await arbiter.release(sale, orderId, 'lost');
  expect(await wordFrom(block(sale, 8))).toBe('SEAT_NOT_FREE');
  await soon(() => marks(sale)).toBe(FREE);
  expect(await claimsOf(sale)).toEqual([{ seat: 8, orderId }]);
});

test('what could not be recorded is given back at once', async () => {
  const sale = await openSale();
  const beyondTheColumn = '长'.repeat(1_001);
  expect(await wordFrom(block(sale, 1, beyondTheColumn))).toBe('VALIDATION_ERROR');
  await statements().change('RENAME TABLE seat_blocks TO seat_blocks_away');
  try {
    await expect(block(sale, 1)).rejects.toThrow();
    await soon(() => marks(sale)).toBe(FREE);
  } finally {
    await statements().change('RENAME TABLE seat_blocks_away TO seat_blocks');
  }
  expect(await claimsOf(sale)).toEqual([]);
  await block(sale, 1);
});

test('a comparison that asked before a block was lifted is put right by the next', async () => {
  const sale = await openSale();
  await block(sale, 9);
  const [blockId] = await blocksOf(sale);
  await arbiter.release(sale, blockId, 'lost');
  const overtaken = {
    call: async (name: string, params: object, options: object) => {
      const answer = await node.broker.call(name, params, options);
      if (name === 'order.live') await unblock(sale, 9);
      return answer;
    },
  };
  const { differences } = await reconcile(sale, overtaken as never);
  expect(differences).toMatchObject([{ did: 'block' }]);
  await soon(() => posted('order.cancelled', blockId)).toMatchObject([
    { uid: '', seats: [9], reason: 'UNBLOCKED' },
  ]);
  await reconcile(sale);
  expect(await marks(sale)).toBe(FREE);
  expect((await reconcile(sale)).differences).toEqual([]);
});
