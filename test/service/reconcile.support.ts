/**
 * An arbiter of its own to be emptied and killed, the catalogue's side of its sales, and what is
 * done to a sale before something is lost.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Context, ServiceSchema } from 'moleculer';
import type { Caller } from '../../contracts/actions.ts';
import { wordOf } from '../../contracts/errors.ts';
import type { SaleSwitch, SaleTerms } from '../../contracts/sale.ts';
import { drawnHall } from '../lua/hall.ts';
import { privateServer } from '../support/servers.ts';

export const server = await privateServer('arbiter');
process.env.PRIVATE_ARBITER_URL = server.url;
const { config, freshSale, keys, redis, statements } = await import('./order.support.ts');
const { createArbiter } = await import('../../lua/arbiter.ts');
const { newOrderId } = await import('../../contracts/ids.ts');

const HALL = drawnHall(['AAAAAAAAAAAA']);
export const arbiter = createArbiter({ redis, keys });
const key = config.orderIdKeys.values().next().value!;

/** The catalogue's side of a sale: what was published, and how its organiser turned it last. */
const published = new Map<string, { terms: SaleTerms; to: SaleSwitch }>();
export const broken = new Set<string>();
export const session: ServiceSchema = {
  name: 'session',
  actions: {
    onSale: () => [...published.keys()].map((id) => ({ id })),
    reopen(ctx: Context<{ id: string }>) {
      if (broken.has(ctx.params.id)) throw new Error('its layout is gone');
      const { terms } = published.get(ctx.params.id)!;
      const params = { sale: ctx.params.id, pricesFen: { A: 100 }, terms, to: 'PAUSED' };
      const stream = Readable.from([Buffer.from(JSON.stringify(HALL))]);
      return ctx.call('seckill.open', params, { stream } as object);
    },
    restate: (ctx: Context<{ id: string }>) =>
      ctx.call('seckill.turn', { sale: ctx.params.id, to: published.get(ctx.params.id)!.to }),
  },
};

/** An orderId as seckill would mint it now. */
export const mint = (sale: string, uid: string): string =>
  newOrderId(sale, uid, key, Date.now(), randomBytes);

export const marks = async (sale: string): Promise<string> => (await arbiter.snapshot(sale)).states;

export async function openSale(to: SaleSwitch = 'OPEN'): Promise<string> {
  const sale = freshSale();
  const nowMs = Date.now();
  const terms = {
    reservationRequired: true,
    reservationOpensAtMs: nowMs - 1_000,
    reservationClosesAtMs: nowMs + 600_000,
    opensAtMs: nowMs - 1_000,
    closesAtMs: nowMs + 600_000,
    seatsPerBuyerMax: 4,
    lockMs: 600_000,
  };
  await arbiter.open(sale, HALL, { A: 100 }, terms, to);
  published.set(sale, { terms, to });
  return sale;
}
export async function lock(sale: string, uid: string, seats: number[]): Promise<string> {
  const orderId = mint(sale, uid);
  await arbiter.lock({ sale, uid, orderId, seats, requestId: 'r1' });
  return orderId;
}
/** Everything the arbiter has, gone, while the same Redis runs on. */
export const loseAll = () => redis.flushall();
/** Everything after this is lost: what a Redis that comes back older looks like. */
export async function remember(sale: string): Promise<() => Promise<void>> {
  const names = Object.values(keys.ofSale(sale));
  const dumps = await Promise.all(names.map((name) => redis.dumpBuffer(name)));
  return async () => {
    for (const [i, name] of names.entries()) {
      const dump = dumps[i];
      if (dump) await redis.restore(name, 0, dump as Buffer, 'REPLACE');
      else await redis.del(name);
    }
  };
}
/** Calls as the scheduler makes them, with something that happens just before one of them. */
export const interrupted = (
  broker: Caller,
  name: string,
  happens: () => Promise<unknown>,
): Caller => ({
  call: async (asked, params, options) => {
    if (asked === name) await happens();
    return broker.call(asked, params as object, options) as Promise<never>;
  },
});
/** Ends an order as if every message about it had been lost. */
export async function move(orderId: string, state: string): Promise<void> {
  await statements().change(
    'UPDATE orders SET state = :state, updatedAt = UTC_TIMESTAMP(3) WHERE orderId = :orderId',
    { orderId, state },
  );
}
/** After a restart the client of another service may still be on its way back. */
export const unlessWeather = (error: unknown) => {
  if (!['ARBITER_AWAY', 'BUSY'].includes(wordOf(error) ?? '')) throw error;
  return [];
};
