/**
 * The hall, live: whoever watches a sale sees each move of its seats, and each buyer what becomes
 * of their orders. It only reads: it may be killed at any time, and nothing else notices.
 */
import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Context, Service, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { type CallMeta, call } from '../../contracts/actions.ts';
import type { Messages, SeatMoved } from '../../contracts/channels.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { keyspace } from '../../contracts/keys.ts';
import { type TailEntry, tailStream } from '../../mixins/channels/tail.ts';
import { live } from '../../mixins/live-config.ts';
import { every } from '../../mixins/pace.ts';
import { redisClient } from '../../mixins/redis.ts';
import { type Frame, frameOf, retryFrame } from './delta.ts';
import { Hall } from './hall.ts';
import { ownEventOf } from './own.ts';
import { Reader } from './reader.ts';
import { Tickets } from './tickets.ts';

interface Vars {
  halls: Map<string, Hall>;
  /** Open streams of own orders, by uid. */
  own: Map<string, Set<Reader>>;
  readers: Set<Reader>;
  /** Sales that are known to exist: asked once each. */
  known: Set<string>;
  tickets: Tickets;
  /** Ends the heartbeat. */
  fade(): void;
  ending: AbortController;
  following: Promise<unknown>;
  /** Shards whose moves are being heard. */
  heard: number;
}
type Notification = Service<ServiceSettingSchema> & Vars & Methods;
interface Methods {
  openStream(kind: 'hall' | 'mine', asked: Asked): Promise<void>;
}
/** What the gateway of this process hands over: see `LiveStreams` there. */
interface Asked {
  readonly params: Readonly<Record<string, unknown>>;
  readonly lastEventId: string | undefined;
  open(): Writable;
}

const TICKETS_MAX = 100_000;
const KNOWN_MAX = 10_000;
/** A stopping process sends its readers away for this long, each a little different. */
const RETRY_MS = 500;
const RETRY_SPREAD_MS = 2_000;

const limitsOf = (sale: string) => {
  const { streamCoalesceMs, streamRingMs, streamRingMax } = live(sale);
  return { coalesceMs: streamCoalesceMs, ringMs: streamRingMs, ringMax: streamRingMax };
};
const keys = keyspace(config.namespace, config.shards);
const timeFrame = (): Frame => frameOf('time', { epochMs: Date.now() });
const lagBytes = (): number => live().streamLagBytes;
const monotonic = (): number => performance.now();

function hallOf({ halls }: Vars, sale: string): Hall {
  let hall = halls.get(sale);
  if (!hall) {
    hall = new Hall(() => limitsOf(sale), monotonic);
    halls.set(sale, hall);
  }
  return hall;
}

/** @throws NOT_FOUND for what is no session, BUSY when nobody can say */
async function checkSale(service: Notification, sale: string): Promise<void> {
  const { known, halls, broker } = service;
  if (!ID_PATTERN.test(sale)) refuse('NOT_FOUND');
  if (known.has(sale) || halls.has(sale)) return;
  await call(broker, 'seckill.sale', { sessionId: sale });
  if (known.size >= KNOWN_MAX) known.clear();
  known.add(sale);
}

/** A new reader, counted until it leaves. The first thing it hears is the time. */
function admit(service: Notification, { open }: Asked, gone: (reader: Reader) => void): Reader {
  if (service.readers.size >= live().streamReadersMax || service.ending.signal.aborted)
    refuse('BUSY');
  const reader = new Reader(open(), lagBytes, (left) => {
    service.readers.delete(left);
    gone(left);
  });
  service.readers.add(reader);
  reader.send(timeFrame());
  return reader;
}

async function openHall(service: Notification, asked: Asked): Promise<void> {
  const sale = String(asked.params.sessionId);
  await checkSale(service, sale);
  const hall = hallOf(service, sale);
  const reader = admit(service, asked, (left) => hall.readers.delete(left));
  hall.join(reader, asked.lastEventId);
}

function openOwn(service: Notification, asked: Asked): void {
  const { own, tickets } = service;
  const uid = tickets.use(String(asked.params.ticket), Date.now()) ?? refuse('UNAUTHENTICATED');
  const reader = admit(service, asked, (left) => {
    const readers = own.get(uid);
    readers?.delete(left);
    if (readers?.size === 0) own.delete(uid);
  });
  const readers = own.get(uid) ?? new Set();
  own.set(uid, readers.add(reader));
}

/** A message reaches the hall it moves, and the buyer whose order it is about. */
function hear(service: Notification, { channel, payload }: TailEntry): void {
  if (channel === 'seat.moved') {
    const moved = payload as unknown as SeatMoved;
    hallOf(service, moved.sale).move(moved);
  }
  const told = ownEventOf(channel, payload as never as Messages[typeof channel]);
  const readers = told && service.own.get(told.uid);
  if (!readers) return;
  const frame = frameOf('order', told.event);
  for (const reader of readers) reader.send(frame);
}

/**
 * Follows a shard. Moves are heard from the recent past on, so that who comes back after a restart
 * finds the ring filled; news of orders only from now on.
 */
function follow(service: Notification, shard: number): Promise<void> {
  const stream = (channel: keyof Messages) => keys.stream(channel, shard);
  const moves = stream('seat.moved');
  const news = [stream('order.paid'), stream('order.cancelled')];
  const since = Math.max(0, Date.now() - live().streamRingMs);
  return tailStream({
    redis: redisClient(config.arbiterUrl, 'reader'),
    streams: [moves, ...news],
    from: { [moves]: `${since}-0`, ...Object.fromEntries(news.map((name) => [name, '$'])) },
    onEntry: (entry) => hear(service, entry),
    onStart: () => {
      service.heard++;
    },
    signal: service.ending.signal,
    logger: service.logger,
  });
}

function beat({ readers, halls }: Vars): void {
  const frame = timeFrame();
  for (const reader of readers) reader.send(frame);
  for (const [sale, hall] of halls) if (hall.isIdle()) halls.delete(sale);
}

const notification: ServiceSchema<ServiceSettingSchema, object, Vars, Notification> = {
  name: 'notification',

  actions: {
    ticket: {
      params: { $$strict: true },
      handler(ctx: Context<object, CallMeta & { $statusCode?: number }>) {
        const { uid } = ctx.meta.user ?? refuse('UNAUTHENTICATED');
        ctx.meta.$statusCode = 201;
        return { ticket: this.tickets.issue(uid, Date.now()) };
      },
    },

    health: {
      visibility: 'public',
      params: { $$strict: true },
      handler() {
        const all = this.heard === keys.shards;
        return all ? { ok: true } : { ok: false, missing: ['moves of the arbiter'] };
      },
    },
  },

  methods: {
    async openStream(this: Notification, kind: 'hall' | 'mine', asked: Asked): Promise<void> {
      if (kind === 'hall') await openHall(this, asked);
      else openOwn(this, asked);
    },
  },

  created() {
    this.halls = new Map();
    this.own = new Map();
    this.readers = new Set();
    this.known = new Set();
    this.tickets = new Tickets(randomBytes, TICKETS_MAX);
    this.ending = new AbortController();
    this.heard = 0;
  },

  async started() {
    const shards = Array.from({ length: keys.shards }, (_, shard) => shard);
    this.following = Promise.all(shards.map((shard) => follow(this, shard)));
    this.fade = every(
      () => live().streamHeartbeatMs,
      () => beat(this),
    );
  },

  async stopped() {
    this.fade?.();
    this.ending.abort();
    for (const reader of this.readers)
      reader.end(retryFrame(RETRY_MS + Math.floor(Math.random() * RETRY_SPREAD_MS)));
    for (const hall of this.halls.values()) hall.close();
    await this.following;
  },
};

export default notification;
