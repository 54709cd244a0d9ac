/**
 * The sale, live: reservations, permits, locks, and what a hall looks like now. It knows no more
 * than the arbiter knows: neither MySQL nor the cache, so that a rush needs neither.
 *
 * Always true: it is `lua/sale` that decides about seats; here it is only decided who may ask.
 */
import { randomBytes } from 'node:crypto';
import type { Context, Service, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import type { Actions, CallMeta } from '../../contracts/actions.ts';
import type { Principal } from '../../contracts/claims.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN, newOrderId, readBlockId, readOrderId } from '../../contracts/ids.ts';
import { keyspace } from '../../contracts/keys.ts';
import type { HoldAnswer } from '../../contracts/sale-view.ts';
import { type Arbiter, createArbiter, type Hold } from '../../lua/arbiter.ts';
import { isOffset } from '../../lua/questions.ts';
import { channelLag } from '../../mixins/channels/lag.ts';
import { redisClient } from '../../mixins/redis.ts';
import { packStates } from './bits.ts';
import { CHOICE_RULES, choiceOf } from './choice.ts';
import { layoutIn } from './open.ts';
import { readPermit, signPermit } from './permit.ts';
import { isTooFarBehind, type OrderLag, watchOrderLag } from './pressure.ts';
import {
  arbiterHealth,
  refuseIfFrozen,
  type SaleReaders,
  saleReaders,
  unlessFrozen,
} from './readers.ts';

type Meta = CallMeta & { $statusCode?: number };
type Asked<Name extends keyof Actions> = Context<Actions[Name]['params'], Meta>;

interface Vars extends SaleReaders {
  arbiter: Arbiter;
  /** The same arbiter, for what may take long: a hall of 100,000 seats is megabytes. */
  patient: Arbiter;
  orderLag: OrderLag;
}
type Seckill = Service<ServiceSettingSchema> & Vars;

const keys = keyspace(config.namespace, config.shards);
const isoOf = (ms: number): string => new Date(ms).toISOString();

/** A path can name anything; only an id of ours names a session. */
function sessionOf({ sessionId }: { sessionId: string }): string {
  return ID_PATTERN.test(sessionId) ? sessionId : refuse('NOT_FOUND');
}
const buyerOf = (ctx: Context<unknown, Meta>): Principal =>
  ctx.meta.user ?? refuse('UNAUTHENTICATED');

const holdOf = ({ orderId, uid, seats, amountFen, deadlineMs, state }: Hold): HoldAnswer => ({
  orderId,
  uid,
  seats,
  amountFen,
  deadlineMs,
  state,
});

/** With no sale can less be too much: the shortest lock lives 5 s. */
const LAG_NEVER_TOO_FAR_MS = 2_500;

async function refuseIfBehind({ orderLag, views }: Vars, sale: string): Promise<void> {
  const { terms } = await views.get(sale);
  if (isTooFarBehind(orderLag.lagMs, terms.lockMs)) refuse('BUSY');
}

const [orderIdKey] = config.orderIdKeys.values();
if (!orderIdKey) throw new Error('seckill: no key marks orderIds; set ORDER_ID_KEYS');

const SWITCH = { type: 'enum', values: ['OPEN', 'PAUSED', 'CLOSED'] } as const;
const SESSION = { $$strict: true, sessionId: 'string' } as const;
/** For other services only: the gateway refuses to reach an action that is not published. */
const INSIDE = { visibility: 'public' } as const;

const seckill: ServiceSchema<ServiceSettingSchema, object, Vars, Seckill> = {
  name: 'seckill',

  actions: {
    lock: {
      params: {
        ...SESSION,
        ...CHOICE_RULES,
        permit: { type: 'string', optional: true },
        idempotencyKey: {
          type: 'string',
          optional: true,
          min: 1,
          max: 255,
          pattern: /^[\x20-\x7e]*$/,
        },
      },
      bulkhead: {
        enabled: true,
        concurrency: config.lockConcurrency,
        // Moleculer takes 0 for a queue without end.
        maxQueueSize: Math.max(1, config.lockQueueMax),
      },
      async handler(ctx: Asked<'seckill.lock'>) {
        const { uid } = buyerOf(ctx);
        const sale = sessionOf(ctx.params);
        const { permit = '', idempotencyKey } = ctx.params;
        const claims = readPermit(permit, uid, sale, config.permitKeys);
        // A repeated request gets its first answer also when its permit has run out since; any
        // other comes too late for the sale as well, and the arbiter says so.
        const late = claims && Date.now() >= claims.expiresAtMs && !idempotencyKey;
        if (!claims || late) refuse('PERMIT_INVALID');
        const choice = choiceOf(ctx.params);
        if (this.orderLag.lagMs > LAG_NEVER_TOO_FAR_MS) await refuseIfBehind(this, sale);
        const orderId = newOrderId(sale, uid, orderIdKey, Date.now(), randomBytes);
        const { requestId = '', lane } = ctx.meta;
        const asked = { sale, uid, orderId, requestId, lane, idempotencyKey, ...choice };
        const { replayed, deadlineMs, ...locked } = await this.arbiter.lock(asked);
        ctx.meta.$statusCode = replayed ? 200 : 201;
        return {
          orderId: locked.orderId,
          sessionId: sale,
          seats: locked.seats,
          amountFen: locked.amountFen,
          currency: 'CNY',
          deadline: isoOf(deadlineMs),
          version: locked.version,
          adjacent: locked.adjacent,
        };
      },
    },

    permit: {
      params: SESSION,
      async handler(ctx: Asked<'seckill.permit'>) {
        const { uid } = buyerOf(ctx);
        const sessionId = sessionOf(ctx.params);
        const { terms, state } = await this.views.get(sessionId);
        if (state === 'CLOSED') refuse('SALE_CLOSED');
        if (terms.reservationRequired && !(await this.arbiter.isReserved(sessionId, uid))) {
          // A pool that is being restored does not know yet who is in it.
          await refuseIfFrozen(this.arbiter, keys, sessionId);
          refuse('NOT_RESERVED');
        }
        const { opensAtMs: notBeforeMs, closesAtMs: expiresAtMs } = terms;
        const claims = { uid, sessionId, notBeforeMs, expiresAtMs };
        ctx.meta.$statusCode = 201;
        return {
          permit: signPermit(claims, config.permitKeys),
          notBefore: isoOf(notBeforeMs),
          expiresAt: isoOf(expiresAtMs),
        };
      },
    },

    reserve: {
      params: SESSION,
      async handler(ctx: Asked<'seckill.reserve'>) {
        const { uid } = buyerOf(ctx);
        const sessionId = sessionOf(ctx.params);
        const reserved = this.arbiter.reserve(sessionId, uid, undefined, ctx.meta);
        const answer = await unlessFrozen(this.arbiter, keys, sessionId, reserved);
        const { reservedAtMs, created } = answer;
        ctx.meta.$statusCode = created ? 201 : 200;
        return { sessionId, uid, reservedAt: isoOf(reservedAtMs) };
      },
    },

    sale: {
      params: SESSION,
      handler(ctx: Asked<'seckill.sale'>) {
        return this.answers.get(sessionOf(ctx.params));
      },
    },

    seats: {
      params: { ...SESSION, form: { type: 'enum', values: ['bits'], optional: true } },
      async handler(ctx: Asked<'seckill.seats'>) {
        const hall = await this.halls.get(sessionOf(ctx.params));
        const { epoch, version, states } = hall;
        if (ctx.params.form !== 'bits') return { epoch, version, states };
        hall.bits ??= packStates(states);
        return { epoch, version, length: states.length, bits: hall.bits };
      },
    },

    open: {
      ...INSIDE,
      params: {
        $$strict: true,
        sale: 'string',
        pricesFen: 'object',
        terms: 'object',
        to: { ...SWITCH, optional: true },
      },
      async handler(ctx: Asked<'seckill.open'>) {
        const { sale, pricesFen, terms, to } = ctx.params;
        const layout = await layoutIn(ctx.stream);
        const { created } = await this.patient.open(sale, layout, pricesFen, terms, to);
        this.forgetSale(sale);
        return { created };
      },
    },

    turn: {
      ...INSIDE,
      params: {
        $$strict: true,
        sale: 'string',
        to: SWITCH,
      },
      async handler(ctx: Asked<'seckill.turn'>) {
        const { sale, to } = ctx.params;
        const turned = this.arbiter.turn(sale, to);
        const { state } = await unlessFrozen(this.arbiter, keys, sale, turned);
        this.forgetSale(sale);
        return { state };
      },
    },

    hold: {
      ...INSIDE,
      params: { $$strict: true, orderId: 'string' },
      async handler(ctx: Asked<'seckill.hold'>) {
        const { orderId } = ctx.params;
        const read = readOrderId(orderId);
        const hold = read && (await this.arbiter.hold(read.sessionId, orderId));
        return hold ? holdOf(hold) : null;
      },
    },

    inspect: {
      ...INSIDE,
      params: { ...SESSION, seat: 'number' },
      async handler(ctx: Asked<'seckill.inspect'>) {
        const view = await this.arbiter.seat(sessionOf(ctx.params), ctx.params.seat);
        const { deadlineMs, ...seat } = view;
        const waits = seat.state === 'LOCKED' && deadlineMs !== undefined;
        return { ...seat, ...(waits && { deadline: isoOf(deadlineMs) }) };
      },
    },

    block: {
      ...INSIDE,
      params: { $$strict: true, sessionId: 'string', seat: 'number', blockId: 'string' },
      async handler(ctx: Asked<'seckill.block'>) {
        const { seat, blockId } = ctx.params;
        const sale = sessionOf(ctx.params);
        if (!isOffset(seat)) refuse('SEAT_UNKNOWN', { seats: [seat] });
        // What is being restored has owners that the arbiter does not know of yet.
        await refuseIfFrozen(this.arbiter, keys, sale);
        const block = { orderId: blockId, uid: '', seats: [seat], deadlineMs: 0 };
        const [result] = await this.arbiter.restore(sale, [{ ...block, state: 'BLOCKED' }]);
        const { unknown, takenBy } = result!;
        if (unknown) refuse('SEAT_UNKNOWN', { seats: [seat] });
        if (takenBy !== undefined) refuse(readBlockId(takenBy) ? 'SEAT_BLOCKED' : 'SEAT_NOT_FREE');
        return { blockId };
      },
    },

    unblock: {
      ...INSIDE,
      params: { $$strict: true, sessionId: 'string', blockId: 'string' },
      handler(ctx: Asked<'seckill.unblock'>) {
        return this.arbiter.release(sessionOf(ctx.params), ctx.params.blockId, 'UNBLOCKED');
      },
    },

    late: {
      ...INSIDE,
      params: { $$strict: true, lateMs: 'number', limit: 'number' },
      async handler(ctx: Asked<'seckill.late'>) {
        const { lateMs, limit } = ctx.params;
        const found: HoldAnswer[] = [];
        for (const sale of await this.arbiter.sales()) {
          if (found.length >= limit) break;
          const holds = await this.arbiter.late(sale, lateMs, limit - found.length);
          found.push(...holds.map(holdOf));
        }
        return found;
      },
    },

    health: {
      ...INSIDE,
      params: { $$strict: true },
      handler() {
        return arbiterHealth(this.arbiter, config.shards);
      },
    },
  },

  channels: {
    'order.paid': {
      async handler(ctx) {
        await this.arbiter.sell(ctx.params.sale, ctx.params.orderId);
      },
    },
    'order.cancelled': {
      async handler(ctx) {
        const { sale, orderId, reason } = ctx.params;
        await this.arbiter.release(sale, orderId, reason);
      },
    },
  },

  created() {
    const redis = redisClient(config.arbiterUrl, 'hot', (error) =>
      this.logger.warn('The arbiter cannot be reached.', error),
    );
    this.arbiter = createArbiter({ redis, keys });
    this.patient = createArbiter({ redis: redisClient(config.arbiterUrl, 'patient'), keys });
    Object.assign(this, saleReaders(this.arbiter, keys, this.broker));
    this.orderLag = watchOrderLag(
      () => channelLag(redis, keys, 'seat.moved', 'order'),
      (error) => this.logger.debug('The lag of orders is not known.', error as Error),
    );
  },

  async stopped() {
    this.orderLag.stop();
    await Promise.all([this.arbiter.close(), this.patient.close()]);
  },
};

export default seckill;
