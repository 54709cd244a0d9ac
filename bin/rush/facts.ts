/**
 * Loads what the invariants compare, from Redis and MySQL themselves and never through a service:
 * a service that lies would lie here too. Reads only.
 */
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Config } from '../../config/index.ts';
import { keyspace } from '../../contracts/keys.ts';
import type { OrderState } from '../../contracts/order.ts';
import type { Facts, HoldFact, OrderFact, PaymentFact, RefundFact } from './invariants.ts';
import type { AcceptedLock } from './tally.ts';

/** What the checker needs to know that neither Redis nor MySQL tells. */
export interface Asked {
  readonly sessionId: string;
  readonly tierOf: ReadonlyMap<number, string>;
  readonly accepted: readonly AcceptedLock[];
  readonly watched: readonly string[];
}
/** Where the truth is kept. */
export type Servers = Pick<
  Config,
  'arbiterUrl' | 'mysqlUrl' | 'namespace' | 'shards' | 'payGraceMs'
>;

type ArbiterFacts = Pick<
  Facts,
  'states' | 'owners' | 'holds' | 'buyers' | 'left' | 'seatsPerBuyerMax'
>;
type MysqlFacts = Pick<
  Facts,
  'orders' | 'claims' | 'blocks' | 'quotas' | 'verdicts' | 'refunds' | 'payments' | 'letters'
>;

const counts = (hash: Readonly<Record<string, string>>) =>
  new Map(Object.entries(hash).map(([name, value]) => [name, Number(value)]));

/** The arbiter's side of a sale, all of it from one moment. */
async function arbiterFacts(servers: Servers, sale: string): Promise<ArbiterFacts> {
  const redis = new Redis(servers.arbiterUrl);
  const keys = keyspace(servers.namespace, servers.shards).ofSale(sale);
  try {
    const answers = await redis
      .multi()
      .get(keys.seats)
      .hgetall(keys.owners)
      .hgetall(keys.holds)
      .hgetall(keys.buyers)
      .hgetall(keys.meta)
      .hget(keys.tiers, 'names')
      .exec();
    type Hash = Record<string, string>;
    const [states, owners, holds, buyers, meta, names] = answers!.map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [string, Hash, Hash, Hash, Hash, string];
    const tiers: string[] = JSON.parse(names);
    const seatsPerBuyerMax = Number(meta.seatsPerBuyerMax);
    // A fact that cannot be read must not pass for one that holds.
    if (!(seatsPerBuyerMax > 0)) throw new Error(`sale ${sale}: no seatsPerBuyerMax in its meta`);
    return {
      states,
      owners: new Map(Object.entries(owners).map(([seat, orderId]) => [Number(seat), orderId])),
      holds: new Map(Object.entries(holds).map(([orderId, text]) => [orderId, holdOf(text)])),
      buyers: counts(buyers),
      left: new Map(tiers.map((tier, i) => [tier, Number(meta[`left:${i}`])])),
      seatsPerBuyerMax,
    };
  } finally {
    redis.disconnect();
  }
}

function holdOf(text: string): HoldFact {
  const { orderId, uid, seats, deadlineMs, state } = JSON.parse(text);
  return {
    orderId,
    uid,
    deadlineMs,
    state,
    seats: seats.map(({ seat }: { seat: number }) => seat),
  };
}

const QUERIES = {
  orders: `SELECT orderId, uid, state, deadline, amountFen, paidBy
    FROM orders WHERE sessionId = ?`,
  seats: 'SELECT orderId, seat FROM order_seats WHERE sessionId = ? ORDER BY seat',
  history: `SELECT h.orderId, h.fromState, h.toState FROM order_history h
    JOIN orders o ON o.orderId = h.orderId WHERE o.sessionId = ? ORDER BY h.orderId, h.seq`,
  claims: 'SELECT seat, orderId FROM seat_claims WHERE sessionId = ?',
  blocks: 'SELECT seat, blockId FROM seat_blocks WHERE sessionId = ? AND endedAt IS NULL',
  quotas: 'SELECT uid, held FROM buyer_quotas WHERE sessionId = ?',
  verdicts: `SELECT orderId, verdict, reason FROM hold_verdicts
    WHERE orderId LIKE CONCAT(?, '-%')`,
  refunds: `SELECT refundId, paymentId, state FROM refunds WHERE orderId LIKE CONCAT(?, '-%')`,
  payments: `SELECT p.paymentId, p.orderId, p.state, p.amountFen,
      (SELECT SUM(r.amountFen) FROM sandbox_refunds r WHERE r.paymentId = p.paymentId) AS backFen
    FROM sandbox_payments p WHERE p.orderId LIKE CONCAT(?, '-%')`,
  unposted: 'SELECT COUNT(*) AS n FROM outbox WHERE sale = ? AND postedAt IS NULL',
  dead: `SELECT channel, reason FROM dead_letters
    WHERE fields LIKE CONCAT('%', ?, '%') AND resolvedAt IS NULL`,
} as const;

/** MySQL's side of a sale, all of it from one snapshot. */
async function mysqlFacts(mysqlUrl: string, sale: string): Promise<MysqlFacts> {
  const connection = await createConnection({ uri: mysqlUrl, timezone: 'Z' });
  const rows = async (name: keyof typeof QUERIES) =>
    (await connection.query<RowDataPacket[]>(QUERIES[name], [sale]))[0];
  try {
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    const orders = new Map<string, OrderFact & { seats: number[]; path: OrderState[] }>();
    for (const { deadline, ...row } of await rows('orders'))
      orders.set(row.orderId, {
        ...(row as Pick<OrderFact, 'orderId' | 'uid' | 'state' | 'amountFen' | 'paidBy'>),
        deadlineMs: (deadline as Date).getTime(),
        seats: [],
        path: [],
      });
    for (const { orderId, seat } of await rows('seats')) orders.get(orderId)?.seats.push(seat);
    for (const { orderId, fromState, toState } of await rows('history')) {
      const path = orders.get(orderId)!.path;
      if (path.length === 0) path.push(fromState);
      // A step that does not start where the last one ended must not look like a path.
      if (path.at(-1) !== fromState) path.push(fromState);
      path.push(toState);
    }
    return {
      orders,
      claims: (await rows('claims')).map(({ seat, orderId }) => ({ seat, orderId })),
      blocks: new Map((await rows('blocks')).map(({ seat, blockId }) => [seat, blockId])),
      quotas: new Map((await rows('quotas')).map(({ uid, held }) => [uid, held])),
      verdicts: new Map(
        (await rows('verdicts')).map(({ orderId, verdict, reason }) => [
          orderId,
          { verdict, ...(reason && { reason }) },
        ]),
      ),
      refunds: (await rows('refunds')) as RefundFact[],
      payments: (await rows('payments')).map(({ backFen, ...row }) => ({
        ...(row as Omit<PaymentFact, 'backFen'>),
        backFen: Number(backFen),
      })),
      letters: {
        unposted: (await rows('unposted'))[0]!.n,
        waiting: [],
        dead: (await rows('dead')).map(({ channel, reason }) => `${channel}: ${reason}`),
      },
    };
  } finally {
    await connection.end();
  }
}

/** Everything the invariants compare, now. */
export async function loadFacts(servers: Servers, asked: Asked): Promise<Facts> {
  const [arbiter, mysql] = await Promise.all([
    arbiterFacts(servers, asked.sessionId),
    mysqlFacts(servers.mysqlUrl, asked.sessionId),
  ]);
  return {
    ...arbiter,
    ...mysql,
    tierOf: asked.tierOf,
    accepted: asked.accepted,
    watched: asked.watched,
    nowMs: Date.now(),
    graceMs: servers.payGraceMs,
  };
}
