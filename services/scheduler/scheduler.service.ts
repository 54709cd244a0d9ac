/**
 * What time brings: deadlines, sweeps, and the repair of an arbiter that lost data. What is done is
 * the table in `sweeps.ts`; this file runs it.
 */
import type { Redis } from 'ioredis';
import type { Context, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { type Actions, type CallMeta, call, type Health } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { keyspace } from '../../contracts/keys.ts';
import { type Arbiter, createArbiter } from '../../lua/arbiter.ts';
import { redisClient } from '../../mixins/redis.ts';
import { JobLoop } from './job.ts';
import type { Rebuild } from './rebuild.ts';
import { jobs, reconcileNow } from './sweeps.ts';

interface Vars {
  arbiter: Arbiter;
  /** The same arbiter for what reads a whole hall: it may take longer than a buyer would wait. */
  patient: Arbiter;
  rebuild: Rebuild;
  loops: JobLoop[];
}
type Asked<Name extends keyof Actions> = Context<Actions[Name]['params'], CallMeta>;

const keys = keyspace(config.namespace, config.shards);

const schema: ServiceSchema<ServiceSettingSchema, Record<never, never>, Vars> = {
  name: 'scheduler',

  actions: {
    reconcile: {
      params: { $$strict: true, sessionId: { type: 'string', min: 1, max: 64 } },
      async handler(ctx: Asked<'scheduler.reconcile'>) {
        const { user, requestId = '' } = ctx.meta;
        if (user?.role !== 'operator') return refuse('FORBIDDEN');
        const { sessionId } = ctx.params;
        const report = await reconcileNow(this.rebuild, sessionId);
        const { orders, differences, more, corrected, books } = report;
        await call(ctx, 'audit.record', {
          by: { uid: user.uid, role: user.role, requestId },
          action: 'session.reconcile',
          target: sessionId,
          after: { orders, corrected, differences: differences.length + more, books: books.length },
        }).catch((error: unknown) =>
          // What was mended is mended; whoever asked is told of it all the same.
          this.logger.warn('Nothing is on record of a comparison.', { sessionId, error }),
        );
        return report;
      },
    },

    health: {
      visibility: 'public',
      async handler(): Promise<Health> {
        try {
          await this.arbiter.ping();
          return { ok: true };
        } catch (error) {
          return { ok: false, missing: [`arbiter: ${(error as Error).message}`] };
        }
      },
    },
  },

  async started() {
    const arbiterOf = (redis: Redis) => createArbiter({ redis, keys });
    this.arbiter = arbiterOf(redisClient(config.arbiterUrl, 'hot'));
    this.patient = arbiterOf(redisClient(config.arbiterUrl, 'patient'));
    const { broker, patient: arbiter } = this;
    this.rebuild = { caller: broker, arbiter, keys, who: broker.nodeID };
    const table = jobs(this.rebuild, this.arbiter, this.logger);
    this.loops = table.map((job) => new JobLoop(job, this.logger));
    for (const loop of this.loops) loop.start();
  },

  async stopped() {
    await Promise.all((this.loops ?? []).map((loop) => loop.stop()));
    await Promise.all([this.arbiter?.close(), this.patient?.close()]);
  },
};

export default schema;
