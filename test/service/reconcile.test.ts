/**
 * An arbiter that lost something, and orders in MySQL: what is restored, what gives way, and that
 * nobody locks a seat before it is done.
 */
import type { ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Caller } from '../../contracts/actions.ts';
import { refusal, wordOf } from '../../contracts/errors.ts';
import type { Node } from './order.support.ts';

const { arbiter, broken, interrupted, lock, loseAll, marks, mint, move } = await import(
  './reconcile.support.ts'
);
const { openSale, remember, server, session, unlessWeather } = await import(
  './reconcile.support.ts'
);
const support = await import('./order.support.ts');
const { eventOf, keys, leave, pathOf, posted, redis, rowsOf, soon, startNode } = support;
const { stateOf, statements, wordFrom } = support;
const { default: seckill } = await import('../../services/seckill/seckill.service.ts');
const { reconcileSale } = await import('../../services/scheduler/reconcile.ts');
const { rebuildShards } = await import('../../services/scheduler/rebuild.ts');
const { reconcileOne } = await import('../../services/scheduler/sweeps.ts');
const { Followers } = await import('../../services/scheduler/followers.ts');

// A Redis killed twice in a row is let wait before it starts again, longer on a busy machine.
vi.setConfig({ testTimeout: 90_000 });
const PATIENT = { timeout: 40_000, interval: 100 };

let node: Node;
beforeAll(async () => {
  node = await startNode([seckill as ServiceSchema, session]);
  await rebuild();
});
afterAll(async () => {
  await leave(node);
  await server.end();
});

const at = (who = 'test') => ({ caller: node.broker, arbiter, keys, who });
/** Looks until it finds something to repair: a repair that has just ended is not begun again. */
const rebuild = (caller: Caller = node.broker) =>
  vi.waitUntil(
    async () => (await rebuildShards({ ...at(), caller }).catch(unlessWeather))[0],
    PATIENT,
  );
const patience = { lateMs: 0, recount: false, quiet: false };
const reconcile = (sale: string) => reconcileSale(node.broker, arbiter, sale, patience);

async function order(sale: string, uid: string, seats: number[]): Promise<string> {
  const orderId = await lock(sale, uid, seats);
  await soon(() => stateOf(orderId)).toBe('LOCKED');
  return orderId;
}
async function paid(sale: string, uid: string, seats: number[]): Promise<string> {
  const orderId = await order(sale, uid, seats);
  const amountFen = 100 * seats.length;
  await node.ask('order.settle', eventOf({ orderId, amountFen } as never));
  await soon(async () => (await arbiter.hold(sale, orderId))?.state).toBe('SOLD');
  return orderId;
}
test('an arbiter that lost everything is filled from MySQL before a seat is locked', async () => {
  const sale = await openSale();
  await arbiter.reserve(sale, 'ann');
  const live = await order(sale, 'ann', [0, 1]);
  const sold = await paid(sale, 'bob', [4, 5, 6]);
  const gone = await order(sale, 'eve', [9]);
  await node.ask('order.cancel', { orderId: gone }, 'eve');
  await soon(() => rowsOf('reservations', live).catch(() => [1])).toBeTruthy();
  await soon(async () => (await node.ask('order.reservations', ASK(sale))).items.length).toBe(1);
  const before = await arbiter.hold(sale, live);
  const epoch = (await arbiter.epoch(0))!.epoch;
  await loseAll();
  expect(await wordFrom(lock(sale, 'zoe', [11]))).toBe('ARBITER_AWAY');

  const report = await rebuild();
  expect(report).toMatchObject({ shard: 0, epoch: epoch + 1 });
  expect(report.sales.find((one) => one.sale === sale)).toMatchObject({
    ...{ reopened: true, reservations: 1, orders: 2, did: { lock: 1, sell: 1 } },
  });
  expect(await marks(sale)).toBe('110022200000');
  expect(await arbiter.isReserved(sale, 'ann')).toBe(true);
  const after = await arbiter.hold(sale, live);
  expect(after).toEqual(before);
  expect(await arbiter.hold(sale, sold)).toMatchObject({ state: 'SOLD', uid: 'bob' });
  expect((await arbiter.view(sale)).left).toEqual({ A: 7 });
  await lock(sale, 'zoe', [11]);
  // the limit counts what was restored
  expect(await wordFrom(lock(sale, 'bob', [7, 8]))).toBe('LIMIT_REACHED');
  const [incident] = await statements().rows<{ report: unknown; oldRunId: string }>(
    'SELECT report, oldRunId FROM arbiter_incidents ORDER BY epoch DESC LIMIT 1',
  );
  expect(incident?.report).toBeTruthy();
  expect(await rebuildShards(at())).toEqual([]);
});
const ASK = (sale: string) => ({ sale, sinceMs: 0, after: '', limit: 10 });

test('a sale that cannot be rebuilt holds up no other', async () => {
  const [whole, lost] = [await openSale(), await openSale()];
  await order(whole, 'ann', [0]);
  broken.add(lost);
  await loseAll();
  const { sales } = await rebuild();
  broken.delete(lost);
  expect(sales.find(({ sale }) => sale === lost)).toEqual({
    ...{ sale: lost, broken: 'its layout is gone' },
  });
  expect(await wordFrom(lock(lost, 'zoe', [11]))).toBe('NOT_FOUND');
  await lock(whole, 'zoe', [11]);
  // and is rebuilt by the comparison when it can be
  await soon(() => reconcileOne(at(), lost, false)).toBeTruthy();
  await lock(lost, 'zoe', [11]);
});

test('weather keeps the shard frozen; what was half restored is not taken for whole', async () => {
  const sale = await openSale();
  for (const uid of ['ann', 'bob']) await arbiter.reserve(sale, uid);
  await soon(async () => (await node.ask('order.reservations', ASK(sale))).total).toBe(2);
  await statements().change(
    'UPDATE reservations SET reservedAt = "2026-01-01" WHERE sessionId = :sale',
    {
      sale,
    },
  );
  await loseAll();
  const away = interrupted(node.broker, 'order.live', () => Promise.reject(refusal('BUSY')));
  const reserved = () => arbiter.count(sale).then(({ reservations }) => reservations);
  await expect
    .poll(() => rebuildShards({ ...at(), caller: away }).catch(wordOf), PATIENT)
    .toBe('BUSY');
  expect(await wordFrom(lock(sale, 'zoe', [11]))).toBe('ARBITER_AWAY');
  // the sale is there by now; what it lacks is restored all the same
  await redis.del(keys.ofSale(sale).reserved);
  await redis.hset(keys.ofSale(sale).meta, 'reservations', 0);
  await rebuild();
  expect(await reserved()).toBe(2);
  await lock(sale, 'zoe', [11]);
});

test('a restored order ends as it would have: paid, or cancelled', async () => {
  const sale = await openSale();
  const one = await order(sale, 'ann', [0]);
  const other = await order(sale, 'bob', [2]);
  await loseAll();
  await rebuild();
  await node.ask('order.settle', eventOf({ orderId: one, amountFen: 100 } as never));
  await node.ask('order.cancel', { orderId: other }, 'bob');
  await soon(() => marks(sale)).toBe('200000000000');
  expect(await pathOf(one)).toBe('INIT LOCKED PAYING PAID');
});

test('a sale is let in again only as its organiser last ordered', async () => {
  const sale = await openSale('PAUSED');
  await loseAll();
  await rebuild();
  expect((await arbiter.view(sale)).state).toBe('PAUSED');
});

test('a Redis that was killed and kept its file opens a new epoch, unchanged', async () => {
  const sale = await openSale();
  await order(sale, 'ann', [0, 1]);
  const states = await marks(sale);
  const [epoch, runId] = [(await arbiter.epoch(0))!.epoch, await arbiter.runId()];
  server.kill('SIGKILL');
  await soon(() => arbiter.runId().catch(() => runId), PATIENT).not.toBe(runId);
  expect(await wordFrom(lock(sale, 'zoe', [11]))).toBe('ARBITER_AWAY');
  const report = await rebuild();
  expect(report).toMatchObject({ epoch: epoch + 1 });
  expect(report.sales.find((one) => one.sale === sale)).toMatchObject({
    ...{ reopened: false, corrected: 0, did: {} },
  });
  expect(await marks(sale)).toBe(states);
  await lock(sale, 'zoe', [11]);
});

test('a run that ended while it was repaired is not adopted', async () => {
  const sale = await openSale();
  await redis.del(keys.ofShard(0).epoch);
  const restart = async () => {
    const runId = await arbiter.runId();
    server.kill('SIGKILL');
    await soon(() => arbiter.runId().catch(() => runId), PATIENT).not.toBe(runId);
  };
  const caller = interrupted(node.broker, 'order.repaired', restart);
  await rebuild(caller);
  expect(await wordFrom(lock(sale, 'zoe', [11]))).toBe('ARBITER_AWAY');
  await rebuild();
  await lock(sale, 'zoe', [11]);
});

test('while a lost sale is rebuilt nobody locks, and what moves is of the new epoch', async () => {
  const [lost, other] = [await openSale(), await openSale()];
  const orderId = await order(other, 'ann', [0]);
  const { epoch } = (await arbiter.epoch(0))!;
  await redis.del(...Object.values(keys.ofSale(lost)));
  const words: unknown[] = [];
  const caller = interrupted(node.broker, 'session.onSale', async () => {
    words.push(await wordFrom(lock(other, 'zoe', [11])));
    await arbiter.release(other, orderId, 'CANCELLED');
  });
  await soon(() => reconcileOne({ ...at(), caller }, lost, false)).toBeTruthy();
  expect(words).toEqual(['ARBITER_AWAY']);
  const released = await posted('seat.moved', orderId);
  expect(released.at(-1)).toMatchObject({ type: 'released', epoch: epoch + 1 });
  await lock(other, 'zoe', [11]);
});

test('of two that notice a loss one repairs, the other leaves it to that one', async () => {
  const sale = await openSale();
  await order(sale, 'ann', [3]);
  await loseAll();
  const reports: unknown[] = [];
  await soon(async () => {
    const turn = await Promise.all([rebuildShards(at('a')), rebuildShards(at('b'))]);
    return reports.push(...turn.flat());
  }).toBe(1);
  expect(await marks(sale)).toBe('000100000000');
});

test('a lock that was lost gets its seats back; who has one since keeps it for now', async () => {
  const sale = await openSale();
  const back = await remember(sale);
  const free = await order(sale, 'ann', [0, 1]);
  const taken = await order(sale, 'bob', [4, 5]);
  await node.stop(); // nobody makes an order of what is locked now
  await back();
  const younger = await lock(sale, 'eve', [5, 6]);
  const { differences } = await fromStopped(() => reconcile(sale));
  expect(differences).toMatchObject([
    { orderId: free, mysql: 'LOCKED', arbiter: 'NONE', did: 'lock' },
    { orderId: taken, mysql: 'LOCKED', arbiter: 'NONE', did: 'waits' },
  ]);
  expect(await marks(sale)).toBe('110001100000');
  // the claim in MySQL is the older order's: the younger lock never becomes one, and gives way
  node = await startNode([seckill as ServiceSchema, session]);
  await soon(() => rowsOf('hold_verdicts', younger)).toMatchObject([
    { verdict: 'ABORTED', reason: 'claimed' },
  ]);
  await soon(() => marks(sale)).toBe('110000000000');
  expect((await reconcile(sale)).differences).toMatchObject([{ orderId: taken, did: 'lock' }]);
  expect(await marks(sale)).toBe('110011000000');
});
/** Runs with a node that answers for MySQL and hears no message. */
async function fromStopped<T>(work: () => Promise<T>): Promise<T> {
  const { default: whole } = await import('../../services/order/order.service.ts');
  const { channels: _channels, ...deaf } = whole as ServiceSchema;
  node = await startNode([session], undefined, [deaf]);
  try {
    return await work();
  } finally {
    await node.stop();
  }
}

test('an order waits no longer than for the one before it, which ended', async () => {
  const sale = await openSale();
  const first = await order(sale, 'ann', [4, 5]);
  const back = await remember(sale);
  await node.ask('order.cancel', { orderId: first }, 'ann');
  await soon(() => marks(sale)).toBe('000000000000');
  const second = await order(sale, 'bob', [5, 6]);
  await node.stop();
  await back(); // ann has the seats again
  const { differences } = await fromStopped(() => reconcile(sale));
  expect(differences).toMatchObject([
    { orderId: first, mysql: 'CANCELLED', did: 'release' },
    { orderId: second, mysql: 'LOCKED', did: 'lock' },
  ]);
  expect(await marks(sale)).toBe('000001100000');
  node = await startNode([seckill as ServiceSchema, session]);
});

test('an order of seats that the hall does not have is an alarm, and hinders nobody', async () => {
  const sale = await openSale();
  const strange = await order(sale, 'ann', [0]);
  const live = await order(sale, 'bob', [2]);
  await statements().change('UPDATE order_seats SET seat = 999 WHERE orderId = :strange', {
    strange,
  });
  const report = await reconcile(sale);
  expect(report.differences).toMatchObject([{ orderId: strange, seats: [999], did: 'alarm' }]);
  expect(report.orders).toBe(2);
  expect(await arbiter.hold(sale, live)).toMatchObject({ state: 'LOCKED' });
});

test('a paid order takes its seats back from a younger lock', async () => {
  const sale = await openSale();
  const back = await remember(sale);
  const sold = await paid(sale, 'ann', [4, 5]);
  await node.stop();
  await back();
  const younger = await lock(sale, 'eve', [3, 4]);
  const another = await lock(sale, 'zoe', [5]);
  const { differences } = await fromStopped(() => reconcile(sale));
  expect(differences).toMatchObject([{ orderId: sold, mysql: 'PAID', did: 'sell' }]);
  expect(await marks(sale)).toBe('000022000000');
  for (const orderId of [younger, another])
    expect(await arbiter.hold(sale, orderId)).toMatchObject({ state: 'RELEASED' });
  node = await startNode([seckill as ServiceSchema, session]);
  await soon(() => rowsOf('hold_verdicts', younger)).toMatchObject([{ reason: 'claimed' }]);
});

test('seats that did not follow their order do: sold, or free', async () => {
  const sale = await openSale();
  const sold = await order(sale, 'ann', [0]);
  const gone = await order(sale, 'bob', [2, 3]);
  await move(sold, 'PAID');
  await move(gone, 'CANCELLED');
  const { differences } = await reconcile(sale);
  expect(differences).toMatchObject([
    { orderId: sold, arbiter: 'LOCKED', did: 'sell' },
    { orderId: gone, seats: [2, 3], mysql: 'CANCELLED', arbiter: 'LOCKED', did: 'release' },
  ]);
  expect(await marks(sale)).toBe('200000000000');
  expect((await reconcile(sale)).differences).toEqual([]);
});

test('the sweep of followers finds them too, once each, and goes on from there', async () => {
  const sale = await openSale();
  const sold = await order(sale, 'ann', [0]);
  const gone = await order(sale, 'bob', [2, 3]);
  const followers = new Followers(node.broker, arbiter);
  await move(sold, 'PAID');
  expect((await followers.look({ lateMs: 60_000, limit: 100 })).done).toBe(0);
  for (let turn = 0; turn < 50; turn++) await followers.look({ lateMs: 0, limit: 3 });
  expect(await marks(sale)).toBe('201100000000');
  await move(gone, 'TIMEOUT_CANCELLED');
  await soon(async () => {
    await followers.look({ lateMs: 0, limit: 100 });
    return marks(sale);
  }).toBe('200000000000');
});

test('a lock on its way to an order is left alone, and so is what moved just now', async () => {
  const sale = await openSale();
  await node.stop();
  await lock(sale, 'ann', [0]);
  expect((await fromStopped(() => reconcile(sale))).differences).toEqual([]);
  node = await startNode([seckill as ServiceSchema, session]);
  const sold = await order(sale, 'bob', [2]);
  await move(sold, 'PAID');
  const patient = { ...patience, lateMs: 60_000 };
  expect((await reconcileSale(node.broker, arbiter, sale, patient)).differences).toEqual([]);
  expect(await marks(sale)).toBe('101000000000');
});

test('what no rule of ours leads to is shown and not touched', async () => {
  const sale = await openSale();
  const live = await order(sale, 'ann', [0]);
  await arbiter.sell(sale, live);
  const nobody = mint(sale, 'eve');
  const stranger = { orderId: nobody, uid: 'eve', seats: [5], deadlineMs: 1 };
  await arbiter.restore(sale, [{ ...stranger, state: 'SOLD' }]);
  const before = await marks(sale);
  expect((await reconcile(sale)).differences).toMatchObject([
    { orderId: live, mysql: 'LOCKED', arbiter: 'SOLD', did: 'alarm' },
    { orderId: nobody, mysql: 'UNKNOWN', arbiter: 'SOLD', did: 'alarm' },
  ]);
  expect(await marks(sale)).toBe(before);
});

test('marks that contradict the holds are counted anew', async () => {
  const sale = await openSale();
  await order(sale, 'ann', [0, 1]);
  await redis.setrange(keys.ofSale(sale).seats, 7, '1');
  const report = await reconcile(sale);
  expect(report).toMatchObject({ differences: [], corrected: 1, books: [] });
  expect(await marks(sale)).toBe('110000000000');
  expect((await arbiter.view(sale)).left).toEqual({ A: 10 });
});

test('a sale lost while the same Redis ran is noticed, and the shard rebuilt', async () => {
  const sale = await openSale();
  const sold = await paid(sale, 'ann', [0]);
  const { epoch } = (await arbiter.epoch(0))!;
  await redis.del(...Object.values(keys.ofSale(sale)));
  await soon(() => reconcileOne(at(), sale, false)).toBeTruthy();
  expect(await marks(sale)).toBe('200000000000');
  expect(await arbiter.hold(sale, sold)).toMatchObject({ state: 'SOLD' });
  expect((await arbiter.epoch(0))!.epoch).toBe(epoch + 1);
});

test('books that do not add up are named', async () => {
  const sale = await openSale();
  const live = await order(sale, 'ann', [0]);
  const sold = await paid(sale, 'bob', [2]);
  const sql = statements();
  await sql.change('DELETE FROM seat_claims WHERE orderId = :live', { live });
  await sql.change('UPDATE buyer_quotas SET held = 3 WHERE sessionId = :sale AND uid = :uid', {
    ...{ sale, uid: 'bob' },
  });
  await sql.change('UPDATE payment_events SET amountFen = 1 WHERE orderId = :sold', { sold });
  const { books } = await reconcile(sale);
  expect(books.map(({ fault, about, detail }) => [fault, about, detail])).toEqual([
    ['live seat without a claim', live, '0'],
    ['quota that is not the seats of live orders', 'bob', '3, not 1'],
    ['paid order without its money', sold, expect.any(String)],
  ]);
});
