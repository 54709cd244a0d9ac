/**
 * The order's life and its money. This file says who may ask and hears the channels; a rule lives
 * in a file of its own: creation, moves, timeout, settling, outbox, and `decisions.ts`, which they
 * all ask.
 */
import { randomBytes } from 'node:crypto';
import type { Context, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { call, type PageQuery } from '../../contracts/actions.ts';
import type { DeadlineDue, ReservationMade, SeatMoved } from '../../contracts/channels.ts';
import { refuse } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { closeDatabase, inTransaction } from '../../mixins/database.ts';
import { deadLetters } from '../../mixins/dead-letters.ts';
import { laneNow } from '../../mixins/lanes.ts';
import { live } from '../../mixins/live-config.ts';
import { redisClient } from '../../mixins/redis.ts';
import { sqlTime, statements } from '../../mixins/statement.ts';
import { adminActions } from './admin-actions.ts';
import {
  type Asked,
  COUNT,
  type Methods,
  ORDER_ID,
  own,
  type ParamsOf,
  type Vars,
} from './asked.ts';
import { batcher } from './batch.ts';
import { abortHold, createOrders } from './creation.ts';
import { deadLetterActions } from './dead-letter-actions.ts';
import type { CloseAnswer } from './decisions.ts';
import { recordReservation } from './incidents.ts';
import { awaitOrder, findOrder } from './lookup.ts';
import { type Locked, lockNamedBy, readDue, readLocked, readReservation } from './messages.ts';
import { moveOrder } from './moves.ts';
import { lockOrder } from './order.model.ts';
import { Punctual } from './punctual.ts';
import { listOrders } from './reading.ts';
import { refunded, refundRefused } from './refunds.ts';
import { Relayer } from './relayer.ts';
import { type Settlement, settle } from './settling.ts';
import { handleDue } from './timeout.ts';
import { upkeep } from './upkeep.ts';

/** How long the provider may take to close: a seat must be free 2 s after its deadline. */
const CLOSE_MS = 1_000;
/** How long the arbiter may take to say whose an orphan is: only a courtesy to the buyer. */
const HOLDER_MS = 500;
const batchLimits = () => ({ max: live().orderBatchMax, waitMs: live().orderBatchMs });

const schema: ServiceSchema<ServiceSettingSchema, Methods, Vars> = {
  name: 'order',

  actions: {
    list: {
      params: {
        $$strict: true,
        limit: { ...COUNT, min: 1, max: 100, optional: true },
        cursor: { type: 'string', max: 200, optional: true },
      },
      async handler(ctx: Asked<PageQuery>) {
        const { limit = 20, cursor } = ctx.params;
        const { uid } = ctx.meta.user ?? refuse('UNAUTHENTICATED');
        return listOrders(uid, limit, cursor);
      },
    },

    get: {
      params: { $$strict: true, orderId: ORDER_ID },
      async handler(ctx: ParamsOf<'order.get'>) {
        const uid = own(ctx);
        const { orderId } = ctx.params;
        const found = await findOrder(orderId, (id) => this.hold(ctx, id));
        return found.uid === uid ? found.view : refuse('NOT_FOUND');
      },
    },

    cancel: {
      params: { $$strict: true, orderId: ORDER_ID },
      async handler(ctx: ParamsOf<'order.cancel'>) {
        const uid = own(ctx);
        const { orderId } = ctx.params;
        const row = await awaitOrder(orderId, live().orderWaitMs);
        if (row.uid !== uid) return refuse('NOT_FOUND');
        const state = await inTransaction(async (transaction) => {
          const sql = statements(transaction);
          const order = await lockOrder(sql, orderId);
          return moveOrder(sql, order!, 'cancel', sqlTime(await sql.nowMs()));
        });
        if (state === undefined) return refuse('ORDER_NOT_CANCELLABLE');
        this.relayer.kick();
        // nobody waits for it: money that still arrives is given back
        void this.closePayment(ctx, orderId);
        return { orderId, state };
      },
    },

    payable: {
      visibility: 'public',
      params: { $$strict: true, orderId: ORDER_ID },
      async handler(ctx: ParamsOf<'order.payable'>) {
        const uid = own(ctx);
        const order = await awaitOrder(ctx.params.orderId, live().orderWaitMs);
        if (order.uid !== uid) return refuse('NOT_FOUND');
        const { orderId, sessionId, state, amountFen, deadline } = order;
        return { orderId, sessionId, state, amountFen, deadlineMs: deadline.getTime() };
      },
    },

    settle: {
      visibility: 'public',
      params: {
        $$strict: true,
        eventId: { type: 'string', min: 1, max: 128 },
        type: {
          type: 'enum',
          values: ['payment.started', 'payment.succeeded', 'payment.failed'],
        },
        paymentId: ORDER_ID,
        orderId: ORDER_ID,
        amountFen: COUNT,
        occurredAt: 'string',
        openedFor: { ...ORDER_ID, optional: true },
      },
      async handler(ctx: Asked<Settlement>) {
        const mint = () => newId(Date.now(), randomBytes);
        const { note, ...answer } = await settle(ctx.params, ctx.requestID ?? '', mint);
        if (note !== undefined) {
          this.broker.metrics.increment('order.moves.refused', { note });
          this.logger.warn('A payment event asks for no move of the table.', {
            note,
            orderId: ctx.params.orderId,
            eventId: ctx.params.eventId,
          });
        }
        if (answer.effect !== 'none') this.relayer.kick();
        return answer;
      },
    },

    refunded: {
      visibility: 'public',
      params: { $$strict: true, refundId: ORDER_ID },
      handler: (ctx: ParamsOf<'order.refunded'>) => refunded(ctx.params.refundId),
    },

    refundRefused: {
      visibility: 'public',
      params: { $$strict: true, refundId: ORDER_ID, refusal: { type: 'string', max: 1_000 } },
      handler: ({ params: { refundId, refusal } }: ParamsOf<'order.refundRefused'>) =>
        refundRefused(refundId, refusal),
    },

    ...adminActions,
    ...deadLetterActions,
    ...upkeep,
  },

  channels: {
    // spread, not mixed in: Moleculer lets a schema's own channels replace those of its mixins
    ...deadLetters.channels,
    'seat.moved': {
      context: true,
      async handler(ctx: Context<SeatMoved>) {
        await this.create(ctx.params);
      },
    },
    'reservation.made': {
      context: true,
      async handler(ctx: Context<ReservationMade>) {
        const { sale, uid, reservedAtMs } = readReservation(ctx.params);
        await recordReservation(sale, uid, sqlTime(reservedAtMs));
      },
    },
    'deadline.due': {
      context: true,
      async handler(ctx: Context<DeadlineDue>) {
        const due = readDue(ctx.params);
        await this.punctual.hear(due.orderId, () => this.due(ctx, due));
      },
    },
  },

  methods: {
    /** Only a lock makes an order: the other moves are the consequence of one, or of a block. */
    async create(this: Vars, moved: SeatMoved) {
      if (moved.type !== 'locked') return;
      let lock: Locked;
      try {
        lock = readLocked(moved);
      } catch (error) {
        await reject(moved);
        this.relayer.kick();
        throw error;
      }
      if ((await this.creations[laneNow()].add(lock)) === 'aborted') this.relayer.kick();
    },

    async due(this: Vars & Methods, ctx: Asked, due: DeadlineDue) {
      const outcome = await handleDue(due, ctx.requestID ?? '', config.payGraceMs, {
        closePayment: (orderId) => this.closePayment(ctx, orderId),
        holder: async (orderId) => {
          const [answer] = await Promise.allSettled([this.hold(ctx, orderId)]);
          if (answer.status === 'rejected' || answer.value === null) return undefined;
          const { uid, seats } = answer.value;
          return { uid, seats: seats.map(({ seat }) => seat) };
        },
      });
      if (outcome.became !== 'waits') this.relayer.kick();
      return outcome;
    },

    async closePayment(ctx: Asked, orderId: string): Promise<CloseAnswer> {
      try {
        const sql = statements();
        const query = 'SELECT paymentId FROM payments WHERE orderId = :orderId LIMIT 1';
        if ((await sql.row(query, { orderId })) === undefined) return 'none';
        const { closed } = await call(ctx, 'payment.close', { orderId }, { timeout: CLOSE_MS });
        return closed ? 'closed' : 'taken';
      } catch (error) {
        this.logger.warn('A payment may still be open at the provider.', {
          orderId,
          reason: (error as Error).message,
        });
        return 'unknown';
      }
    },

    hold: (ctx: Asked, orderId: string) =>
      call(ctx, 'seckill.hold', { orderId }, { timeout: HOLDER_MS }),
  },

  created() {
    this.punctual = new Punctual((error) =>
      this.logger.warn('A deadline waits for its next announcement.', error),
    );
    const creations = () => batcher(batchLimits, createOrders);
    this.creations = { stable: creations(), gray: creations() };
    this.broker.metrics.register({
      type: 'counter',
      name: 'order.moves.refused',
      labelNames: ['note'],
      description: 'events that asked an order for a move its table does not have',
    });
  },

  async started() {
    this.redis = redisClient(config.arbiterUrl, 'hot');
    this.relayer = new Relayer(this.redis, () => live().relayEveryMs, this.logger);
  },

  async stopped() {
    this.punctual.stop();
    await this.relayer?.stop();
    this.redis?.disconnect();
    await closeDatabase();
  },
};

/** A lock nobody can read never becomes an order: its seats go back before it is filed as dead. */
async function reject(moved: SeatMoved): Promise<void> {
  const named = lockNamedBy(moved);
  if (named) await abortHold({ ...named, uid: '', seats: [], reason: 'rejected' }, '');
}

export default schema;
