/**
 * What stands outside, on a development machine: an issuer of tokens, and a payment provider with a
 * page, an HTTP API and books of its own. Does not exist in production mode.
 */
import type { Server } from 'node:http';
import jwt from 'jsonwebtoken';
import type { Context, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import type { Actions } from '../../contracts/actions.ts';
import { ROLES, type Role, UID_PATTERN } from '../../contracts/claims.ts';
import { refuse } from '../../contracts/errors.ts';
import { closeDatabase, databaseHealth } from '../../mixins/database.ts';
import { type Act, eventsOf, findPayment, perform } from './books.ts';
import { closeCounter, openCounter } from './counter.ts';
import { Deliveries } from './deliveries.ts';
import { clearFaults, FAULT_PARAMS, type FaultOrder, listFaults, orderFault } from './faults.ts';

const TOKEN_SECONDS = 12 * 60 * 60;
const PAGE = `${config.publicUrl}/api/v1/sandbox/payments`;
const WEBHOOK = `${config.publicUrl}/api/v1/payments/events`;

interface Vars {
  deliveries: Deliveries;
  counter: Server | undefined;
}
type ParamsOf<Name extends keyof Actions> = Context<Actions[Name]['params']>;

const PAYMENT_ID = { $$strict: true, paymentId: { type: 'string', min: 1, max: 64 } } as const;
const firstOf = <K>(ring: ReadonlyMap<string, K>): [string, K] => ring.entries().next().value!;

/** One of the buttons of the provider's page; answers once the provider has stored it. */
const button = (act: Act) => ({
  params: PAYMENT_ID,
  async handler(this: Vars, ctx: Context<{ paymentId: string }, { $statusCode?: number }>) {
    await perform(ctx.params.paymentId, act);
    this.deliveries.kick();
    ctx.meta.$statusCode = 202;
    return { accepted: true };
  },
});

const schema: ServiceSchema<ServiceSettingSchema, Record<never, never>, Vars> = {
  name: 'sandbox',

  actions: {
    token: {
      params: {
        $$strict: true,
        uid: { type: 'string', pattern: UID_PATTERN },
        role: { type: 'enum', values: [...ROLES], optional: true },
      },
      handler(ctx: Context<{ uid: string; role?: Role }, { $statusCode?: number }>) {
        const { uid, role = 'buyer' } = ctx.params;
        const [kid, key] = firstOf(config.jwtKeys);
        const exp = Math.floor(Date.now() / 1_000) + TOKEN_SECONDS;
        const token = jwt.sign({ role, exp }, key, {
          algorithm: 'HS256',
          keyid: kid,
          subject: uid,
          issuer: config.jwtIssuer,
          audience: config.jwtAudience,
        });
        ctx.meta.$statusCode = 201;
        return { token, uid, role, expiresAt: new Date(exp * 1_000).toISOString() };
      },
    },

    show: {
      params: PAYMENT_ID,
      async handler(ctx: ParamsOf<'sandbox.show'>) {
        const { paymentId } = ctx.params;
        const payment = (await findPayment(paymentId)) ?? refuse('NOT_FOUND');
        const { orderId, amountFen, state, expiresAt } = payment;
        const link = (act: Act) => ({ method: 'POST', href: `${PAGE}/${paymentId}/${act}` });
        return {
          paymentId,
          orderId,
          amountFen,
          currency: 'CNY',
          state,
          expiresAt,
          events: await eventsOf(paymentId),
          links: { start: link('start'), succeed: link('succeed'), fail: link('fail') },
        };
      },
    },

    start: button('start'),
    succeed: button('succeed'),
    fail: button('fail'),

    fault: {
      params: FAULT_PARAMS,
      async handler(ctx: Context<FaultOrder, { $statusCode?: number }>) {
        ctx.meta.$statusCode = 201;
        return { ...(await orderFault(ctx.params)) };
      },
    },
    faults: {
      params: { $$strict: true },
      handler: async () => ({ items: await listFaults() }),
    },
    heal: {
      params: { $$strict: true },
      handler: async () => ({ cleared: await clearFaults() }),
    },

    health: { visibility: 'public', handler: databaseHealth },
  },

  async started() {
    const webhookKey = () => firstOf(config.webhookKeys)[1];
    this.deliveries = new Deliveries(WEBHOOK, webhookKey, this.logger);
    this.deliveries.start();
    const port = config.instance?.httpPort;
    if (port !== undefined)
      this.counter = await openCounter(port, () => config.webhookKeys.values());
  },

  async stopped() {
    if (this.counter) await closeCounter(this.counter);
    await this.deliveries?.stop();
    await closeDatabase();
  },
};

export default schema;
