/**
 * Nodes of both lanes over a real NATS, as `moleculer.config.ts` makes them, and services that say
 * who answered: `first` asks `second`, and both hear of paid orders.
 */
import { randomBytes } from 'node:crypto';
import { type Context, type Middleware, ServiceBroker, type ServiceSchema } from 'moleculer';
import type { CallMeta } from '../../contracts/actions.ts';
import type { OrderPaid } from '../../contracts/channels.ts';
import { keyspace } from '../../contracts/keys.ts';
import type { Lane } from '../../contracts/lane.ts';
import { useEnvironment } from '../support/servers.ts';

const env = await useEnvironment({
  MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
  REQUEST_MS: '1000',
});
const { default: options } = await import('../../moleculer.config.ts');
const { channels } = await import('../../mixins/channels/adapter.ts');
const { deadNodes } = await import('../../mixins/dead-nodes.ts');
const { lanes } = await import('../../mixins/lanes.ts');

export type Answer = readonly string[];
export interface Heard {
  readonly orderId: string;
  readonly by: string;
  /** Who answered what the handler asked. */
  readonly then: Answer;
}
type Ctx = Context<Record<string, unknown>, CallMeta>;

const own: Readonly<Record<string, (lane: Lane, url: string, namespace: string) => unknown>> = {
  Lanes: () => lanes(),
  DeadNodes: () => deadNodes(),
  Lifecycle: () => undefined,
  Channels: (lane, url, namespace) =>
    lane === 'gray'
      ? undefined
      : channels({
          url,
          keys: keyspace(namespace, 1),
          limits: { maxInFlight: 20, idleMs: 1_000, retryMs: 50, drainMs: 2_000 },
          trimEveryMs: 60_000,
        }),
};

const second: ServiceSchema = {
  name: 'second',
  actions: {
    ask: {
      visibility: 'public',
      timeout: 500,
      retryPolicy: { enabled: true },
      handler: (ctx: Ctx) => [ctx.broker.nodeID],
    },
  },
};

export function openStage() {
  const namespace = `l${randomBytes(4).toString('hex')}`;
  const nodes = new Set<ServiceBroker>();
  const heard: Heard[] = [];
  /** Nodes on which a message is begun and never finished. */
  const stuck = new Set<string>();
  /** Nodes on which a message fails, for no lasting reason. */
  const failing = new Set<string>();
  const begun: string[] = [];

  const first: ServiceSchema = {
    name: 'first',
    actions: {
      ask: {
        visibility: 'public',
        timeout: 700,
        retryPolicy: { enabled: true },
        handler: async (ctx: Ctx): Promise<Answer> => [
          ctx.broker.nodeID,
          ...(await ctx.call<Answer, object>('second.ask', {})),
        ],
      },
    },
    channels: {
      'order.paid': {
        async handler(ctx: Context<OrderPaid, CallMeta>) {
          const { nodeID } = ctx.broker;
          const { orderId } = ctx.params;
          begun.push(`${orderId} ${nodeID}`);
          if (failing.has(nodeID)) throw new Error('it fails');
          if (stuck.has(nodeID)) await new Promise(() => undefined);
          const then = await ctx.call<Answer, object>('second.ask', {});
          heard.push({ orderId, by: nodeID, then });
        },
      },
    },
  } as ServiceSchema;
  const services = { first, second };

  return {
    namespace,
    env,
    heard,
    begun,
    stuck,
    failing,
    stream: keyspace(namespace, 1).stream('order.paid', 0),
    async start(nodeID: string, lane: Lane, ...names: (keyof typeof services)[]) {
      const middlewares = (options.middlewares ?? []).flatMap((one) => {
        const name = typeof one === 'string' ? one : (one as { name: string }).name;
        const made = own[name] ? own[name](lane, env.ARBITER_URL!, namespace) : one;
        return made === undefined ? [] : [made as string | Middleware];
      });
      const broker = new ServiceBroker({
        ...options,
        ...{ namespace, nodeID, metadata: { lane }, middlewares, logger: false },
      });
      for (const name of names) broker.createService(services[name]);
      nodes.add(broker);
      await broker.start();
      return broker;
    },
    async stop(broker: ServiceBroker) {
      nodes.delete(broker);
      await broker.stop();
    },
    async close() {
      await Promise.all([...nodes].map((broker) => broker.stop()));
    },
  };
}
export type Stage = ReturnType<typeof openStage>;

export const ask = (broker: ServiceBroker, action: string, lane?: Lane): Promise<Answer> =>
  broker.call(action, {}, { meta: lane ? { lane } : {} });

/** What many calls were answered by, each answer once, sorted. */
export async function answers(
  broker: ServiceBroker,
  action: string,
  lane?: Lane,
  count = 40,
): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: count }, () => ask(broker, action, lane)));
  return [...new Set(all.map((answer) => answer.join(' ')))].toSorted();
}
