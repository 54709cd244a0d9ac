/**
 * Paying at the sandbox provider, over HTTP in both directions: opening, its signed events and
 * every forgery of one, closing, refunding, and a provider that is away or starts again.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { isSigned, sign } from '../../contracts/signature.ts';
import {
  door,
  endBoth,
  locked,
  nodes,
  open,
  pathTo,
  startBoth,
  startProvider,
} from './payment.support.ts';

const support = await import('./order.support.ts');
const { config, eventOf, rowsOf, soon, stateOf, statements, wordFrom } = support;
const { channelLag } = await import('../../mixins/channels/lag.ts');
const [webhookKey] = config.webhookKeys.values();

beforeAll(startBoth);
afterEach(() => {
  door.answer = 0;
});
afterAll(endBoth);

test('opens a payment, tells where to pay, and changes no state by it', async () => {
  const lock = await locked('ann');
  const view = await open(lock, 'k1');
  expect(view).toMatchObject({
    status: 201,
    state: 'OPEN',
    amountFen: 10_000,
    currency: 'CNY',
    payUrl: `${config.publicUrl}/api/v1/sandbox/payments/${view.paymentId}`,
    expiresAt: new Date(lock.deadlineMs).toISOString(),
  });
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  const page = await nodes.provider.ask('sandbox.show', { paymentId: view.paymentId });
  expect(page).toMatchObject({ orderId: lock.orderId, amountFen: 10_000, state: 'OPEN' });
  const { payment: shown } = await nodes.payments.ask(
    'order.get',
    { orderId: lock.orderId },
    'ann',
  );
  expect(shown?.paymentId).toBe(view.paymentId);
});

test('answers the same payment to the same key, and one to many requests at once', async () => {
  const lock = await locked('bob');
  const first = await open(lock, 'k1');
  expect(await open(lock, 'k1')).toEqual({ ...first, status: 200 });
  expect((await open(lock)).paymentId).toBe(first.paymentId);
  expect((await open(lock, 'k2')).paymentId).not.toBe(first.paymentId);
  const other = await locked('bob');
  const views = await Promise.all(Array.from({ length: 10 }, () => open(other)));
  expect(new Set(views.map(({ paymentId }) => paymentId)).size).toBe(1);
  expect(views.filter(({ status }) => status === 201)).toHaveLength(1);
});

test('opens nothing for a stranger, for an order that ended, or with a key too long', async () => {
  const lock = await locked('cat');
  const asking = nodes.payments.ask('payment.open', { orderId: lock.orderId }, 'mallory');
  expect(await wordFrom(asking)).toBe('NOT_FOUND');
  expect(await wordFrom(open(lock, 'k'.repeat(256)))).toBe('VALIDATION_ERROR');
  await nodes.payments.ask('order.cancel', { orderId: lock.orderId }, 'cat');
  expect(await wordFrom(open(lock))).toBe('ORDER_NOT_PAYABLE');
  expect(await rowsOf('payments', lock.orderId)).toEqual([]);
});

test('pays an order: the provider tells over HTTP what was done at its page', async () => {
  const lock = await locked('dan');
  const { paymentId } = await open(lock);
  await nodes.provider.ask('sandbox.start', { paymentId });
  await pathTo(lock.orderId, 'PAYING');
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await pathTo(lock.orderId, 'PAID');
  await soon(async () => (await rowsOf('payments', lock.orderId)).at(-1)?.state).toBe('SUCCEEDED');
  const before = door.bodies.length;
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await soon(() => door.bodies.length).toBe(before + 1);
  expect(door.bodies.at(-1)).toBe(door.bodies.at(-2)); // the same event, byte for byte
  expect(await rowsOf('payment_events', lock.orderId)).toHaveLength(2);
});

test('needs no start; a payment that failed may be followed by another', async () => {
  const lock = await locked('eve');
  const first = await open(lock);
  await nodes.provider.ask('sandbox.fail', { paymentId: first.paymentId });
  await soon(async () => (await rowsOf('payments', lock.orderId)).at(-1)?.state).toBe('FAILED');
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  const second = await open(lock);
  expect(second).toMatchObject({ status: 201 });
  await nodes.provider.ask('sandbox.succeed', { paymentId: second.paymentId });
  await pathTo(lock.orderId, 'PAID');
});

const told = (body: string, header = sign(body, webhookKey!, Date.now())) =>
  wordFrom(nodes.payments.ask('payment.event', { raw: body, signature: header }));

test('believes nobody without a fresh signature over the very bytes by a known key', async () => {
  const lock = await locked('fay');
  const body = JSON.stringify(eventOf(lock));
  const forger = createSecretKey(Buffer.from('x'.repeat(32)));
  const SECONDS = 1_000;
  expect(await told(body, sign(body, forger, Date.now()))).toBe('SIGNATURE_INVALID');
  expect(await told(body, sign(body, webhookKey!, Date.now() - 302 * SECONDS))).toBe(
    'SIGNATURE_INVALID',
  );
  expect(await told(body, sign(body, webhookKey!, Date.now() + 302 * SECONDS))).toBe(
    'SIGNATURE_INVALID',
  );
  expect(await told(`${body} `, sign(body, webhookKey!, Date.now()))).toBe('SIGNATURE_INVALID');
  expect(await told(body, 't=1,v1=zz')).toBe('SIGNATURE_INVALID');
  expect(await wordFrom(nodes.payments.ask('payment.event', { raw: body }))).toBe(
    'SIGNATURE_INVALID',
  );
  expect(await rowsOf('payment_events', lock.orderId)).toEqual([]);
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  expect(await told(body, sign(body, webhookKey!, Date.now() - 290 * SECONDS))).toBe('accepted');
  expect(await stateOf(lock.orderId)).toBe('PAID');
});

test('refuses a signed body that is no event, naming every fault', async () => {
  const lock = await locked('gil');
  const event = eventOf(lock);
  expect(await told('{"eventId":')).toBe('BODY_MALFORMED');
  for (const wrong of [
    { ...event, currency: 'CNY' },
    { ...event, amountFen: '10000' },
    { ...event, amountFen: -1 },
    { ...event, amountFen: 0.5 },
    { ...event, type: 'payment.refunded' },
    { ...event, occurredAt: 'yesterday' },
    { ...event, eventId: undefined },
    [event],
    null,
  ])
    expect(await told(JSON.stringify(wrong))).toBe('VALIDATION_ERROR');
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
});

test('gives late money back at the provider, exactly once, and says so on the order', async () => {
  const lock = await locked('hal');
  const { paymentId } = await open(lock);
  await nodes.payments.ask('order.cancel', { orderId: lock.orderId }, 'hal');
  await soon(async () => (await nodes.provider.ask('sandbox.show', { paymentId })).state).toBe(
    'CLOSED',
  );
  await nodes.provider.ask('sandbox.succeed', { paymentId }); // the provider that lost the close
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  const refund = async () =>
    (await nodes.payments.ask('order.get', { orderId: lock.orderId }, 'hal')).refund;
  await soon(async () => (await refund())?.state, { timeout: 5_000 }).toBe('REFUNDED');
  expect(await refund()).toMatchObject({ amountFen: 10_000 });
  const given = () =>
    statements().rows('SELECT refundId FROM sandbox_refunds WHERE paymentId = :paymentId', {
      paymentId,
    });
  expect(await given()).toHaveLength(1);
  const [row] = await rowsOf('refunds', lock.orderId);
  await support.post('refund.requested', {
    sale: lock.sale,
    orderId: lock.orderId,
    refundId: row!.refundId as string,
    paymentId,
    amountFen: 10_000,
  });
  const refundsLeft = () => channelLag(support.redis, support.keys, 'refund.requested', 'payment');
  await soon(async () => (await refundsLeft()).entries).toBe(0);
  expect(await given()).toHaveLength(1);
  const died = await support.redis.xlen(support.keys.stream('message.died', 0));
  expect(died).toBe(0);
  expect(await stateOf(lock.orderId)).toBe('CANCELLED');
});

test('closes what is open, and says when the provider has the money already', async () => {
  const lock = await locked('ida');
  const { paymentId } = await open(lock);
  const close = () => nodes.payments.ask('payment.close', { orderId: lock.orderId });
  door.answer = 503; // its event is on its way for a while
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  expect(await close()).toEqual({ closed: false });
  expect(await stateOf(lock.orderId)).toBe('PAID');
  door.answer = 0;
  await soon(() => rowsOf('payment_events', lock.orderId)).toHaveLength(2);
  expect(await rowsOf('refunds', lock.orderId)).toEqual([]);
});

test('keeps delivering across a restart of the provider, until it is heard', async () => {
  const lock = await locked('jon');
  const { paymentId } = await open(lock);
  door.answer = 500;
  const before = door.bodies.length;
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await soon(() => door.bodies.length).toBeGreaterThan(before + 1);
  await nodes.provider.broker.stop();
  expect(await stateOf(lock.orderId)).toBe('LOCKED');
  door.answer = 0;
  nodes.provider = await startProvider();
  await soon(() => stateOf(lock.orderId), { timeout: 8_000 }).toBe('PAID');
});

test('opens nothing while the provider is away, and the same payment when it is back', async () => {
  const lock = await locked('kim');
  await nodes.provider.broker.stop();
  expect(await wordFrom(open(lock, 'k1'))).toBe('BUSY');
  const [kept] = await rowsOf('payments', lock.orderId);
  nodes.provider = await startProvider();
  expect((await open(lock, 'k1')).paymentId).toBe(kept!.paymentId);
  expect(
    await nodes.provider.ask('sandbox.show', { paymentId: kept!.paymentId as string }),
  ).toMatchObject({ state: 'OPEN' });
});

test('serves at its counter only who signs', async () => {
  const response = await fetch(`${config.providerUrl}/payments/x`);
  expect(response.status).toBe(401);
});

test('while keys rotate both sides believe either, sign with the first, and no third', async () => {
  const [first, last] = config.webhookKeys.values();
  const third = createSecretKey(randomBytes(32));
  const answers: unknown[] = [];
  for (const key of [first!, last!, third]) {
    const lock = await locked('leo');
    const body = JSON.stringify(eventOf(lock));
    const counter = await fetch(`${config.providerUrl}/payments/x`, {
      headers: { 'x-signature': sign('GET /payments/x ', key, Date.now()) },
    });
    const heard = await told(body, sign(body, key, Date.now()));
    answers.push([heard, await stateOf(lock.orderId), counter.status]);
  }
  expect(answers).toEqual([
    ['accepted', 'PAID', 404],
    ['accepted', 'PAID', 404],
    ['SIGNATURE_INVALID', 'LOCKED', 401],
  ]);
  const lock = await locked('leo');
  const { paymentId } = await open(lock);
  await nodes.provider.ask('sandbox.succeed', { paymentId });
  await soon(() => door.bodies.at(-1)).toContain(paymentId);
  expect(isSigned(door.bodies.at(-1)!, door.signatures.at(-1)!, [first!], Date.now())).toBe(true);
});

test('issues tokens that say whose they are, for a while', async () => {
  const jwt = (await import('jsonwebtoken')).default;
  const [[kid, key]] = config.jwtKeys as unknown as [[string, never]];
  const answer = await nodes.provider.ask('sandbox.token', { uid: 'lea', role: 'organiser' });
  const { header, payload } = jwt.verify(answer.token, key, {
    complete: true,
    algorithms: ['HS256'],
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
  }) as { header: object; payload: { exp: number } };
  expect(header).toMatchObject({ kid, alg: 'HS256' });
  expect(payload).toMatchObject({ sub: 'lea', role: 'organiser' });
  expect(new Date(payload.exp * 1_000).toISOString()).toBe(answer.expiresAt);
  expect(await wordFrom(nodes.provider.ask('sandbox.token', { uid: 'no spaces' }))).toBe(
    'VALIDATION_ERROR',
  );
});
