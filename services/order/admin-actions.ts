/** What the console asks about orders and what they sold, and what it may do to their seats. */
import { randomBytes } from 'node:crypto';
import type { ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { call } from '../../contracts/actions.ts';
import { refuse, wordOf } from '../../contracts/errors.ts';
import { ID_PATTERN, newBlockId } from '../../contracts/ids.ts';
import { orderMachine } from '../../contracts/order.ts';
import { live } from '../../mixins/live-config.ts';
import { given } from '../../mixins/owned-actions.ts';
import { PAGE_PARAMS } from '../../mixins/page.ts';
import { statements } from '../../mixins/statement.ts';
import {
  type Asked,
  COUNT,
  type Methods,
  ORDER_ID,
  operatorOf,
  type ParamsOf,
  requireOperator,
  type Vars,
} from './asked.ts';
import { endBlock, listBlocks, recordBlock, seatBlocks } from './blocks.ts';
import { cancelByHand, holderOf } from './freeing.ts';
import { awaitOrder, findOrder } from './lookup.ts';
import { moneyOf, seatHistory } from './reading.ts';
import { salesOf } from './sales.ts';
import { searchOrders } from './search.ts';

const MINUTE_MS = 60_000;
const STEP_MS_MIN = 1_000;
const STEP_MS_MAX = 86_400_000;
const SEAT_FOR_A_REASON = {
  $$strict: true,
  sessionId: ORDER_ID,
  seat: COUNT,
  reason: { type: 'string', trim: true, min: 1, max: 1_000 },
} as const;

/** @throws UNAUTHENTICATED, NOT_FOUND for a session the asker may not manage */
async function requireManager(ctx: Asked, id: string): Promise<void> {
  const { user, requestId, lane } = ctx.meta;
  if (user === undefined) return refuse('UNAUTHENTICATED');
  // By the broker, not the context: the ETag of a session is none of this answer.
  const meta = { user, ...(requestId && { requestId }), ...(lane && { lane }) };
  await call(ctx.broker, 'session.adminGet', { id }, { meta });
}

export const adminActions: NonNullable<
  ServiceSchema<ServiceSettingSchema, Methods, Vars>['actions']
> = {
  inspect: {
    params: { $$strict: true, orderId: ORDER_ID },
    async handler(ctx: ParamsOf<'order.inspect'>) {
      requireOperator(ctx.meta);
      const { orderId } = ctx.params;
      const { view, uid } = await findOrder(orderId, (id) => this.hold(ctx, id));
      return { ...view, uid, ...(await moneyOf(orderId)) };
    },
  },

  seatHistory: {
    params: { $$strict: true, sessionId: ORDER_ID, seat: COUNT },
    async handler(ctx: ParamsOf<'order.seatHistory'>) {
      requireOperator(ctx.meta);
      const { sessionId, seat } = ctx.params;
      const [history, blocks] = await Promise.all([
        seatHistory(sessionId, seat),
        seatBlocks(sessionId, seat),
      ]);
      return { history, blocks };
    },
  },

  search: {
    params: {
      ...PAGE_PARAMS,
      sessionId: { type: 'string', pattern: ID_PATTERN, optional: true },
      uid: { ...ORDER_ID, optional: true },
      seat: { ...COUNT, optional: true },
      state: { type: 'enum', values: [...orderMachine.states], optional: true },
    },
    handler(ctx: ParamsOf<'order.search'>) {
      requireOperator(ctx.meta);
      return searchOrders(given(ctx.params));
    },
  },

  sales: {
    params: {
      $$strict: true,
      sessionId: ORDER_ID,
      stepMs: { ...COUNT, min: STEP_MS_MIN, max: STEP_MS_MAX, default: MINUTE_MS },
    },
    async handler(ctx: ParamsOf<'order.sales'>) {
      const { sessionId, stepMs = MINUTE_MS } = ctx.params;
      await requireManager(ctx, sessionId);
      return salesOf(sessionId, stepMs);
    },
  },

  blocks: {
    params: { ...PAGE_PARAMS, sessionId: ORDER_ID },
    async handler(ctx: ParamsOf<'order.blocks'>) {
      const { sessionId, limit = 20, cursor } = ctx.params;
      await requireManager(ctx, sessionId);
      return listBlocks(sessionId, limit, cursor);
    },
  },

  blockSeat: {
    params: SEAT_FOR_A_REASON,
    async handler(ctx: ParamsOf<'order.blockSeat'>) {
      const operator = operatorOf(ctx);
      const { sessionId, seat } = ctx.params;
      // By MySQL's clock, which judges its age; and without MySQL no seat is kept back for nothing.
      const blockId = newBlockId(sessionId, await statements().nowMs(), randomBytes);
      await call(ctx, 'seckill.block', { sessionId, seat, blockId });
      try {
        return await recordBlock(blockId, ctx.params, operator);
      } catch (error) {
        // It may be recorded: only the comparison with MySQL knows.
        if (wordOf(error) === 'BUSY') throw error;
        // What cannot be given back now is found by the comparison with MySQL.
        await call(ctx, 'seckill.unblock', { sessionId, blockId }).catch((reason: unknown) =>
          this.logger.warn('A seat is kept back, and nothing is on record.', { blockId, reason }),
        );
        throw error;
      }
    },
  },

  unblockSeat: {
    params: SEAT_FOR_A_REASON,
    async handler(ctx: ParamsOf<'order.unblockSeat'>) {
      const ended = await endBlock(ctx.params, operatorOf(ctx));
      this.relayer.kick();
      return ended;
    },
  },

  freeSeat: {
    params: SEAT_FOR_A_REASON,
    async handler(ctx: ParamsOf<'order.freeSeat'>) {
      const operator = operatorOf(ctx);
      const { sessionId, seat, reason } = ctx.params;
      const inspect = () => call(ctx, 'seckill.inspect', { sessionId, seat });
      const orderId = await holderOf(sessionId, seat, inspect);
      await awaitOrder(orderId, live().orderWaitMs);
      const freed = await cancelByHand(orderId, reason, operator);
      this.relayer.kick();
      // as when its buyer cancels: money that still arrives is given back
      void this.closePayment(ctx, orderId);
      return freed;
    },
  },
};
