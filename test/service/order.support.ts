/**
 * An order service on a real MariaDB and a real arbiter, and what a test says to it: locks
 * announced as the arbiter announces them, deadlines, payment events, questions about the tables.
 */
import { randomBytes } from 'node:crypto';
import { ServiceBroker as Broker, type ServiceBroker, type ServiceSchema } from 'moleculer';
import { expect } from 'vitest';
import type { ActionName, Actions, CallMeta, PaymentEvent } from '../../contracts/actions.ts';
import type { ChannelName, Messages, SeatMoved } from '../../contracts/channels.ts';
import { useEnvironment } from '../support/servers.ts';

const { PRIVATE_ARBITER_URL: privateArbiter, PRIVATE_WEBHOOK_KEYS: webhookKeys } = process.env;
export const env = await useEnvironment({
  ...(privateArbiter && { ARBITER_URL: privateArbiter }),
  ...(webhookKeys && { WEBHOOK_KEYS: webhookKeys }),
  ORDER_WAIT_MS: '400',
  PAY_GRACE_MS: '1000',
  CHANNEL_RETRY_MS: '100',
});
const { config } = await import('../../config/index.ts');
const { newId, newOrderId } = await import('../../contracts/ids.ts');
const { keyspace } = await import('../../contracts/keys.ts');
const { channels } = await import('../../mixins/channels/adapter.ts');
const { lanes } = await import('../../mixins/lanes.ts');
const { channelLag } = await import('../../mixins/channels/lag.ts');
const { postMessage } = await import('../../mixins/posting.ts');
const { redisClient } = await import('../../mixins/redis.ts');
export const { statements, sqlTime } = await import('../../mixins/statement.ts');
export const { closeDatabase, database } = await import('../../mixins/database.ts');
const { default: order } = await import('../../services/order/order.service.ts');

export { config };

export type Locked = Extract<SeatMoved, { type: 'locked' }>;
export const keys = keyspace(config.namespace, 1);
export const redis = redisClient(config.arbiterUrl, 'consumer');
const key = config.orderIdKeys.values().next().value!;

export const freshSale = (): string => newId(Date.now(), randomBytes);

/** A lock as the arbiter announces it. */
export function lockOf(
  uid: string,
  seats: number[],
  changes: Partial<Locked> = {},
  mintedAtMs = Date.now(),
): Locked {
  const { sale = freshSale() } = changes;
  return {
    type: 'locked',
    sale,
    epoch: 1,
    version: 1,
    orderId: newOrderId(sale, uid, key, mintedAtMs, randomBytes),
    uid,
    to: '1',
    atMs: Date.now(),
    seats: seats.map((seat) => ({ seat, label: `Row 1-${seat}`, tier: 'A', priceFen: 10_000 })),
    amountFen: 10_000 * seats.length,
    deadlineMs: Date.now() + 60_000,
    seatsPerBuyerMax: 4,
    requestId: 'r1',
    ...changes,
  };
}

export const post = <Name extends ChannelName>(
  channel: Name,
  payload: Messages[Name] & { sale: string },
) => postMessage(redis, channel, payload.sale, payload);

export interface Node {
  readonly broker: ServiceBroker;
  ask<Name extends ActionName>(
    name: Name,
    params: Actions[Name]['params'],
    uid?: string,
    meta?: CallMeta & Record<string, unknown>,
  ): Promise<Actions[Name]['result']>;
  stop(): Promise<void>;
}

/** A node with the order service and others; two of them share the work of one group. */
export async function startNode(
  others: ServiceSchema[] = [],
  nodeID = `n${randomBytes(3).toString('hex')}`,
  first: ServiceSchema[] = [order as ServiceSchema],
): Promise<Node> {
  const broker = new Broker({
    namespace: config.namespace,
    nodeID,
    logger: false,
    requestTimeout: 5_000,
    skipProcessEventRegistration: true,
    registry: { stopDelay: 0 },
    middlewares: [
      lanes(),
      channels({
        url: config.arbiterUrl,
        keys,
        limits: { maxInFlight: 200, idleMs: 1_000, retryMs: 100, drainMs: 3_000 },
        trimEveryMs: 60_000,
      }),
    ],
  });
  for (const schema of [...first, ...others]) broker.createService(schema);
  await broker.start();
  return {
    broker,
    ask: (name, params, uid, meta = {}) =>
      broker.call(name, params, {
        meta: Object.assign(meta, uid && { user: { uid, role: 'buyer' } }),
      }),
    stop: () => broker.stop(),
  };
}

interface Row {
  [column: string]: unknown;
}
export const rowsOf = (table: string, orderId: string): Promise<Row[]> =>
  statements().rows<Row>(`SELECT * FROM ${table} WHERE orderId = :orderId`, { orderId });

export const stateOf = async (orderId: string): Promise<unknown> =>
  (await rowsOf('orders', orderId))[0]?.state;

/** `INIT LOCKED …`: the path an order went, as its history tells it. */
export async function pathOf(orderId: string): Promise<string> {
  const steps = await statements().rows<{ fromState: string; toState: string }>(
    'SELECT fromState, toState FROM order_history WHERE orderId = :orderId ORDER BY seq',
    { orderId },
  );
  return [steps[0]?.fromState, ...steps.map(({ toState }) => toState)].join(' ');
}

export const heldBy = async (sessionId: string, uid: string): Promise<number | undefined> =>
  (
    await statements().row<{ held: number }>(
      'SELECT held FROM buyer_quotas WHERE sessionId = :sessionId AND uid = :uid',
      { sessionId, uid },
    )
  )?.held;

/** Everything posted on a channel about an order. */
export async function posted<Name extends ChannelName>(
  channel: Name,
  orderId: string,
): Promise<Messages[Name][]> {
  const entries = await redis.xrange(keys.stream(channel, 0), '-', '+');
  return entries
    .map(([, fields]) => JSON.parse(fields[1]!) as Messages[Name] & { orderId?: string })
    .filter((message) => message.orderId === orderId);
}

export const eventOf = (
  lock: Locked,
  type: PaymentEvent['type'] = 'payment.succeeded',
  changes: Partial<PaymentEvent> = {},
): PaymentEvent => ({
  eventId: `e-${randomBytes(6).toString('hex')}`,
  type,
  paymentId: `p-${lock.orderId.slice(-20)}`,
  orderId: lock.orderId,
  amountFen: lock.amountFen,
  occurredAt: new Date().toISOString(),
  ...changes,
});

/** The word of a refusal, or what was thrown instead. */
export const wordFrom = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => 'accepted',
    (error: { type?: string; message?: string }) => error.type ?? error.message,
  );

/** What was posted stays with the test; connections do not. */
export async function leave(...nodes: Node[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()));
  await closeDatabase();
  redis.disconnect();
}

/** Age of the oldest lock announced that is no order yet. */
export const lagMs = async (): Promise<number> =>
  (await channelLag(redis, keys, 'seat.moved', 'order')).lagMs;

/** `expect.poll`, with the patience that a machine busy with other tests needs. */
export const soon = <T>(ask: () => T, options: { timeout?: number; interval?: number } = {}) =>
  expect.poll(ask, { timeout: 10_000, ...options });
