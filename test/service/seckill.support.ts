/** The rush door with seckill behind it, on a real arbiter, and a small hall to fight for. */
import { createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Redis } from 'ioredis';
import type { Context, ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect } from 'vitest';
import { newId } from '../../contracts/ids.ts';
import { type Keyspace, keyspace } from '../../contracts/keys.ts';
import type { SaleTerms } from '../../contracts/sale.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import { drawnHall } from '../lua/hall.ts';
import { firstOf, type OpenDoor, openDoor } from './gateway.support.ts';

export const HOUR = 3_600_000;
export const DRAFT = 'dddddddddddddddd';
/** Two rows; seats 0–3, a gap, 5–6; a gap; 8–13. */
const HALL = drawnHall(['AAAA AA', 'BBBBBB'], ['Stalls', 'Balcony']);
export const STATES = '0000-00-000000';

export let door: OpenDoor;
export let arbiter: Arbiter;
export let redis: Redis;
export let keys: Keyspace;
let made = 0;

beforeAll(async () => {
  const session: ServiceSchema = {
    name: 'session',
    actions: {
      stage: {
        visibility: 'public',
        handler(ctx: Context<{ id: string }>) {
          if (ctx.params.id === DRAFT) return { stage: 'DRAFT' };
          throw Object.assign(new Error('no'), { code: 404, type: 'NOT_FOUND' });
        },
      },
    },
  };
  door = await openDoor('rush', async () => [
    (await import('../../services/seckill/seckill.service.ts')).default as unknown as ServiceSchema,
    session,
  ]);
  const { createArbiter } = await import('../../lua/arbiter.ts');
  const { redisClient } = await import('../../mixins/redis.ts');
  redis = redisClient(door.config.arbiterUrl, 'consumer');
  keys = keyspace(door.config.namespace, 1);
  arbiter = createArbiter({ redis, keys });
  expect(await door.broker.call('seckill.health')).toMatchObject({ ok: false });
  await arbiter.adopt(0, 1);
});
afterAll(async () => {
  await door.close();
  await arbiter.close();
});

/** Opens a sale of the small hall, as a publish does. */
export async function openSale(over: Partial<SaleTerms> = {}): Promise<string> {
  const now = Date.now();
  const sale = newId(now + made++, () => Buffer.alloc(7, made));
  const terms = {
    reservationRequired: false,
    reservationOpensAtMs: now - HOUR,
    reservationClosesAtMs: now + HOUR,
    opensAtMs: now - HOUR,
    closesAtMs: now + HOUR,
    seatsPerBuyerMax: 4,
    lockMs: 900_000,
    ...over,
  };
  await door.broker.call('seckill.open', { sale, pricesFen: { A: 38_000, B: 18_000 }, terms }, {
    stream: Readable.from([Buffer.from(JSON.stringify(HALL))]),
  } as object);
  return sale;
}

export const path = (sale: string, noun: string) => `/api/v1/sessions/${sale}/${noun}`;
export const permitOf = async (sale: string, uid: string): Promise<string> =>
  (await door.post(path(sale, 'permits'), uid)).json.permit;
export const lockWith = (
  sale: string,
  uid: string,
  permit: string,
  body: object | string,
  key?: string,
) =>
  door.post(path(sale, 'locks'), uid, body, {
    'X-Permit': permit,
    ...(key !== undefined && { 'Idempotency-Key': key }),
  });
export const lock = async (sale: string, uid: string, body: object | string, key?: string) =>
  lockWith(sale, uid, await permitOf(sale, uid), body, key);
export const statesOf = async (sale: string): Promise<string> =>
  (await arbiter.snapshot(sale)).states;

/** A permit as its issuer signs it. */
export function signed(
  sale: string,
  uid: string,
  { opensAtMs = 0, closesAtMs = Date.now() + HOUR } = {},
) {
  const { kid, secret } = firstOf(door.env.PERMIT_KEYS!);
  const text = [kid, uid, sale, opensAtMs, closesAtMs].join('|');
  const mac = createHmac('sha256', secret).update(text).digest('base64url');
  return `${kid}.${opensAtMs}.${closesAtMs}.${mac}`;
}
