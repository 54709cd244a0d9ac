/**
 * Durable channels behind the `channels: {}` schema of `@moleculer/channels`: its Redis adapter
 * with everything between the schema and Redis replaced, because the original loses messages when
 * it stops, dies of one it cannot read, and repeats what is still running. A channel is one stream
 * per shard of the arbiter; a service is one group; an instance is one consumer.
 */
import moleculerChannels from '@moleculer/channels';
import type { Redis } from 'ioredis';
import type { Logger, Middleware, ServiceBroker } from 'moleculer';
import { CHANNELS, type ChannelName } from '../../contracts/channels.ts';
import type { Keyspace } from '../../contracts/keys.ts';
import { redisClient } from '../redis.ts';
import { buryIn } from './burial.ts';
import { Consumer, type ConsumerLimits } from './consumer.ts';
import { removeAbandoned, trimStream } from './trim.ts';

export interface StreamAdapterOptions {
  readonly url: string;
  readonly keys: Keyspace;
  readonly limits: ConsumerLimits;
  /** How often what everybody has had is removed. */
  readonly trimEveryMs: number;
}

/** What the middleware makes of an entry of `channels: {}`. */
type Subscription = Parameters<InstanceType<typeof Adapters.Redis>['subscribe']>[0];

const { Adapters, Middleware: Channels } = moleculerChannels;

/** The broker middleware that gives services their `channels: {}`, each handler with a context. */
export function channels(options: StreamAdapterOptions): Middleware {
  const given = { adapter: new StreamAdapter(options), context: true };
  // It takes an adapter as well as the name of one, and has defaults: its types know neither.
  return Channels(given as unknown as Parameters<typeof Channels>[0]) as Middleware;
}

export class StreamAdapter extends Adapters.Redis {
  readonly #options: StreamAdapterOptions;
  readonly #consumers = new Map<string, Consumer[]>();
  readonly #streams = new Set<string>();
  #nodeID = '';
  #log!: Logger;
  #redis: Redis | undefined;
  #trimmer: NodeJS.Timeout | undefined;

  constructor(options: StreamAdapterOptions) {
    super({});
    this.#options = options;
  }

  override init(broker: ServiceBroker, logger: Logger): void {
    super.init(broker, logger);
    this.#nodeID = broker.nodeID;
    this.#log = logger;
  }

  /** The keyspace names the streams: a channel goes by its own name. */
  override addPrefixTopic(name: string): string {
    return name;
  }

  /**
   * Does not wait for Redis, nor even look for it: a service serves its calls, and hears when Redis
   * is there; one that hears nothing has no business with the arbiter.
   */
  override async connect(): Promise<void> {
    this.connected = true;
  }

  override async subscribe(subscription: Subscription): Promise<void> {
    const { name, group, id } = subscription;
    if (!isChannel(name)) throw new Error(`${group} hears ${name}, which is no channel`);
    const { url, keys, limits } = this.#options;
    const redis = this.#connection();
    const inFlight = subscription.maxInFlight ?? limits.maxInFlight;
    const consumers = keys.streams(name).map((stream, shard) => {
      this.#streams.add(stream);
      return new Consumer({
        channel: name,
        place: { stream, group, consumer: this.#nodeID },
        limits: { ...limits, maxInFlight: Math.max(1, Math.floor(inFlight / keys.shards)) },
        redis,
        reader: redisClient(url, 'reader', (error) => this.#heard(error)),
        logger: this.#log,
        handle: async (message) => subscription.handler(message.payload, message),
        bury: buryIn(redis, keys.stream('message.died', shard), name, this.#log),
      });
    });
    this.#consumers.set(id, consumers);
    for (const consumer of consumers) consumer.start();
  }

  override async unsubscribe(subscription: Subscription): Promise<void> {
    subscription.unsubscribing = true;
    const consumers = this.#consumers.get(subscription.id) ?? [];
    this.#consumers.delete(subscription.id);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }

  override async disconnect(): Promise<void> {
    clearInterval(this.#trimmer);
    const consumers = [...this.#consumers.values()].flat();
    this.#consumers.clear();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    this.#redis?.disconnect();
    this.connected = false;
  }

  /** @throws always: a message is posted by a script of the arbiter, or by an outbox. */
  override async publish(channel: string): Promise<void> {
    throw new Error(`${channel}: sendToChannel is not durable here, use postMessage`);
  }

  #connection(): Redis {
    if (this.#redis) return this.#redis;
    const redis = redisClient(this.#options.url, 'consumer', (error) => this.#heard(error));
    const { trimEveryMs } = this.#options;
    this.#trimmer = setInterval(
      () =>
        this.#tidy(redis).catch((error: Error) =>
          this.#log.warn('Trimming failed.', { reason: error.message }),
        ),
      trimEveryMs * (0.75 + Math.random() / 2),
    );
    this.#redis = redis;
    return redis;
  }

  async #tidy(redis: Redis): Promise<void> {
    for (const stream of this.#streams) {
      const removed = await removeAbandoned(redis, stream);
      if (removed.length > 0)
        this.#log.error('Groups that nobody answers to were removed.', { stream, removed });
      await trimStream(redis, stream);
    }
  }

  #heard(error: Error): void {
    this.#log.warn('The arbiter cannot be reached.', { reason: error.message });
  }
}

const isChannel = (name: string): name is ChannelName => Object.hasOwn(CHANNELS, name);
