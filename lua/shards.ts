/**
 * What a shard knows beside its sales: which of them there are, and which run of Redis they are
 * good on.
 */
import type { Redis } from 'ioredis';
import type { Keyspace } from '../contracts/keys.ts';
import { argsOf, keysOfShard, type Script } from './loader.ts';
import { changed } from './replies.ts';
import { inWeather, runScript } from './runner.ts';

export interface Shards {
  sales(): Promise<string[]>;
  /**
   * The epoch in force, and the run of Redis it was opened for: empty while the shard is frozen.
   * Undefined while no epoch is recorded at all.
   */
  epoch(shard: number): Promise<{ runId: string; epoch: number } | undefined>;
  /**
   * Opens a new epoch in which nobody locks a seat until `adopt`.
   * @returns `changed` false when a later one, or this one, is in force: somebody was quicker
   */
  freeze(shard: number, epoch: number): Promise<{ changed: boolean }>;
  /** Records a run of Redis (ours of now, unless told) under an epoch that is not in force yet. */
  adopt(shard: number, epoch: number, runId?: string): Promise<{ changed: boolean }>;
  /** The run id of the Redis we are connected to now. */
  runId(): Promise<string>;
}

export interface ShardScripts {
  readonly freeze: Script;
  readonly adopt: Script;
}

export function shardsOf(redis: Redis, keys: Keyspace, run: Run, scripts: ShardScripts): Shards {
  const ask = (script: Script, shard: number, args: Readonly<Record<string, string | number>>) =>
    runScript(redis, script, keysOfShard(script, keys, shard), argsOf(script, args));
  return {
    runId: run.id,
    sales: () => inWeather(() => salesOf(redis, keys)),
    epoch: (shard) =>
      inWeather(async () => {
        const { runId = '', epoch } = await redis.hgetall(keys.ofShard(shard).epoch);
        return epoch === undefined ? undefined : { runId, epoch: Number(epoch) };
      }),
    freeze: async (shard, epoch) => ({
      changed: changed(await ask(scripts.freeze, shard, { epoch })),
    }),
    adopt: async (shard, epoch, runId) => ({
      changed: changed(
        await ask(scripts.adopt, shard, { runId: runId ?? (await run.id()), epoch }),
      ),
    }),
  };
}

async function salesOf(redis: Redis, keys: Keyspace): Promise<string[]> {
  const shards = Array.from({ length: keys.shards }, (_, shard) => keys.ofShard(shard).sales);
  const sales = await Promise.all(shards.map((key) => redis.smembers(key)));
  return sales.flat().sort();
}

export interface Run {
  id(): Promise<string>;
  forget(): void;
}

/** The run id of the Redis behind a connection: asked once per connection, forgotten with it. */
export function runOf(redis: Redis): Run {
  let known: Promise<string> | undefined;
  const lose = () => {
    known = undefined;
  };
  const id = () => {
    const asked = known ?? inWeather(() => redis.info('server')).then(runIdIn);
    if (!known) asked.catch(() => known === asked && lose());
    known = asked;
    return asked;
  };
  // After a failed question the next who needs it asks again.
  const learn = () => void id().catch(lose);
  redis.on('close', lose);
  redis.on('ready', learn);
  if (redis.status === 'ready') learn();
  const forget = () => {
    redis.off('close', lose);
    redis.off('ready', learn);
  };
  return { id, forget };
}

function runIdIn(info: string): string {
  const runId = /^run_id:(\w+)/m.exec(info)?.[1];
  if (!runId) throw new Error('INFO server has no run_id');
  return runId;
}
