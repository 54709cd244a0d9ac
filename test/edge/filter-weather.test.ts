/** The filter over who reserved while the arbiter is away, came back, or is being repaired. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PrivateServer, privateServer } from '../support/servers.ts';
import { Reservations, type Sale, stranger } from './reservations.ts';
import { newSession, Stage } from './stage.ts';

const SHARDS = 2;
let server: PrivateServer;
let stage: Stage;
let on: Reservations;
let epoch = 0;
beforeAll(async () => {
  server = await privateServer('arbiter');
  stage = await Stage.start({
    env: { ARBITER_URL: server.url, SHARDS: String(SHARDS), EDGE_KEEP_MS: '4000' },
  });
  on = new Reservations(stage);
});
afterAll(async () => {
  await on.end();
  await stage.end();
  await server.end();
});
beforeEach(() => on.adopt(++epoch));

const freeze = async () => {
  epoch++;
  for (let shard = 0; shard < SHARDS; shard++) await on.arbiter.freeze(shard, epoch);
};
const restart = async () => {
  await server.stop();
  await server.start();
  await vi.waitFor(() => on.arbiter.ping(), { timeout: 15_000 });
};
const expectPasses = async (sale: Sale, passes: boolean) => {
  await on.pulled();
  expect(await on.passes(sale, stranger())).toBe(passes);
  expect(await on.passes(sale, 'ann')).toBe(true);
};
const saleWithAnn = async () => {
  const sale = await on.open();
  await on.reserve(sale, 'ann');
  return sale;
};
const enrol = (sale: Sale, ...uids: string[]) =>
  on.arbiter.enrol(
    sale.id,
    uids.map((uid) => ({ uid, reservedAtMs: sale.lastMs })),
  );

describe('the bits of a filter', () => {
  /** How often bits were read: only the edge reads any while nobody locks a seat. */
  const fetched = async () => {
    const stats = await on.redis.info('commandstats');
    return Number(/^cmdstat_getrange:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  };
  it('are not fetched while buyers reserve; then once, and again when they change', async () => {
    const sale = await on.open({ reservationClosesAtMs: Date.now() + 5_000 });
    await on.redis.config('RESETSTAT');
    for (const uid of ['ann', 'ben']) {
      await on.arbiter.reserve(sale.id, uid);
      await on.pulled();
    }
    expect(await fetched()).toBe(0);
    await on.loaded(sale);
    await on.pulled();
    expect(await fetched()).toBe(1);
    await enrol(sale, 'dan');
    await vi.waitFor(async () => expect(await on.passes(sale, 'dan')).toBe(true), 15_000);
    await on.pulled();
    expect(await fetched()).toBe(2);
  });
  it('are not fetched again and again when they are no good', async () => {
    const sale = await on.open();
    await on.redis.config('RESETSTAT');
    await on.redis.del(on.keys.ofSale(sale.id).bloom);
    await enrol(sale, 'ann');
    // At least fifteen looks. One fetch for each line it had, and one for each sale from before
    // that a slow machine let the edge forget.
    for (let i = 0; i < 5; i++) await on.pulled();
    expect(await fetched()).toBeLessThanOrEqual(8);
    expect(await on.passes(sale, stranger())).toBe(true);
  });
});

describe('each shard', () => {
  it('has its own filters, and is whole or not by itself', async () => {
    const names = Array.from({ length: 64 }, newSession);
    const [first, second] = [0, 1].map((n) => names.find((id) => on.keys.shardOf(id) === n)!);
    for (const id of [first, second]) await on.loaded(await on.open({}, id));
    await on.arbiter.freeze(0, ++epoch);
    const others = names.filter((id) => id !== first && id !== second);
    const inShard = (n: number) => others.find((id) => on.keys.shardOf(id) === n)!;
    const frozen = await on.open({}, inShard(0));
    await on.loaded(await on.open({}, inShard(1)));
    await on.pulled();
    expect(await on.passes(frozen, stranger())).toBe(true);
  });
});

describe('a shard that is being repaired', () => {
  it('keeps the filter that is loaded, and loads none until it is whole', async () => {
    const [loaded, other] = [await saleWithAnn(), await saleWithAnn()];
    await on.loaded(loaded);
    await on.loaded(other);
    await freeze();
    // a round that began before it would still load what comes now
    await on.pulled();
    const late = await saleWithAnn();
    await enrol(loaded, 'ben');
    await on.pulled();
    expect(await on.passes(loaded, 'ben')).toBe(false);
    await expectPasses(loaded, false);
    await expectPasses(other, false);
    await expectPasses(late, true);
    await on.adopt(++epoch);
    await on.loaded(late);
    await vi.waitFor(async () => expect(await on.passes(loaded, 'ben')).toBe(true), 15_000);
  });
  it('that lost everything refuses nobody who is not enrolled yet', async () => {
    const sale = await saleWithAnn();
    await enrol(sale, 'ben');
    await on.loaded(sale);
    await on.redis.flushall();
    await restart();
    await vi.waitFor(async () => expect(await on.passes(sale, stranger())).toBe(true), 15_000);
    await freeze();
    await on.open({ reservationClosesAtMs: sale.lastMs + 1 }, sale.id);
    await expectPasses(sale, true);
    await enrol(sale, 'ann');
    await on.pulled();
    expect(await on.passes(sale, 'ben')).toBe(true);
    await enrol(sale, 'ben');
    await on.adopt(++epoch);
    await on.loaded(sale);
    for (const uid of ['ann', 'ben']) expect(await on.passes(sale, uid)).toBe(true);
  });
});

describe('an arbiter that restarted', () => {
  it('loads no filter until its run is on record', async () => {
    await restart();
    const sale = await saleWithAnn();
    await expectPasses(sale, true);
    await on.adopt(++epoch);
    await on.loaded(sale);
    await expectPasses(sale, false);
  });
});

describe('an arbiter that is away', () => {
  it('leaves what is loaded good for a moment, then Node decides', async () => {
    const sale = await saleWithAnn();
    await on.loaded(sale);
    await server.stop();
    expect(await on.passes(sale, stranger())).toBe(false);
    expect(await on.passes(sale, 'ann')).toBe(true);
    await vi.waitFor(async () => expect(await on.passes(sale, stranger())).toBe(true), 15_000);
    await server.start();
    await on.adopt(++epoch);
    await on.loaded(sale);
  });
  it('does so when it hangs, too', async () => {
    const sale = await saleWithAnn();
    await on.loaded(sale);
    server.pause();
    expect(await on.passes(sale, stranger())).toBe(false);
    await vi.waitFor(async () => expect(await on.passes(sale, stranger())).toBe(true), 15_000);
    server.resume();
    await on.loaded(sale);
    expect(await on.passes(sale, 'ann')).toBe(true);
  });
});
