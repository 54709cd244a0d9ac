/**
 * What the scheduler and the supervisor ask of orders: the slow roads (sweep, relay), the epochs,
 * whether we can work.
 */

import type { Redis } from 'ioredis';
import type { ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { call, type Health } from '../../contracts/actions.ts';
import type { DeadlineDue } from '../../contracts/channels.ts';
import { databaseHealth } from '../../mixins/database.ts';
import { COUNT, type Methods, type ParamsOf, type Vars } from './asked.ts';
import { recordIncident } from './incidents.ts';
import { relay } from './outbox.ts';
import { eachAbreast, lateHolds, overdueOrders } from './sweep.ts';

const LATE = { $$strict: true, lateMs: COUNT, limit: { ...COUNT, min: 1, max: 1_000 } } as const;

type OrderSchema = ServiceSchema<ServiceSettingSchema, Methods, Vars>;

export const upkeep: NonNullable<OrderSchema['actions']> = {
  sweep: {
    visibility: 'public',
    params: LATE,
    async handler(ctx: ParamsOf<'order.sweep'>) {
      const { lateMs, limit } = ctx.params;
      const judge = async (due: DeadlineDue) => (await this.due(ctx, due)).became !== 'waits';
      const overdue = await overdueOrders(lateMs, config.payGraceMs, limit);
      const cancelled = await eachAbreast(overdue, judge);
      // the arbiter second: it may be away, and MySQL knows enough by itself
      const held = lateHolds(await call(ctx, 'seckill.late', { lateMs, limit }));
      return { cancelled: cancelled + (await eachAbreast(held, judge)) };
    },
  },

  relay: {
    visibility: 'public',
    params: LATE,
    async handler(ctx: ParamsOf<'order.relay'>) {
      return { posted: await relay(this.redis, ctx.params.lateMs, ctx.params.limit) };
    },
  },

  incident: {
    visibility: 'public',
    params: {
      $$strict: true,
      shard: COUNT,
      oldRunId: { type: 'string', max: 64 },
      newRunId: { type: 'string', min: 1, max: 64 },
      above: COUNT,
    },
    async handler(ctx: ParamsOf<'order.incident'>) {
      const { shard, oldRunId, newRunId, above } = ctx.params;
      return { epoch: await recordIncident(shard, oldRunId, newRunId, above) };
    },
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
