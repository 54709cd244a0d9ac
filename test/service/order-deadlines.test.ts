/** Deadlines, cancelling, sweeps and the outbox, with a real arbiter holding the seats. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LayoutColumns } from '../../contracts/layout.ts';
import {
  config,
  database,
  eventOf,
  freshSale,
  keys,
  lagMs,
  leave,
  lockOf,
  type Node,
  pathOf,
  post,
  posted,
  redis,
  rowsOf,
  soon,
  startNode,
  statements,
  stateOf,
  wordFrom,
} from './order.support.ts';

const { createArbiter } = await import('../../lua/arbiter.ts');
const { redisClient } = await import('../../mixins/redis.ts');
const { relay } = await import('../../services/order/outbox.ts');
const { moveOrder } = await import('../../services/order/moves.ts');
const { lockOrder } = await import('../../services/order/order.model.ts');
const { inTransaction } = await import('../../mixins/database.ts');
const { sqlTime } = await import('../../mixins/statement.ts');
const { default: seckill } = await import('../../services/seckill/seckill.service.ts');
const arbiter = createArbiter({ redis, keys });
const SEATS = 20;

const layout: LayoutColumns = {
  layoutVersion: 'v1',
  seatCount: SEATS,
  size: { width: 100, height: 10 },
  tiers: ['A'],
  sections: ['Hall'],
  rows: [{ section: 0, row: '1' }],
  seat: Array.from({ length: SEATS }, (_, i) => i),
  label: Array.from({ length: SEATS }, (_, i) => `1-${i}`),
  x: Array.from({ length: SEATS }, (_, i) => i),
  y: Array.from({ length: SEATS }, () => 0),
  tier: Array.from({ length: SEATS }, () => 0),
  row: Array.from({ length: SEATS }, () => 0),
};

let node: Node;
beforeAll(async () => {
  node = await startNode([seckill as ServiceSchema]);
  await arbiter.adopt(0, 1);
});
afterAll(() => leave(node));

/** A sale whose locks live `lockMs`. */
async function openSale(lockMs = 60_000): Promise<string> {
  const sale = freshSale();
  const nowMs = Date.now();
  const terms = {
    reservationRequired: false,
    reservationOpensAtMs: nowMs - 1_000,
    reservationClosesAtMs: nowMs + 60_000,
    opensAtMs: nowMs - 1_000,
    closesAtMs: nowMs + 600_000,
    seatsPerBuyerMax: 6,
    lockMs,
  };
  await arbiter.open(sale, layout, { A: 10_000 }, terms);
  return sale;
}

/** Locks seats in the arbiter, which announces it. */
async function lockSeats(sale: string, uid: string, seats: number[]) {
  const { orderId } = lockOf(uid, seats, { sale });
  const answer = await arbiter.lock({ sale, uid, orderId, seats, requestId: 'r1' });
  return { sale, uid, orderId, deadlineMs: answer.deadlineMs, amountFen: answer.amountFen };
}
const ordered = (orderId: string) => soon(() => stateOf(orderId)).toBe('LOCKED');
const marks = async (sale: string) => (await arbiter.snapshot(sale)).states;

/** Makes a deadline pass: in MySQL, and in the arbiter. */
async function pass(sale: string, orderId: string, agoMs = 100) {
  await statements().change('UPDATE orders SET deadline = :at WHERE orderId = :orderId', {
    at: sqlTime(Date.now() - agoMs),
    orderId,
  });
  await redis.zadd(keys.ofSale(sale).deadlines, Date.now() - agoMs, orderId);
}

test('answers INIT right after the lock, and the order as soon as it is one', async () => {
  const sale = await openSale();
  const { orderId } = await lockSeats(sale, 'ann', [0]);
  const states = new Set<string>();
  await soon(async () => {
    const view = await node.ask('order.get', { orderId }, 'ann');
    expect(view).toMatchObject({ orderId, sessionId: sale, amountFen: 10_000 });
    expect(view.seats).toEqual([{ seat: 0, label: '1-0', tier: 'A', priceFen: 10_000 }]);
    states.add(view.state);
    return view.state;
  }).toBe('LOCKED');
  expect([...states].every((state) => state === 'INIT' || state === 'LOCKED')).toBe(true);
});

test('shows a stranger nothing; lists only the own orders, newest first, by pages', async () => {
  const sale = await openSale();
  const made: string[] = [];
  for (const seat of [0, 1, 2]) {
    const { orderId } = await lockSeats(sale, 'bob', [seat]);
    await ordered(orderId);
    made.unshift(orderId);
  }
  expect(await wordFrom(node.ask('order.get', { orderId: made[0]! }, 'mallory'))).toBe('NOT_FOUND');
  expect(await wordFrom(node.ask('order.cancel', { orderId: made[0]! }, 'mallory'))).toBe(
    'NOT_FOUND',
  );
  expect(await wordFrom(node.ask('order.get', { orderId: 'nonsense' }, 'bob'))).toBe('NOT_FOUND');
  const first = await node.ask('order.list', { limit: 2 }, 'bob');
  expect(first.items.map(({ orderId }) => orderId)).toEqual(made.slice(0, 2));
  const next = await node.ask('order.list', { limit: 2, cursor: first.nextCursor! }, 'bob');
  expect(next.items.map(({ orderId }) => orderId)).toEqual(made.slice(2));
  expect(next.nextCursor).toBeNull();
  expect((await node.ask('order.list', {}, 'mallory')).items).toEqual([]);
  const broken = node.ask('order.list', { cursor: 'x' }, 'bob');
  expect(await wordFrom(broken)).toBe('VALIDATION_ERROR');
});

test('cancels a LOCKED order and its seats come back; never twice, never a paid one', async () => {
  const sale = await openSale();
  const { orderId } = await lockSeats(sale, 'cat', [3, 4]);
  expect(await node.ask('order.cancel', { orderId }, 'cat')).toEqual({
    orderId,
    state: 'CANCELLED',
  });
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
  expect(await wordFrom(node.ask('order.cancel', { orderId }, 'cat'))).toBe(
    'ORDER_NOT_CANCELLABLE',
  );
  const paid = await lockSeats(sale, 'cat', [3]);
  await ordered(paid.orderId);
  await node.ask('order.settle', eventOf({ ...lockOf('cat', [3]), ...paid }));
  await soon(() => marks(sale)).toBe(`0002${'0'.repeat(SEATS - 4)}`);
  expect(await wordFrom(node.ask('order.cancel', { orderId: paid.orderId }, 'cat'))).toBe(
    'ORDER_NOT_CANCELLABLE',
  );
});

test('refuses to wait longer than it may for a lock that does not become an order', async () => {
  const { orderId } = lockOf('dan', [1]);
  expect(await wordFrom(node.ask('order.cancel', { orderId }, 'dan'))).toBe('BUSY');
  expect(await wordFrom(node.ask('order.get', { orderId }, 'dan'))).toBe('BUSY');
});

test('says that a lock everybody forgot is lost, once it cannot be on its way', async () => {
  const { orderId } = lockOf('eve', [1], {}, Date.now() - 2 * 60 * 60_000);
  expect(await wordFrom(node.ask('order.get', { orderId }, 'eve'))).toBe('ORDER_ABORTED');
  expect(await rowsOf('hold_verdicts', orderId)).toMatchObject([{ reason: 'lost' }]);
});

test('times a LOCKED order out when its deadline is announced, and frees its seats', async () => {
  const sale = await openSale();
  const { orderId } = await lockSeats(sale, 'fay', [5]);
  await ordered(orderId);
  await pass(sale, orderId);
  await Promise.all([1, 2, 3].map(() => arbiter.due(sale, 10, 0)));
  await soon(() => stateOf(orderId)).toBe('TIMEOUT_CANCELLED');
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
  expect(await pathOf(orderId)).toBe('INIT LOCKED TIMEOUT_CANCELLED');
  const view = await node.ask('order.get', { orderId }, 'fay');
  expect(view.history.at(-1)).toMatchObject({ state: 'TIMEOUT_CANCELLED', by: 'deadline' });
});

test('gives a PAYING order its grace, then cancels it punctually', async () => {
  const sale = await openSale();
  const lock = await lockSeats(sale, 'gil', [5]);
  const { orderId } = lock;
  await ordered(orderId);
  const event = eventOf({ ...lockOf('gil', [5]), ...lock }, 'payment.started');
  await node.ask('order.settle', event);
  const passedAtMs = Date.now();
  await pass(sale, orderId, 0);
  await arbiter.due(sale, 10, 60_000); // announced once: the process itself remembers the grace
  await new Promise((resolve) => setTimeout(resolve, config.payGraceMs / 2));
  expect(await stateOf(orderId)).toBe('PAYING');
  await soon(() => stateOf(orderId), { timeout: 3_000 }).toBe('TIMEOUT_CANCELLED');
  expect(Date.now() - passedAtMs).toBeLessThan(config.payGraceMs + 1_000);
  expect(await pathOf(orderId)).toBe('INIT LOCKED PAYING TIMEOUT_CANCELLED');
});

test('gives up an orphan at its deadline; its message, coming later, makes no order', async () => {
  const sale = await openSale();
  const lost = lockOf('hal', [7], { sale, deadlineMs: Date.now() - 10 });
  await post('deadline.due', { sale, orderId: lost.orderId, deadlineMs: lost.deadlineMs });
  await soon(() => rowsOf('hold_verdicts', lost.orderId)).toMatchObject([
    { verdict: 'ABORTED', reason: 'orphan' },
  ]);
  await post('seat.moved', { ...lost, deadlineMs: Date.now() + 60_000 });
  await soon(() => posted('order.cancelled', lost.orderId)).toHaveLength(1);
  await soon(lagMs).toBe(0);
  expect(await rowsOf('orders', lost.orderId)).toEqual([]);
});

test('tells the arbiter again what it missed: a release, a sale, an orphan', async () => {
  const sale = await openSale();
  const [gone, sold] = [await lockSeats(sale, 'ida', [0]), await lockSeats(sale, 'ida', [1])];
  await Promise.all([gone, sold].map(({ orderId }) => ordered(orderId)));
  await node.broker.destroyService(node.broker.getLocalService('seckill')!);
  await node.ask('order.cancel', { orderId: gone.orderId }, 'ida');
  await node.ask('order.settle', eventOf({ ...lockOf('ida', [1]), ...sold }));
  await soon(() => posted('order.paid', sold.orderId)).toHaveLength(1);
  await soon(() => posted('order.cancelled', gone.orderId)).toHaveLength(1);
  await redis.del(keys.stream('order.paid', 0), keys.stream('order.cancelled', 0));
  expect(await marks(sale)).toMatch(/^110/);
  await Promise.all([gone, sold].map(({ orderId }) => pass(sale, orderId)));
  node.broker.createService(seckill as ServiceSchema);
  await arbiter.due(sale, 10, 60_000);
  await soon(() => marks(sale)).toMatch(/^020/);
});

test('sweeps overdue orders that no announcement reached', async () => {
  const sale = await openSale();
  const overdue = await lockSeats(sale, 'jon', [0]);
  await ordered(overdue.orderId);
  await pass(sale, overdue.orderId, 6_000);
  const answer = await node.ask('order.overdue', { lateMs: 5_000, limit: 100 });
  expect(answer.done).toBeGreaterThanOrEqual(1);
  expect(await stateOf(overdue.orderId)).toBe('TIMEOUT_CANCELLED');
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
});

test('sweeps a lock whose message was lost before it became an order', async () => {
  const sale = await openSale(5_000);
  await node.stop();
  const orphan = await lockSeats(sale, 'pia', [0]);
  await redis.del(keys.stream('seat.moved', 0));
  node = await startNode([seckill as ServiceSchema]);
  const sweep = () => node.ask('order.orphans', { lateMs: 500, limit: 100 });
  expect(await sweep()).toEqual({ done: 0 });
  await new Promise((resolve) => setTimeout(resolve, 5_600));
  expect(await sweep()).toEqual({ done: 1 });
  expect(await rowsOf('hold_verdicts', orphan.orderId)).toMatchObject([{ reason: 'orphan' }]);
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
  expect(await posted('order.cancelled', orphan.orderId)).toMatchObject([
    { uid: 'pia', seats: [0], reason: 'orphan' },
  ]);
});

test('posts once what a process left that died between commit and post', async () => {
  const sale = await openSale();
  const { orderId } = await lockSeats(sale, 'kim', [0]);
  await ordered(orderId);
  await node.stop();
  // what a killed process leaves: the transaction, and nothing after it
  await inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const order = await lockOrder(sql, orderId);
    await moveOrder(sql, order!, 'cancel', sqlTime(await sql.nowMs()));
  });
  expect(await posted('order.cancelled', orderId)).toEqual([]);
  const both = await Promise.all([relay(redis, 0, 100), relay(redis, 0, 100)]);
  expect(both[0] + both[1]).toBe(1);
  expect(await posted('order.cancelled', orderId)).toHaveLength(1);
  node = await startNode([seckill as ServiceSchema]);
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
});

test('leaves alone a message that another process is taking, and waits for none', async () => {
  await node.stop();
  const { createOrders } = await import('../../services/order/creation.ts');
  await createOrders([lockOf('ola', [1], { deadlineMs: 1 })]);
  const other = await database().transaction();
  await statements(other).rows('SELECT id FROM outbox WHERE postedAt IS NULL FOR UPDATE');
  expect(await Promise.race([relay(redis, 0, 100), sleep(1_000, 'waits')])).toBe(0);
  await other.commit();
  expect(await relay(redis, 0, 100)).toBe(1);
  node = await startNode([seckill as ServiceSchema]);
});

test('keeps a message that could not be posted, and posts it when it can', async () => {
  const lock = lockOf('lea', [1]);
  const away = redisClient('redis://127.0.0.1:1', 'hot');
  await node.stop();
  const { createOrders } = await import('../../services/order/creation.ts');
  await createOrders([{ ...lock, deadlineMs: 1 }]);
  await expect(relay(away, 0, 100)).rejects.toThrow();
  away.disconnect();
  const outbox = async () =>
    statements().row<{ postedAt: Date | null; attempts: number }>(
      'SELECT postedAt, attempts FROM outbox WHERE eventId = :id',
      { id: `${lock.orderId}:cancelled` },
    );
  expect(await outbox()).toEqual({ postedAt: null, attempts: 1 });
  expect(await relay(redis, 0, 100)).toBe(0); // it waits a moment before the next attempt
  await soon(() => relay(redis, 0, 100), { timeout: 3_000 }).toBe(1);
  expect(await outbox()).toMatchObject({ postedAt: expect.any(Date) });
  node = await startNode([seckill as ServiceSchema]);
});

test('tells an operator everything about an order and a seat, and a buyer nothing', async () => {
  const sale = await openSale();
  const first = await lockSeats(sale, 'max', [9]);
  await ordered(first.orderId);
  await node.ask('order.cancel', { orderId: first.orderId }, 'max');
  await soon(() => marks(sale)).toBe('0'.repeat(SEATS));
  const second = await lockSeats(sale, 'ned', [9]);
  await ordered(second.orderId);
  const { history } = await node.ask('order.seatHistory', { sessionId: sale, seat: 9 });
  expect(history.map(({ orderId, state, by }) => [orderId, state, by])).toEqual([
    [first.orderId, 'CANCELLED', 'buyer'],
    [second.orderId, 'LOCKED', 'seckill'],
  ]);
  const inspected = await node.ask('order.inspect', { orderId: second.orderId });
  expect(inspected).toMatchObject({ uid: 'ned', state: 'LOCKED' });
  expect(await wordFrom(node.ask('order.inspect', { orderId: second.orderId }, 'ned'))).toBe(
    'FORBIDDEN',
  );
});

test('numbers each loss of the arbiter once, whoever reports it; one repairs it', async () => {
  const run = { shard: 3, oldRunId: '', newRunId: 'run-a', above: 0, who: 'a' };
  const report = (changes: Partial<typeof run>) =>
    node.ask('order.incident', { ...run, ...changes });
  const [a, b] = await Promise.all([report({}), report({ who: 'b' })]);
  expect(a.epoch).toBe(b.epoch);
  expect([a.mine, b.mine].filter((mine) => mine)).toHaveLength(1);
  const { epoch } = a;
  // who began it goes on with it, also after a restart
  expect(await report({ who: a.mine ? 'a' : 'b', above: epoch })).toEqual({ epoch, mine: true });
  await node.ask('order.repaired', { epoch, report: { sales: [] } });
  expect(await node.ask('order.repaired', { epoch, report: {} })).toEqual({ changed: false });
  expect((await report({ newRunId: 'run-b', above: epoch })).epoch).toBeGreaterThan(epoch);
});

test('gives a loss within a run that was repaired before an epoch of its own', async () => {
  const run = { shard: 4, oldRunId: '', newRunId: 'run-a', above: 0, who: 'a' };
  const { epoch } = await node.ask('order.incident', run);
  await node.ask('order.repaired', { epoch, report: {} });
  const lost = { ...run, oldRunId: 'run-a', above: epoch };
  // not at once: who asks now may have looked before the repair was finished
  expect(await node.ask('order.incident', lost)).toEqual({ epoch, mine: false });
  const again = await vi.waitUntil(
    async () => {
      const answer = await node.ask('order.incident', lost);
      return answer.mine && answer;
    },
    { timeout: 10_000, interval: 200 },
  );
  expect(again.epoch).toBeGreaterThan(epoch);
  await node.ask('order.repaired', { epoch: again.epoch, report: {} });
  const late = await node.ask('order.incident', { ...run, above: epoch, who: 'b' });
  expect(late).toEqual({ epoch: again.epoch, mine: false });
  // a MySQL that was restored counts on from where the arbiter is
  const ahead = { ...run, newRunId: 'run-c', above: again.epoch + 40 };
  expect((await node.ask('order.incident', ahead)).epoch).toBe(again.epoch + 41);
});
