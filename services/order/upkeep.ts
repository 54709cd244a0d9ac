/**
 * What the scheduler and the supervisor ask of orders: the slow roads (sweeps, relay), the facts a
 * repair of the arbiter needs, the epochs, whether we can work.
 */

import type { Redis } from 'ioredis';
import type { ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { call, type Health } from '../../contracts/actions.ts';
import { databaseHealth } from '../../mixins/database.ts';
import { forgetDeaths } from '../../mixins/dead-letters.ts';
import { type Asked, COUNT, type Methods, ORDER_ID, type ParamsOf, type Vars } from './asked.ts';
import { bookFaults } from './books.ts';
import { recordIncident, recordRepair } from './incidents.ts';
import { forget, relay } from './outbox.ts';
import { refundAgain } from './refunds.ts';
import { endedOrders, liveOrders, reservationsOf, wordsOf } from './standing.ts';
import { eachAbreast, lateHolds, overdueOrders } from './sweep.ts';

const LIMIT = { ...COUNT, min: 1, max: 1_000 } as const;
const LATE = { $$strict: true, lateMs: COUNT, limit: LIMIT } as const;
const PAGE = {
  $$strict: true,
  sale: ORDER_ID,
  after: { type: 'string', max: 64 },
  limit: LIMIT,
} as const;
const INSIDE = { visibility: 'public' } as const;

type OrderSchema = ServiceSchema<ServiceSettingSchema, Methods, Vars>;
type PageAsked = Asked<{ sale: string; after: string; limit: number }>;

export const upkeep: NonNullable<OrderSchema['actions']> = {
  overdue: {
    ...INSIDE,
    params: LATE,
    async handler(ctx: ParamsOf<'order.overdue'>) {
      const { lateMs, limit } = ctx.params;
      const overdue = await overdueOrders(lateMs, config.payGraceMs, limit);
      return {
        done: await eachAbreast(
          overdue,
          async (due) => (await this.due(ctx, due)).became !== 'waits',
        ),
      };
    },
  },

  orphans: {
    ...INSIDE,
    params: LATE,
    async handler(ctx: ParamsOf<'order.orphans'>) {
      const held = lateHolds(await call(ctx, 'seckill.late', ctx.params));
      return {
        done: await eachAbreast(held, async (due) => (await this.due(ctx, due)).became !== 'waits'),
      };
    },
  },

  relay: {
    ...INSIDE,
    params: LATE,
    async handler(ctx: ParamsOf<'order.relay'>) {
      return { posted: await relay(this.redis, ctx.params.lateMs, ctx.params.limit) };
    },
  },

  tidy: {
    ...INSIDE,
    params: { $$strict: true, olderMs: COUNT, limit: LIMIT },
    async handler({ params: { olderMs, limit } }: ParamsOf<'order.tidy'>) {
      const messages = await forget(olderMs, limit);
      return { messages, deaths: await forgetDeaths(olderMs, limit) };
    },
  },

  refundAgain: {
    ...INSIDE,
    params: LATE,
    async handler(ctx: ParamsOf<'order.refundAgain'>) {
      const { lateMs, limit } = ctx.params;
      const done = await refundAgain(lateMs, limit, ctx.requestID ?? '');
      if (done > 0) this.relayer.kick();
      return { done };
    },
  },

  ended: {
    ...INSIDE,
    params: { ...LATE, sinceMs: COUNT },
    handler({ params: { sinceMs, lateMs, limit } }: ParamsOf<'order.ended'>) {
      return endedOrders(sinceMs, lateMs, limit);
    },
  },

  live: {
    ...INSIDE,
    params: PAGE,
    handler: ({ params: { sale, after, limit } }: PageAsked) => liveOrders(sale, after, limit),
  },

  words: {
    ...INSIDE,
    params: { $$strict: true, orderIds: { type: 'array', max: 1_000, items: ORDER_ID } },
    handler: (ctx: ParamsOf<'order.words'>) => wordsOf(ctx.params.orderIds),
  },

  reservations: {
    ...INSIDE,
    params: { ...PAGE, sinceMs: COUNT },
    handler({ params: { sale, sinceMs, after, limit } }: ParamsOf<'order.reservations'>) {
      return reservationsOf(sale, sinceMs, after, limit);
    },
  },

  books: {
    ...INSIDE,
    params: { $$strict: true, sale: ORDER_ID, lateMs: COUNT },
    handler: (ctx: ParamsOf<'order.books'>) => bookFaults(ctx.params.sale, ctx.params.lateMs),
  },

  incident: {
    ...INSIDE,
    params: {
      $$strict: true,
      shard: COUNT,
      oldRunId: { type: 'string', max: 64 },
      newRunId: { type: 'string', min: 1, max: 64 },
      above: COUNT,
      who: ORDER_ID,
    },
    handler: (ctx: ParamsOf<'order.incident'>) => recordIncident(ctx.params),
  },

  repaired: {
    ...INSIDE,
    params: { $$strict: true, epoch: COUNT, report: 'object' },
    handler: (ctx: ParamsOf<'order.repaired'>) => recordRepair(ctx.params.epoch, ctx.params.report),
  },

  health: {
    visibility: 'public',
    async handler(): Promise<Health> {
      const [mysql, arbiter] = await Promise.all([databaseHealth(), ping(this.redis)]);
      const missing = [...(mysql.missing ?? []), ...arbiter];
      return missing.length === 0 ? { ok: true } : { ok: false, missing };
    },
  },
};

async function ping(redis: Redis): Promise<string[]> {
  try {
    await redis.ping();
    return [];
  } catch (error) {
    return [`arbiter: ${(error as Error).message}`];
  }
}
