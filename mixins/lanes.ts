/**
 * Keeps a request in its lane: which node answers a call, and who handles a message.
 *
 * Always true: a request of the stable lane never runs on a gray node; one of the gray lane runs on
 * gray nodes wherever the service has one, and else on a stable one. A node that a call names
 * (`nodeID`) is meant, whatever its lane.
 *
 * Messages: the consumers of a group are stable nodes. One that takes a message of the gray lane
 * asks a gray node to handle it, by the action `hear` that every service with channels gets here.
 * Where there is none, or it fails or is silent, the consumer handles the message itself: no gray
 * node keeps a message from being handled, nor the place among those in flight that it takes.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type ActionSchema,
  type Context,
  Errors,
  type Middleware,
  type Service,
  type ServiceBroker,
  type ServiceSchema,
  Strategies,
} from 'moleculer';
import type { CallMeta } from '../contracts/actions.ts';
import { type Lane, laneOf } from '../contracts/lane.ts';

type Ctx = Context<unknown, CallMeta>;
type Handler = (ctx: Ctx) => Promise<unknown>;
type Hearing = (ctx: Ctx, raw?: unknown) => Promise<unknown>;

/** What of Moleculer's inside is needed here; its types leave it out. */
interface Endpoint {
  readonly local: boolean;
  readonly isAvailable: boolean;
  readonly node: { readonly metadata: { readonly lane?: unknown } | null };
}
interface Inside {
  readonly registry: {
    getActionEndpoints(name: string): { readonly endpoints: readonly Endpoint[] } | undefined;
  };
}
interface ChannelSchema {
  readonly handler: Hearing;
}
interface Channel {
  /** The service. */
  readonly group: string;
  readonly name: string;
}
interface Heard {
  readonly channel: string;
  readonly payload: object;
}

/** A gray node that stands still holds a place of its stable consumer for no longer. */
const HEAR_MS = 2_000;

const running = new AsyncLocalStorage<Lane>();

/** The lane of the request or message that is being handled. */
export const laneNow = (): Lane => running.getStore() ?? 'stable';

const within = <T>(lane: Lane, work: () => T): T =>
  laneNow() === lane ? work() : running.run(lane, work);

const laneOfNode = ({ node }: Endpoint): Lane => laneOf(node.metadata);

/** Those of a list that a request of the lane may go to; none when there is none. */
function inLane(list: readonly Endpoint[], lane: Lane): readonly Endpoint[] {
  const own = list.filter((endpoint) => laneOfNode(endpoint) === lane);
  return own.length > 0 || lane === 'stable' ? own : inLane(list, 'stable');
}

/**
 * One after another of the nodes of the lane; this node itself, where it is one of them: a hop over
 * NATS costs more than what most calls do. It takes the place of `preferLocal`, which would ask
 * this node without asking for its lane.
 */
export class LaneStrategy extends Strategies.Base {
  readonly #turns: Record<Lane, number> = { stable: 0, gray: 0 };

  override select(list: never[], ctx?: Context): never {
    const lane = laneOf(ctx?.meta as CallMeta | undefined);
    const all = list as readonly Endpoint[];
    const may = inLane(all, lane);
    const local = may.find((endpoint) => endpoint.local);
    // Where there is nobody for it, the middleware says so: it is asked about every node.
    return (local ?? may[this.#turns[lane]++ % may.length] ?? all[0]) as never;
  }
}

export function lanes(): Middleware {
  let broker: ServiceBroker;

  /** A list of one node is not put before the strategy: this is. */
  function held(next: Handler, isCaller: (ctx: Ctx) => boolean): Handler {
    return (ctx) => {
      const endpoint = ctx.endpoint as unknown as Endpoint | null;
      const named = (ctx.options as { nodeID?: string } | undefined)?.nodeID !== undefined;
      const strays =
        endpoint && laneOfNode(endpoint) === 'gray' && laneOf(ctx.meta) === 'stable' && !named;
      if (!strays || !isCaller(ctx)) return next(ctx);
      const { name: action } = ctx.action as { name: string };
      return Promise.reject(
        new Errors.ServiceNotAvailableError({ action, nodeID: ctx.nodeID ?? '' }),
      );
    };
  }

  return {
    name: 'Lanes',
    created(created: ServiceBroker) {
      broker = created;
    },
    remoteAction: (next: Handler) => held(next, () => true),
    localAction(next: Handler, { name = '' }: ActionSchema): Handler {
      const run: Handler = (ctx) => within(laneOf(ctx.meta), () => next(ctx));
      // Its caller has chosen, when that is another node.
      return name.startsWith('$') ? run : held(run, ({ nodeID }) => nodeID === broker.nodeID);
    },
    localChannel(next: Hearing, { group, name }: Channel): Hearing {
      const action = `${group}.hear`;
      const isThere = () =>
        (broker as unknown as Inside).registry
          .getActionEndpoints(action)
          ?.endpoints.some((one) => one.isAvailable && laneOfNode(one) === 'gray');
      return async (ctx, raw) => {
        const lane = laneOf(ctx.meta);
        const here = () => within(lane, () => next(ctx, raw));
        if (lane === 'stable' || !isThere()) return here();
        try {
          const heard: Heard = { channel: name, payload: ctx.params as object };
          return await ctx.call(action, heard, { timeout: HEAR_MS });
        } catch (error) {
          const { message: reason } = error as Error;
          broker.logger.warn('The gray lane does not handle its message.', { name, reason });
          return here();
        }
      };
    },
    serviceCreating(_service: Service, schema: ServiceSchema) {
      if (schema.channels) schema.actions = { ...schema.actions, hear };
    },
  } as unknown as Middleware;
}

/** Handles a message that another node took, as if this one had. */
const hear: ActionSchema = {
  visibility: 'public',
  params: { $$strict: true, channel: 'string', payload: 'object' },
  handler(this: Service, ctx: Context<Heard, CallMeta>) {
    const { channel, payload } = ctx.params;
    const channels = (this.schema.channels ?? {}) as unknown as Record<string, ChannelSchema>;
    if (!Object.hasOwn(channels, channel)) throw new Error(`${this.name} does not hear ${channel}`);
    ctx.params = payload as never;
    return channels[channel]!.handler.call(this, ctx);
  },
};
