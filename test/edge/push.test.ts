/** How soon the edge knows what the arbiter knows: told at once, and told again by every pull. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { Reservations, type Sale, stranger } from './reservations.ts';
import { lineOf, newSession, Stage } from './stage.ts';

let server: PrivateServer;
let stage: Stage;
let sales: Reservations;
/** As rarely as a pull may come: what is seen sooner was told. */
const PULL_MS = 1_000;
beforeAll(async () => {
  server = await privateServer('arbiter');
  stage = await Stage.start({
    env: {
      ARBITER_URL: server.url,
      EDGE_PULL_MS: String(PULL_MS),
      EDGE_KEEP_MS: '10000',
      SHARDS: '2',
    },
  });
  sales = new Reservations(stage);
  await sales.adopt();
});
afterAll(async () => {
  await sales.end();
  await stage.end();
  await server.end();
});

const says = async ({ id }: Sale, word: string | undefined) =>
  vi.waitFor(async () => expect((await stage.lock(id, stage.buyer(id))).json.code).toBe(word), {
    timeout: 10_000,
    interval: 5,
  });
const open = () => sales.open({ reservationRequired: false });
/** The time that turns of a sale's switch take until the edge obeys, one after another. */
async function turnsMs(sale: Sale, turns: number): Promise<number> {
  const startMs = performance.now();
  for (let i = 0; i < turns; i++) {
    const to = i % 2 === 0 ? 'PAUSED' : 'OPEN';
    await sales.arbiter.turn(sale.id, to);
    await says(sale, to === 'PAUSED' ? 'SALE_PAUSED' : undefined);
  }
  return performance.now() - startMs;
}
const TURNS = 6;

describe('what changes in the arbiter', () => {
  it('is in force at the edge long before the next pull, in every shard', async () => {
    const names = Array.from({ length: 64 }, newSession);
    for (const shard of [0, 1]) {
      const id = names.find((name) => sales.keys.shardOf(name) === shard)!;
      const sale = await sales.open({ reservationRequired: false }, id);
      await sales.arbiter.turn(id, 'PAUSED');
      await says(sale, 'SALE_PAUSED');
      await sales.arbiter.turn(id, 'OPEN');
      // Were it the pulls that are seen here, each turn but the first would take a whole one.
      expect(await turnsMs(sale, TURNS)).toBeLessThan(((TURNS - 1) * PULL_MS) / 2);
    }
  });
  it('is the end of a sale, too: from then on Node says who hears what', async () => {
    const sale = await sales.open();
    await sales.loaded(sale);
    await sales.arbiter.turn(sale.id, 'CLOSED');
    await says(sale, 'SALE_CLOSED');
    expect(await sales.passes(sale, stranger())).toBe(true);
  });
  it('is the last word of many: a sale that sells out and opens again ends as it is', async () => {
    const sale = await open();
    const { id } = sale;
    const seats = [0, 1, 2, 3, 4, 5];
    await sales.arbiter.lock({ sale: id, uid: 'b', orderId: 'b', requestId: 'r', seats });
    const lock = (orderId: string) =>
      sales.arbiter.lock({ sale: id, uid: 'a', orderId, requestId: 'r', seats: [6, 7, 8, 9] });
    for (let i = 0; i < 50; i++) {
      await lock(`o${i}`);
      await sales.arbiter.release(id, `o${i}`, 'CANCELLED');
    }
    await lock('last');
    await says(sale, 'SOLD_OUT');
    await sales.arbiter.release(id, 'last', 'CANCELLED');
    await says(sale, undefined);
  });
  it('is seen with the next pull when nobody was told', async () => {
    const sale = newSession();
    const { flags } = sales.keys.ofShard(sales.keys.shardOf(sale));
    await sales.redis.hset(flags, sale, lineOf({ soldOut: 1 }));
    await says({ id: sale, lastMs: 0 }, 'SOLD_OUT');
  });
  it('is read for all when more sales change at once than are read one by one', async () => {
    const shard = sales.keys.ofShard(0);
    const all = await Promise.all(Array.from({ length: 300 }, async () => newSession()));
    const lines = Object.fromEntries(all.map((sale) => [sale, lineOf({ soldOut: 1 })]));
    await sales.redis.hset(shard.flags, lines);
    await Promise.all(all.map((sale) => sales.redis.publish(shard.flags, sale)));
    for (const id of [all[0]!, all.at(-1)!]) await says({ id, lastMs: 0 }, 'SOLD_OUT');
  });
});

describe('an edge that cannot hear', () => {
  it('hears again after its connection was cut', async () => {
    const sale = await open();
    await says(sale, undefined);
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    await admin.client('KILL', 'TYPE', 'pubsub');
    await vi.waitFor(
      async () => {
        const [, listeners] = (await admin.pubsub(
          'NUMSUB',
          sales.keys.ofShard(0).flags,
        )) as unknown[];
        expect(listeners).toBe(1);
      },
      { timeout: 10_000 },
    );
    expect(await turnsMs(sale, TURNS)).toBeLessThan(((TURNS - 1) * PULL_MS) / 2);
    expect(stage.file('error.log')).toContain('the arbiter cannot be heard');
  });
  it('hears again when the arbiter has hung, and when it was away', async () => {
    const sale = await open();
    server.pause();
    await vi.waitFor(
      () => expect(stage.file('error.log')).toMatch(/cannot be heard[^\n]*it is silent/),
      { timeout: 10_000 },
    );
    server.resume();
    await sales.arbiter.turn(sale.id, 'PAUSED');
    await says(sale, 'SALE_PAUSED');
    await server.stop();
    await server.start();
    await vi.waitFor(() => sales.arbiter.turn(sale.id, 'OPEN'), { timeout: 10_000 });
    await says(sale, undefined);
    await turnsMs(sale, 2);
    expect(await turnsMs(sale, TURNS)).toBeLessThan(((TURNS - 1) * PULL_MS) / 2);
  });
  it('leaves in good time when it is asked to', async () => {
    const before = stage.workers();
    await stage.reload();
    const alive = (pid: number) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false; // it is gone
      }
    };
    await vi.waitFor(() => expect(before.filter(alive)).toEqual([]), { timeout: 5_000 });
  });
});
