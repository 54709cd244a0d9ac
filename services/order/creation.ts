/**
 * A lock becomes an order, or is told that it never will. Everything that arrived together is
 * written in one transaction; when anything about that batch is unusual it is rolled back and each
 * lock is judged in a transaction of its own, so that a bad one hurts nobody.
 *
 * Always true: the verdict is the first write and its primary key the gate. Rows are written in the
 * order of their keys and quota before claims, so that two batches rarely meet in a deadlock.
 */
import type { OrderCancelled } from '../../contracts/channels.ts';
import { wordOf } from '../../contracts/errors.ts';
import { type AbortReason, type HoldVerdict, orderMachine } from '../../contracts/order.ts';
import { inTransaction } from '../../mixins/database.ts';
import { type Statements, sqlTime, statements, type Value } from '../../mixins/statement.ts';
import { decideCreate } from './decisions.ts';
import type { Locked } from './messages.ts';
import { enqueue, type Letter } from './outbox.ts';

export type Outcome = 'created' | 'ignored' | 'aborted';

/** Something in a batch needs a closer look than a batch can give. */
class Spoiled extends Error {}

/** Rolls one creation back; the abort is then recorded by itself. */
class Aborted extends Error {
  readonly reason: AbortReason;
  constructor(reason: AbortReason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Creates orders for locks that arrived together.
 * @returns an outcome per lock, or the error that kept it from being decided.
 * @throws weather that concerns them all: nothing was written.
 */
export async function createOrders(
  locks: readonly Locked[],
): Promise<PromiseSettledResult<Outcome>[]> {
  try {
    const outcomes = await inTransaction((transaction) =>
      createTogether(statements(transaction), locks),
    );
    return outcomes.map((value) => ({ status: 'fulfilled', value }));
  } catch (error) {
    if (isWeather(error)) throw error;
    const results: PromiseSettledResult<Outcome>[] = [];
    for (const lock of locks) results.push((await Promise.allSettled([createAlone(lock)]))[0]!);
    return results;
  }
}

/** MySQL away, or always taking another's side: true for everything in the batch alike. */
const isWeather = (error: unknown): boolean => wordOf(error) === 'BUSY';

const byKey = (a: readonly Value[], b: readonly Value[]): number => {
  const i = a.findIndex((value, at) => value !== b[at]);
  if (i < 0) return 0;
  return a[i]! < b[i]! ? -1 : 1;
};

async function createTogether(sql: Statements, locks: readonly Locked[]): Promise<Outcome[]> {
  const { nowMs, verdicts } = await verdictsOf(sql, locks);
  const fresh: Locked[] = [];
  const outcomes = locks.map((lock): Outcome => {
    const { orderId, deadlineMs, seatsPerBuyerMax } = lock;
    const verdict = verdicts.get(orderId);
    const facts = { verdict, nowMs, deadlineMs, seatsPerBuyerMax, heldAfter: 0, claimed: false };
    const decision = decideCreate(facts);
    if (decision.do === 'abort') throw new Spoiled(decision.reason);
    if (decision.do === 'ignore') return 'ignored';
    verdicts.set(orderId, 'ORDERED'); // the same lock twice in one batch
    fresh.push(lock);
    return 'created';
  });
  if (fresh.length === 0) return outcomes;
  const at = sqlTime(nowMs);
  const rows = fresh.map(({ orderId }) => [orderId, 'ORDERED', at]).sort(byKey);
  await sql.change('INSERT INTO hold_verdicts (orderId, verdict, at) VALUES :rows', { rows });
  if (await anyOverQuota(sql, fresh)) throw new Spoiled('quota');
  await sql.change('INSERT INTO seat_claims (sessionId, seat, orderId) VALUES :rows', {
    rows: claimsOf(fresh),
  });
  await insertOrders(sql, fresh, at);
  return outcomes;
}

/** What was decided about these locks before, and MySQL's clock, in one question. */
async function verdictsOf(sql: Statements, locks: readonly Locked[]) {
  const rows = await sql.rows<{ now: Date; orderId: string; verdict: HoldVerdict | null }>(
    `SELECT UTC_TIMESTAMP(3) AS now, '' AS orderId, NULL AS verdict
     UNION ALL
     SELECT UTC_TIMESTAMP(3), orderId, verdict FROM hold_verdicts WHERE orderId IN (:ids)`,
    { ids: locks.map(({ orderId }) => orderId) },
  );
  const verdicts = new Map(rows.map(({ orderId, verdict }) => [orderId, verdict ?? undefined]));
  return { nowMs: rows[0]!.now.getTime(), verdicts };
}

/** Adds what the locks take to their buyers, and tells whether one of them has too much now. */
async function anyOverQuota(sql: Statements, locks: readonly Locked[]): Promise<boolean> {
  const most = new Map<string, { key: [string, string]; count: number; max: number }>();
  for (const { sale, uid, seats, seatsPerBuyerMax: max } of locks) {
    const quota = most.get(`${sale} ${uid}`) ?? { key: [sale, uid], count: 0, max };
    quota.count += seats.length;
    quota.max = Math.min(quota.max, max);
    most.set(`${sale} ${uid}`, quota);
  }
  const quotas = [...most.values()].sort((a, b) => byKey(a.key, b.key));
  const touched = await sql.change(
    `INSERT INTO buyer_quotas (sessionId, uid, held) VALUES :rows
     ON DUPLICATE KEY UPDATE held = held + VALUES(held)`,
    { rows: quotas.map(({ key, count }) => [...key, count]) },
  );
  // MySQL counts an inserted row once and a changed one twice: who is new has what he takes
  if (touched === quotas.length) return quotas.some(({ count, max }) => count > max);
  const after = await sql.rows<{ sessionId: string; uid: string; held: number }>(
    'SELECT sessionId, uid, held FROM buyer_quotas WHERE (sessionId, uid) IN (:keys)',
    { keys: quotas.map(({ key }) => key) },
  );
  return after.some(({ sessionId, uid, held }) => held > most.get(`${sessionId} ${uid}`)!.max);
}

const claimsOf = (locks: readonly Locked[]): Value[][] =>
  locks
    .flatMap(({ sale, orderId, seats }) => seats.map(({ seat }) => [sale, seat, orderId]))
    .sort(byKey);

async function insertOrders(sql: Statements, locks: readonly Locked[], at: string): Promise<void> {
  const { initial } = orderMachine;
  const state = orderMachine.next(initial, 'seat.locked')!;
  const sorted = [...locks].sort((a, b) => byKey([a.orderId], [b.orderId]));
  await sql.change(
    `INSERT INTO orders (orderId, sessionId, uid, state, amountFen, currency, seatsPerBuyerMax,
       deadline, requestId, requestKey, fingerprint, createdAt, updatedAt) VALUES :rows`,
    {
      rows: sorted.map((lock) => [
        lock.orderId,
        lock.sale,
        lock.uid,
        state,
        lock.amountFen,
        'CNY',
        lock.seatsPerBuyerMax,
        sqlTime(lock.deadlineMs),
        lock.requestId,
        lock.request?.key ?? null,
        lock.request?.fingerprint ?? null,
        sqlTime(lock.atMs),
        at,
      ]),
    },
  );
  await sql.change(
    'INSERT INTO order_seats (orderId, seat, sessionId, label, tier, priceFen) VALUES :rows',
    {
      rows: sorted.flatMap(({ orderId, sale, seats }) =>
        seats.map(({ seat, label, tier, priceFen }) => [
          orderId,
          seat,
          sale,
          label,
          tier,
          priceFen,
        ]),
      ),
    },
  );
  await sql.change(
    'INSERT INTO order_history (orderId, seq, fromState, toState, cause, at) VALUES :rows',
    { rows: sorted.map(({ orderId }) => [orderId, 1, initial, state, 'seat.locked', at]) },
  );
}

/** One lock, in a transaction of its own: gathers every fact by writing, then decides. */
async function createAlone(lock: Locked): Promise<Outcome> {
  try {
    return await inTransaction((transaction) => createOrAbort(statements(transaction), lock));
  } catch (error) {
    if (!(error instanceof Aborted)) throw error;
    const seats = lock.seats.map(({ seat }) => seat);
    const about = { sale: lock.sale, orderId: lock.orderId, uid: lock.uid, seats };
    const first = await abortHold({ ...about, reason: error.reason }, lock.requestId);
    return first ? 'aborted' : 'ignored';
  }
}

async function createOrAbort(sql: Statements, lock: Locked): Promise<Outcome> {
  const { orderId, deadlineMs, seatsPerBuyerMax, seats } = lock;
  const at = sqlTime(await sql.nowMs());
  const ours = await sql.change(
    "INSERT IGNORE INTO hold_verdicts (orderId, verdict, at) VALUES (:orderId, 'ORDERED', :at)",
    { orderId, at },
  );
  if (ours === 0) return 'ignored';
  const over = await anyOverQuota(sql, [lock]);
  const claims = await sql.change(
    'INSERT IGNORE INTO seat_claims (sessionId, seat, orderId) VALUES :rows',
    { rows: claimsOf([lock]) },
  );
  const decision = decideCreate({
    verdict: undefined,
    // after the waits for other transactions' rows, not before
    nowMs: await sql.nowMs(),
    deadlineMs,
    heldAfter: over ? seatsPerBuyerMax + 1 : seats.length,
    seatsPerBuyerMax,
    claimed: claims < seats.length,
  });
  if (decision.do === 'abort') throw new Aborted(decision.reason);
  await insertOrders(sql, [lock], at);
  return 'created';
}

/**
 * Records that a lock never becomes an order, and asks for its seats back.
 * @returns false when a verdict was there before: nothing was changed.
 */
export function abortHold(
  hold: OrderCancelled & { readonly reason: AbortReason },
  requestId: string,
): Promise<boolean> {
  return inTransaction((transaction) => abortWithin(statements(transaction), hold, requestId));
}

/** {@link abortHold} inside a transaction of the caller's. */
export async function abortWithin(
  sql: Statements,
  hold: OrderCancelled & { readonly reason: AbortReason },
  requestId: string,
): Promise<boolean> {
  const at = sqlTime(await sql.nowMs());
  const first = await sql.change(
    `INSERT IGNORE INTO hold_verdicts (orderId, verdict, reason, at)
     VALUES (:orderId, 'ABORTED', :reason, :at)`,
    { orderId: hold.orderId, reason: hold.reason, at },
  );
  if (first === 0) return false;
  await enqueue(sql, [abortLetter(hold, requestId)], at);
  return true;
}

/** What an aborted hold owes the arbiter and its buyer. */
export const abortLetter = (
  hold: OrderCancelled & { readonly reason: AbortReason },
  requestId: string,
): Letter => ({
  eventId: `${hold.orderId}:cancelled`,
  channel: 'order.cancelled',
  payload: hold,
  requestId,
});
