/**
 * A hall for the channel tests: a stream of its own on a real Redis, brokers that hear it with
 * limits short enough for a test, and questions about what Redis still holds.
 */
import type { Redis } from 'ioredis';
import { ServiceBroker } from 'moleculer';
import type { ChannelName, MessageDied, OrderPaid } from '../../contracts/channels.ts';
import { keyspace } from '../../contracts/keys.ts';
import { freshNamespace, useEnvironment } from '../support/servers.ts';

await useEnvironment({ MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none' });
const { channels } = await import('../../mixins/channels/adapter.ts');
const { postTo } = await import('../../mixins/posting.ts');
export const { tailStream } = await import('../../mixins/channels/tail.ts');
export const { redisClient } = await import('../../mixins/redis.ts');

export const LIMITS = { maxInFlight: 50, idleMs: 600, retryMs: 50, drainMs: 2_000 };
const GROUP = 'listener';

export interface Heard {
  readonly payload: OrderPaid;
  readonly requestID: string | undefined;
  readonly meta: Record<string, unknown>;
}
type Handler = (heard: Heard) => unknown;
interface HearOptions {
  readonly nodeID?: string;
  readonly limits?: Partial<typeof LIMITS>;
  readonly channel?: ChannelName;
}

export type Hall = ReturnType<typeof openHall>;

/** Everything a test needs around one namespace of a Redis; `close` stops what it started. */
export function openHall(url: string, namespace = freshNamespace()) {
  const keys = keyspace(namespace, 1);
  const redis: Redis = redisClient(url, 'consumer');
  const brokers = new Set<ServiceBroker>();
  const stream = keys.stream('order.paid', 0);
  const paid = (orderId: string): OrderPaid => ({ sale: 's', orderId, uid: 'u', seats: [1] });
  return {
    url,
    keys,
    redis,
    namespace,
    stream,
    group: GROUP,
    post: (orderId: string, meta = {}) => postTo(redis, stream, paid(orderId), meta),
    async postMany(count: number, prefix = 'o'): Promise<string[]> {
      const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
      await Promise.all(ids.map((id) => postTo(redis, stream, paid(id))));
      return ids;
    },
    async hear(handler: Handler, options: HearOptions = {}): Promise<ServiceBroker> {
      const broker = listener({ url, namespace, handler, ...options });
      brokers.add(broker);
      await broker.start();
      return broker;
    },
    async stop(broker: ServiceBroker): Promise<void> {
      brokers.delete(broker);
      await broker.stop();
    },
    async pending(): Promise<number> {
      const [count] = (await redis.xpending(stream, GROUP)) as [number];
      return count;
    },
    /** True when the group has had everything and acknowledged it. */
    async isQuiet(): Promise<boolean> {
      const [row] = (await redis.xinfo('GROUPS', stream)) as (string | number)[][];
      const field = (name: string) => row?.[row.indexOf(name) + 1];
      return field('pending') === 0 && field('lag') === 0;
    },
    async died(): Promise<MessageDied[]> {
      const entries = await redis.xrange(keys.stream('message.died', 0), '-', '+');
      return entries.map(([, fields]) => JSON.parse(fields[1]!));
    },
    async close(): Promise<void> {
      await Promise.all([...brokers].map((broker) => broker.stop()));
      redis.disconnect();
    },
  };
}

/** A broker with one service that hears one channel. */
export function listener(options: {
  url: string;
  namespace: string;
  handler: Handler;
  nodeID?: string;
  limits?: Partial<typeof LIMITS>;
  channel?: ChannelName;
}): ServiceBroker {
  const { url, namespace, handler, nodeID = 'node-1', limits, channel = 'order.paid' } = options;
  const broker = new ServiceBroker({
    namespace,
    nodeID,
    logger: false,
    skipProcessEventRegistration: true,
    registry: { stopDelay: 0 },
    middlewares: [
      channels({
        url,
        keys: keyspace(namespace, 1),
        limits: { ...LIMITS, ...limits },
        trimEveryMs: 60_000,
      }),
    ],
  });
  broker.createService({
    name: GROUP,
    channels: {
      [channel]: {
        handler: (ctx: { params: OrderPaid; requestID: string; meta: Record<string, unknown> }) =>
          handler({ payload: ctx.params, requestID: ctx.requestID, meta: ctx.meta }),
      },
    },
  });
  return broker;
}
