/**
 * The stage of `bench:orders`: an arbiter, a NATS and a MariaDB of its own, one process of the
 * order service as production runs it, and one sale whose seats are locked by real locks, pair by
 * pair.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../bin/migrate.ts';
import { processPrograms } from '../bin/supervisor/instances.ts';
import { serverProgram } from '../bin/supervisor/servers.ts';
import type { Supervisor } from '../bin/supervisor/supervisor.ts';
import { config } from '../config/index.ts';
import { newId, newOrderId } from '../contracts/ids.ts';
import { keyspace } from '../contracts/keys.ts';
import { createArbiter } from '../lua/arbiter.ts';
import { groupsOf } from '../mixins/channels/trim.ts';
import { redisClient } from '../mixins/redis.ts';
import { plainHall } from '../test/lua/hall.ts';
import { pairAt } from './halls.ts';

const SEATS = 60_000;
const HOUR = 3_600_000;
const IN_FLIGHT = 100;
const LOOK_MS = 5;
const PROCESS = 'order-1';

export interface Stage {
  readonly sale: string;
  /** Locks the next pair for a buyer who comes for the first time. @returns its orderId */
  lock(): Promise<string>;
  /** Many of them, as fast as one client gets them; the order service hears none of it yet. */
  lockUnheard(count: number): Promise<string[]>;
  /** Lets the order service hear what it missed. @returns how long until all was acknowledged */
  drain(): Promise<number>;
  end(): Promise<void>;
}

/** Sets the stage. Whoever made the supervisor ends what runs under it. */
export async function setStage(supervisor: Supervisor): Promise<Stage> {
  const { arbiterFsync, portBase, runDir } = config;
  const place = { dataDir: `${runDir}/data`, portBase, arbiterFsync };
  for (const name of ['arbiter', 'nats', 'mariadb'] as const)
    await supervisor.start(serverProgram(name, place));
  await migrate(config.mysqlUrl);
  const redis = redisClient(config.arbiterUrl, 'consumer');
  const keys = keyspace(config.namespace, config.shards);
  const arbiter = createArbiter({ redis, keys });
  const sale = newId(Date.now(), randomBytes);
  await arbiter.adopt(0, 1);
  await arbiter.open(sale, plainHall(SEATS), { A: 38_000 }, terms());
  await supervisor.start(processPrograms(config).find(({ name }) => name === PROCESS)!);

  const orderIdKey = config.orderIdKeys.values().next().value!;
  const stream = keys.stream('seat.moved', 0);
  let buyers = 0;
  const lock = async () => {
    const first = pairAt(SEATS, buyers);
    const uid = `buyer-${++buyers}`;
    const orderId = newOrderId(sale, uid, orderIdKey, Date.now(), randomBytes);
    await arbiter.lock({ sale, uid, orderId, requestId: uid, seats: [first, first + 1] });
    return orderId;
  };
  const drained = async () => {
    const order = (await groupsOf(redis, stream)).find(({ name }) => name === 'order');
    return order?.lag === 0 && order.pending === 0;
  };
  return {
    sale,
    lock,
    async lockUnheard(count) {
      supervisor.pause(PROCESS);
      const orderIds: string[] = [];
      let left = count;
      const buyer = async () => {
        while (left-- > 0) orderIds.push(await lock());
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, buyer));
      return orderIds;
    },
    async drain() {
      const startedMs = performance.now();
      supervisor.resume(PROCESS);
      while (!(await drained())) await sleep(LOOK_MS);
      return performance.now() - startedMs;
    },
    end: async () => redis.disconnect(),
  };
}

const terms = () => ({
  reservationRequired: false,
  reservationOpensAtMs: Date.now(),
  reservationClosesAtMs: Date.now(),
  opensAtMs: Date.now() - HOUR,
  closesAtMs: Date.now() + HOUR,
  seatsPerBuyerMax: 6,
  lockMs: HOUR,
});
