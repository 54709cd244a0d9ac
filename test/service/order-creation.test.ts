/** From a lock announced by the arbiter to a row, once, whatever comes twice, late or broken. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  closeDatabase,
  database,
  freshSale,
  heldBy,
  lagMs,
  leave,
  lockOf,
  type Node,
  pathOf,
  post,
  posted,
  rowsOf,
  soon,
  startNode,
  statements,
  stateOf,
  wordFrom,
} from './order.support.ts';

const { createOrders } = await import('../../services/order/creation.ts');
let node: Node;
beforeAll(async () => {
  node = await startNode();
});
afterAll(() => leave(node));

const outcomes = async (...locks: ReturnType<typeof lockOf>[]) =>
  (await createOrders(locks)).map((result) =>
    result.status === 'fulfilled' ? result.value : String(result.reason),
  );
const verdictOf = async (orderId: string) => {
  const [row] = await rowsOf('hold_verdicts', orderId);
  return row && [row.verdict, row.reason];
};

test('makes an order of a lock, with its seats, claims, quota and history', async () => {
  const lock = lockOf('ann', [3, 4]);
  await post('seat.moved', lock);
  await soon(() => stateOf(lock.orderId)).toBe('LOCKED');
  expect(await pathOf(lock.orderId)).toBe('INIT LOCKED');
  expect((await rowsOf('order_seats', lock.orderId)).map(({ seat }) => seat)).toEqual([3, 4]);
  expect((await rowsOf('seat_claims', lock.orderId)).map(({ seat }) => seat)).toEqual([3, 4]);
  expect(await heldBy(lock.sale, 'ann')).toBe(2);
  expect(await verdictOf(lock.orderId)).toEqual(['ORDERED', null]);
  const view = await node.ask('order.get', { orderId: lock.orderId }, 'ann');
  expect(view).toMatchObject({
    orderId: lock.orderId,
    sessionId: lock.sale,
    state: 'LOCKED',
    amountFen: 20_000,
    currency: 'CNY',
    deadline: new Date(lock.deadlineMs).toISOString(),
    seats: lock.seats,
  });
  expect(view.history.map(({ state, by }) => [state, by])).toEqual([
    ['INIT', 'seckill'],
    ['LOCKED', 'seckill'],
  ]);
});

test('takes the same lock any number of times, in one batch or many, for one order', async () => {
  const lock = lockOf('bob', [1]);
  expect(await outcomes(lock, lock, lock)).toEqual(['created', 'ignored', 'ignored']);
  expect(await outcomes(lock)).toEqual(['ignored']);
  const racing = lockOf('bob', [2]);
  const all = await Promise.all(Array.from({ length: 20 }, () => outcomes(racing)));
  expect(all.flat().filter((outcome) => outcome === 'created')).toHaveLength(1);
  expect(await heldBy(racing.sale, 'bob')).toBe(1);
});

test('writes all that arrived together, from two processes, without losing one', async () => {
  const second = await startNode();
  const sale = freshSale();
  const locks = Array.from({ length: 300 }, (_, i) =>
    lockOf(`u${i}`, [i * 2, i * 2 + 1], { sale }),
  );
  await Promise.all(locks.map((lock) => post('seat.moved', lock)));
  const count = async () =>
    (
      await statements().row<{ n: number }>(
        "SELECT COUNT(*) AS n FROM orders WHERE sessionId = :sale AND state = 'LOCKED'",
        { sale },
      )
    )?.n;
  await soon(count, { timeout: 10_000 }).toBe(300);
  await second.broker.stop();
});

test('isolates the one in a batch whose seat is claimed, and gives its seats back', async () => {
  const sale = freshSale();
  const first = lockOf('cat', [10], { sale });
  const thief = lockOf('dan', [10, 11], { sale });
  const others = [lockOf('eve', [12], { sale }), lockOf('fay', [13], { sale })];
  await outcomes(first);
  expect(await outcomes(others[0]!, thief, others[1]!)).toEqual(['created', 'aborted', 'created']);
  expect(await verdictOf(thief.orderId)).toEqual(['ABORTED', 'claimed']);
  expect(await rowsOf('orders', thief.orderId)).toEqual([]);
  expect((await rowsOf('seat_claims', first.orderId)).length).toBe(1);
  expect(await heldBy(sale, 'dan')).toBeUndefined();
  await soon(() => posted('order.cancelled', thief.orderId)).toEqual([
    { sale, orderId: thief.orderId, uid: 'dan', seats: [10, 11], reason: 'claimed' },
  ]);
  expect(await wordFrom(node.ask('order.get', { orderId: thief.orderId }, 'dan'))).toBe(
    'ORDER_ABORTED',
  );
});

test('refuses what would give a buyer more than the limit, also within one batch', async () => {
  const sale = freshSale();
  const limits = { sale, seatsPerBuyerMax: 2 };
  const locks = [1, 2, 3].map((seat) => lockOf('gil', [seat], limits));
  expect((await outcomes(...locks)).sort()).toEqual(['aborted', 'created', 'created']);
  expect(await heldBy(sale, 'gil')).toBe(2);
});

test('refuses a lock whose deadline has passed, by the clock of MySQL', async () => {
  const lock = lockOf('hal', [1], { deadlineMs: Date.now() - 1 });
  expect(await outcomes(lock)).toEqual(['aborted']);
  expect(await verdictOf(lock.orderId)).toEqual(['ABORTED', 'expired']);
});

test('lets one verdict win when an orphan is given up as its message arrives', async () => {
  const { abortHold } = await import('../../services/order/creation.ts');
  for (let i = 0; i < 25; i++) {
    const lock = lockOf('ida', [1]);
    const hold = { sale: lock.sale, orderId: lock.orderId, uid: 'ida', seats: [1] };
    const [[created], aborted] = await Promise.all([
      outcomes(lock),
      abortHold({ ...hold, reason: 'orphan' }, ''),
    ]);
    expect(created === 'created').toBe(!aborted);
    expect(await stateOf(lock.orderId)).toBe(aborted ? undefined : 'LOCKED');
  }
});

test('files a lock it cannot read, after giving its seats back, and goes on', async () => {
  const broken = lockOf('jon', [1], { amountFen: -5 });
  const sound = lockOf('jon', [2]);
  await post('seat.moved', broken);
  await post('seat.moved', sound);
  await soon(() => stateOf(sound.orderId)).toBe('LOCKED');
  await soon(() => verdictOf(broken.orderId)).toEqual(['ABORTED', 'rejected']);
  const died = () =>
    statements().rows('SELECT id FROM dead_letters WHERE fields LIKE :text', {
      text: `%${broken.orderId}%`,
    });
  await soon(async () => (await died()).length).toBe(1);
  expect(await posted('order.cancelled', broken.orderId)).toHaveLength(1);
});

test('does a batch again, whole, when InnoDB sacrifices it to a deadlock', async () => {
  const sale = freshSale();
  const mine = lockOf('kim', [5, 6], { sale });
  // holds the claim of 6, then wants the quota row of kim: the batch holds that one and wants 6
  const rival = await database().transaction();
  const sql = statements(rival);
  const claim = 'INSERT INTO seat_claims (sessionId, seat, orderId) VALUES (:sale, :seat, :by)';
  await sql.change(claim, { sale, seat: 6, by: 'rival' });
  const creating = outcomes(mine);
  await new Promise((resolve) => setTimeout(resolve, 150));
  // more rows than the batch, so that InnoDB picks the batch as its victim
  const rows = Array.from({ length: 50 }, (_, i) => [sale, 1_000 + i, 'rival']);
  await sql.change('INSERT INTO seat_claims (sessionId, seat, orderId) VALUES :rows', { rows });
  const quota = `INSERT INTO buyer_quotas (sessionId, uid, held) VALUES (:sale, 'kim', 0)
     ON DUPLICATE KEY UPDATE held = held`;
  await sql.change(quota, { sale });
  await rival.rollback();
  expect(await creating).toEqual(['created']);
  expect(await heldBy(sale, 'kim')).toBe(2);
});

test('keeps a reservation, once', async () => {
  const made = { sale: freshSale(), uid: 'lea', reservedAtMs: 1_700_000_000_123 };
  await post('reservation.made', made);
  await post('reservation.made', made);
  const kept = () =>
    statements().rows<{ at: Date }>(
      'SELECT reservedAt AS at FROM reservations WHERE sessionId = :sale AND uid = :uid',
      { sale: made.sale, uid: 'lea' },
    );
  await soon(kept).toHaveLength(1);
  expect((await kept())[0]!.at.getTime()).toBe(made.reservedAtMs);
});

test('hears what was announced while it was away', async () => {
  await soon(lagMs).toBe(0);
  await node.broker.stop();
  const lock = lockOf('max', [1]);
  await post('seat.moved', lock);
  await soon(lagMs).toBeGreaterThan(100);
  await closeDatabase();
  node = await startNode();
  await soon(() => stateOf(lock.orderId)).toBe('LOCKED');
});
