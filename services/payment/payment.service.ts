/**
 * The provider outside: opens and closes payments there, hears its signed events, gives money back.
 * What an event means for an order is decided by `order.settle`; this service only asks and tells.
 */
import { randomBytes } from 'node:crypto';
import type { Context, ServiceSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { type Actions, type CallMeta, call } from '../../contracts/actions.ts';
import type { RefundRequested } from '../../contracts/channels.ts';
import { refusal, refuse } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { orderMachine } from '../../contracts/order.ts';
import { closeDatabase, databaseHealth } from '../../mixins/database.ts';
import { closeAll, hear, outside, pollDue } from './asking.ts';
import { readEvent } from './event.ts';
import {
  countPayments,
  findBySlot,
  findPayment,
  insertPayment,
  markOffered,
  openOnes,
  type PaymentRow,
  slotOf,
  viewOf,
} from './payment.model.ts';
import { ProviderRefused } from './provider.ts';

/** Payments of one order. A bound, no promise: requests at once may pass it by a few. */
const PAYMENTS_MAX = 10;
const ORDER_ID = { type: 'string', min: 1, max: 64 } as const;

type ParamsOf<Name extends keyof Actions> = Context<
  Actions[Name]['params'],
  CallMeta & { $statusCode?: number }
>;

/** True in the states that money can still move. */
const isPayable = (state: (typeof orderMachine.states)[number]): boolean =>
  orderMachine.next(state, 'payment.started') !== undefined ||
  orderMachine.next(state, 'payment.succeeded') !== undefined;

const schema: ServiceSchema = {
  name: 'payment',

  actions: {
    open: {
      params: {
        $$strict: true,
        orderId: ORDER_ID,
        idempotencyKey: { type: 'string', min: 1, max: 255, optional: true },
      },
      async handler(ctx: ParamsOf<'payment.open'>) {
        const { orderId, idempotencyKey } = ctx.params;
        const order = await call(ctx, 'order.payable', { orderId });
        const slot = slotOf(idempotencyKey);
        const known =
          (await findBySlot(orderId, slot)) ??
          (idempotencyKey === undefined ? (await openOnes(orderId))[0] : undefined);
        const payable = isPayable(order.state) && Date.now() < order.deadlineMs;
        if (known && (payable || known.offeredAt !== null)) {
          ctx.meta.$statusCode = 200;
          return viewOf(await offer(known));
        }
        if (!payable) return refuse('ORDER_NOT_PAYABLE', { state: order.state });
        if ((await countPayments(orderId)) >= PAYMENTS_MAX)
          return refuse('ORDER_NOT_PAYABLE', { state: order.state, paymentsMax: PAYMENTS_MAX });
        const paymentId = newId(Date.now(), randomBytes);
        const created = await insertPayment({
          paymentId,
          orderId,
          uid: ctx.meta.user!.uid,
          slot,
          amountFen: order.amountFen,
          payUrl: `${config.publicUrl}/api/v1/sandbox/payments/${paymentId}`,
          expiresAt: new Date(order.deadlineMs),
        });
        ctx.meta.$statusCode = created ? 201 : 200;
        return viewOf(await offer((await findBySlot(orderId, slot)) ?? refuse('BUSY')));
      },
    },

    event: {
      params: {
        $$strict: true,
        raw: { type: 'string', max: 65_536 },
        signature: { type: 'string', max: 256, optional: true },
      },
      async handler(ctx: ParamsOf<'payment.event'>) {
        const { raw, signature } = ctx.params;
        const event = readEvent(raw, signature, config.webhookKeys.values(), Date.now());
        const payment = await findPayment(event.paymentId);
        const { effect, state } = await hear(ctx, event, payment);
        const { type, orderId } = event;
        this.logger.info('A payment event is settled.', { type, orderId, effect, state });
        return { received: true };
      },
    },

    close: {
      visibility: 'public',
      params: { $$strict: true, orderId: ORDER_ID },
      async handler(ctx: ParamsOf<'payment.close'>) {
        return { closed: await closeAll(ctx, await openOnes(ctx.params.orderId)) };
      },
    },

    poll: {
      visibility: 'public',
      params: {
        $$strict: true,
        lateMs: { type: 'number', integer: true, min: 0 },
        limit: { type: 'number', integer: true, min: 1, max: 1_000 },
      },
      async handler(ctx: ParamsOf<'payment.poll'>) {
        return { done: await pollDue(ctx, ctx.params.lateMs, ctx.params.limit) };
      },
    },

    health: { visibility: 'public', handler: databaseHealth },
  },

  channels: {
    'refund.requested': {
      context: true,
      // Refunds can wait; more at once would only time out at the provider, and begin again.
      maxInFlight: 8,
      async handler(ctx: Context<RefundRequested>) {
        const { refundId, paymentId, amountFen } = ctx.params;
        try {
          await outside.refund({ refundId, paymentId, amountFen });
        } catch (error) {
          if (!(error instanceof ProviderRefused)) throw error;
          // no repetition helps: the refund says so, and its message is a dead letter
          this.logger.error('The provider will not give money back.', {
            refundId,
            paymentId,
            status: error.status,
          });
          await call(ctx, 'order.refundRefused', { refundId, refusal: error.message });
          throw refusal('NOT_FOUND', { refundId });
        }
        await call(ctx, 'order.refunded', { refundId });
      },
    },
  },

  async stopped() {
    await closeDatabase();
  },
};

/** Creates a payment at the provider unless it confirmed that before. @throws BUSY */
async function offer(row: PaymentRow): Promise<PaymentRow> {
  if (row.offeredAt !== null) return row;
  const { paymentId, orderId, amountFen, expiresAt } = row;
  await outside.create({ paymentId, orderId, amountFen, expiresAt: expiresAt.toISOString() });
  await markOffered(paymentId);
  return row;
}

export default schema;
