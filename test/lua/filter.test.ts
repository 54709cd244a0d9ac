/** What the arbiter keeps for the edge: the filter over who reserved, and word of what changed. */
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SaleKeyName } from '../../contracts/keys.ts';
import { createArbiter } from '../../lua/arbiter.ts';
import { servers } from '../support/servers.ts';
import { drawnHall } from './hall.ts';
import { pricesOf, SALE, type Stage, stage, termsAt } from './stage.ts';

const HALL = drawnHall(['AA']);
let on: Stage;
afterEach(() => on.end());

const required = { reservationRequired: true };
const line = () => on.redis.hget(on.keys.ofShard(0).filters, SALE);
const bloom = () => on.keys.ofSale(SALE).bloom;
const sizes = async () =>
  (await on.redis.hmget(on.keys.ofSale(SALE).meta, 'bloomBits', 'bloomHashes')).join(' ');
const lineAt = async (reservations: number) => `${reservations} ${await sizes()} ${bloom()}`;
const isSealed = async () => {
  const bits = Number((await sizes()).split(' ')[0]);
  const length = await on.redis.strlen(bloom());
  return length === bits / 8 + 1 && (await on.redis.getbit(bloom(), bits)) === 1;
};
const lose = (...parts: SaleKeyName[]) =>
  on.redis.del(...parts.map((part) => on.keys.ofSale(SALE)[part]));
const reopen = () =>
  on.arbiter.open(SALE, HALL, pricesOf(HALL), { ...termsAt(Date.now()), ...required });
const buyers = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ uid: `u${i}`, reservedAtMs: i }));

describe('the line of a filter', () => {
  it('says how many reserved, and changes with each new reservation only', async () => {
    on = await stage(HALL, required);
    expect(await line()).toBe(await lineAt(0));
    await on.arbiter.reserve(SALE, 'ann');
    await on.arbiter.reserve(SALE, 'ann');
    expect(await line()).toBe(await lineAt(1));
    expect(await on.arbiter.enrol(SALE, buyers(300))).toEqual({ added: 300 });
    expect(await line()).toBe(await lineAt(301));
    await on.arbiter.enrol(SALE, buyers(300));
    expect(await line()).toBe(await lineAt(301));
  });
  it('is not there for a sale that needs no reservation', async () => {
    on = await stage(HALL);
    await on.arbiter.reserve(SALE, 'ann');
    await on.arbiter.enrol(SALE, buyers(3));
    expect(await line()).toBeNull();
  });
});

describe('the seal of a filter', () => {
  it('is behind its bits from the first moment, and stays', async () => {
    on = await stage(HALL, required);
    expect(await isSealed()).toBe(true);
    expect(await on.redis.bitcount(bloom())).toBe(1);
    await on.arbiter.reserve(SALE, 'ann');
    await on.arbiter.enrol(SALE, buyers(10));
    expect(await isSealed()).toBe(true);
  });
  it('is gone with bits that were lost, whoever reserves afterwards', async () => {
    on = await stage(HALL, required);
    await on.arbiter.reserve(SALE, 'ann');
    await lose('bloom');
    await on.arbiter.reserve(SALE, 'ben');
    expect(await isSealed()).toBe(false);
    await lose('meta');
    await reopen();
    expect(await isSealed()).toBe(false);
  });
  it('is there again when all was lost, and those who reserved are enrolled', async () => {
    on = await stage(HALL, required);
    await on.arbiter.enrol(SALE, buyers(10));
    const before = await on.redis.getBuffer(bloom());
    await on.redis.del(...Object.values(on.keys.ofSale(SALE)), on.keys.ofShard(0).filters);
    await reopen();
    expect(await line()).toBe(await lineAt(0));
    await on.arbiter.enrol(SALE, buyers(10));
    expect(await line()).toBe(await lineAt(10));
    expect(await on.redis.getBuffer(bloom())).toEqual(before);
  });
});

describe('a sale that lost its terms', () => {
  it('opens again with the reservations it still has', async () => {
    on = await stage(HALL, required);
    await on.arbiter.enrol(SALE, buyers(10));
    await lose('meta');
    await reopen();
    expect(await on.arbiter.count(SALE)).toMatchObject({ reservations: 10 });
    expect(await line()).toBe(await lineAt(10));
    expect(await isSealed()).toBe(true);
  });
});

describe('whoever listens', () => {
  async function heard() {
    const ears = new Redis(servers().arbiterUrl);
    onTestFinished(() => ears.disconnect());
    const sales: string[] = [];
    ears.on('message', (_, sale) => sales.push(sale));
    await ears.subscribe(on.keys.ofShard(0).flags);
    return sales;
  }
  const expectHeard = (sales: string[], times: number) =>
    vi.waitFor(() => expect(sales).toEqual(Array(times).fill(SALE)), { timeout: 5_000 });

  it('hears of a sale when its switch is turned, it sells out, and a seat comes back', async () => {
    on = await stage(HALL);
    const sales = await heard();
    await on.arbiter.turn(SALE, 'PAUSED');
    await expectHeard(sales, 1);
    await on.arbiter.turn(SALE, 'OPEN');
    await expectHeard(sales, 2);
    const { orderId } = await on.lock('ann', { seats: [0, 1] });
    await expectHeard(sales, 3);
    await on.arbiter.release(SALE, orderId, 'CANCELLED');
    await expectHeard(sales, 4);
  });
  it('hears of it when it is opened', async () => {
    on = await stage(HALL);
    await lose('seats');
    const sales = await heard();
    await reopen();
    await expectHeard(sales, 1);
  });
  it('is a favour: a user of Redis who may tell nobody still turns a sale', async () => {
    on = await stage(HALL);
    const { url, end } = await mute();
    onTestFinished(end);
    const redis = new Redis(url);
    onTestFinished(() => redis.disconnect());
    const quiet = createArbiter({ redis, keys: on.keys });
    expect(await quiet.turn(SALE, 'PAUSED')).toMatchObject({ switch: 'PAUSED' });
  });

  /** A user of the same Redis who may do anything but publish. */
  async function mute() {
    const name = `mute-${on.keys.ofShard(0).flags.split(':')[0]}`;
    await on.redis.call('ACL', 'SETUSER', name, 'on', '>mute', '~*', '+@all', 'resetchannels');
    const url = new URL(servers().arbiterUrl);
    url.username = name;
    url.password = 'mute';
    const admin = new Redis(servers().arbiterUrl);
    const end = async () => {
      await admin.call('ACL', 'DELUSER', name);
      admin.disconnect();
    };
    return { url: url.href, end };
  }
});
