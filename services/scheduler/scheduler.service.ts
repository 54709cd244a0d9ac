/**
 * Everything that happens because time passes: one table. Any number of schedulers may run at once;
 * none leads, because every job asks for something that may be asked twice.
 */
import type { Redis } from 'ioredis';
import type { ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { type Caller, call, type Health } from '../../contracts/actions.ts';
import { keyspace } from '../../contracts/keys.ts';
import { type Arbiter, createArbiter } from '../../lua/arbiter.ts';
import { redisClient } from '../../mixins/redis.ts';
import { adoptNewRuns } from './adopt.ts';
import { type Job, JobLoop } from './job.ts';

/** Until a new run of the arbiter is adopted nobody can lock: it is looked for often. */
const ADOPT_EVERY_MS = 250;
/** Sales whose deadlines are looked at side by side. */
const ABREAST = 32;

interface Vars {
  redis: Redis;
  arbiter: Arbiter;
  loops: JobLoop[];
}

/** The table. `late` rows are the slow road: what the fast road should have done long before. */
const jobs = (caller: Caller, arbiter: Arbiter): Job[] => {
  const late = { lateMs: config.sweepLateMs, limit: config.sweepBatch };
  const patient = { timeout: LIMIT_MS.sweep };
  return [
    {
      name: 'due',
      everyMs: config.dueEveryMs,
      limitMs: LIMIT_MS.due,
      run: () => postDue(arbiter),
    },
    {
      name: 'adopt',
      everyMs: ADOPT_EVERY_MS,
      limitMs: LIMIT_MS.adopt,
      run: () =>
        adoptNewRuns(
          arbiter,
          config.shards,
          async (incident) => (await call(caller, 'order.incident', incident)).epoch,
        ),
    },
    {
      name: 'sweep',
      everyMs: config.sweepEveryMs,
      limitMs: LIMIT_MS.sweep,
      run: () => call(caller, 'order.sweep', late, patient),
    },
    {
      name: 'relay',
      everyMs: config.sweepEveryMs,
      limitMs: LIMIT_MS.sweep,
      run: () => call(caller, 'order.relay', late, patient),
    },
  ];
};

const LIMIT_MS = { due: 5_000, adopt: 10_000, sweep: 60_000 } as const;

/** Announces due deadlines of every sale; one sale that fails keeps none of the others. */
async function postDue(arbiter: Arbiter): Promise<void> {
  const sales = await arbiter.sales();
  let failure: PromiseRejectedResult | undefined;
  for (let i = 0; i < sales.length; i += ABREAST) {
    const answers = await Promise.allSettled(
      sales
        .slice(i, i + ABREAST)
        .map((sale) => arbiter.due(sale, config.dueBatch, config.dueRepeatMs)),
    );
    failure ??= answers.find((answer) => answer.status === 'rejected');
  }
  if (failure) throw failure.reason;
}

const schema: ServiceSchema<ServiceSettingSchema, Record<never, never>, Vars> = {
  name: 'scheduler',

  actions: {
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
    this.redis = redisClient(config.arbiterUrl, 'hot');
    this.arbiter = createArbiter({
      redis: this.redis,
      keys: keyspace(config.namespace, config.shards),
    });
    this.loops = jobs(this.broker, this.arbiter).map((job) => new JobLoop(job, this.logger));
    for (const loop of this.loops) loop.start();
  },

  async stopped() {
    await Promise.all((this.loops ?? []).map((loop) => loop.stop()));
    await this.arbiter?.close();
  },
};

export default schema;
