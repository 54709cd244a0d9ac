/**
 * Every "no" of the road, said over HTTP: its word, its status, problem+json, in zh-CN and en. A
 * row per way to be refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REFUSALS, type RefusalWord } from '../../contracts/errors.ts';
import { startStack } from '../support/stack.ts';
import { buildWorld, type World } from './refusals.world.ts';
import { eventSignature, tokenOf, unsignedToken } from './tokens.ts';
import {
  type Answer,
  type Ask,
  comeToBuy,
  freshUid,
  openSession,
  signIn,
  statesOf,
  until,
  Visitor,
} from './visitor.ts';

let w: World;

beforeAll(async () => {
  w = await buildWorld(await startStack());
});
afterAll(() => w?.stack.stop());

type Headers = Ask['headers'];
interface Row {
  readonly word: RefusalWord;
  readonly when: string;
  ask(headers: Headers): Promise<Answer>;
  /** Members the problem must have beside those that every problem has. */
  readonly says?: object | (() => object);
}

const withToken = (token: string) => new Visitor(w.stack.url, token);
const best = { best: { count: 1, tier: 'Rear' } };
const lockWith = (token: () => string) => (headers: Headers) =>
  withToken(token()).post(`/sessions/${w.open}/locks`, best, {
    'x-permit': w.buyer.permit,
    ...headers,
  });
const forgedPermit = (permit: string) =>
  permit.slice(0, -4) + (permit.endsWith('AAAA') ? 'BBBB' : 'AAAA');
const lateSignature = (raw: string, secret: string) =>
  eventSignature(secret, raw, Math.floor(Date.now() / 1_000) - 301);
const webhookSecret = () => [...w.stack.config.webhookKeys.values()][0]!.export().toString();
const event = JSON.stringify({
  eventId: 'e1',
  type: 'payment.succeeded',
  paymentId: '0000000000000001',
  orderId: 'x',
  amountFen: 1,
  occurredAt: '2026-01-01T00:00:00.000Z',
});

const ROWS: readonly Row[] = [
  {
    word: 'UNAUTHENTICATED',
    when: 'there is no token',
    ask: (headers) => w.anybody.post(`/sessions/${w.open}/locks`, best, headers),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token is no token',
    ask: lockWith(() => 'not.a.token'),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token is signed with another key',
    ask: lockWith(() => tokenOf(w.stack.config, w.buyer.uid, { secret: 'x'.repeat(32) })),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token asks to be believed unsigned',
    ask: lockWith(() => unsignedToken(w.stack.config, w.buyer.uid)),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token has expired',
    ask: lockWith(() => tokenOf(w.stack.config, w.buyer.uid, { claims: { exp: 1_000_000_000 } })),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token never expires',
    ask: lockWith(() => tokenOf(w.stack.config, w.buyer.uid, { claims: { exp: undefined } })),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token is for another audience',
    ask: lockWith(() => tokenOf(w.stack.config, w.buyer.uid, { claims: { aud: 'elsewhere' } })),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'the token names a key nobody has',
    ask: lockWith(() => tokenOf(w.stack.config, w.buyer.uid, { header: { kid: 'nobody' } })),
  },
  {
    word: 'UNAUTHENTICATED',
    when: 'somebody without a token reads orders',
    ask: (headers) => w.anybody.get('/orders', headers),
  },
  {
    word: 'FORBIDDEN',
    when: 'a buyer acts as an organiser',
    ask: (headers) => w.buyer.post('/admin/venues', { name: 'x', city: 'y' }, headers),
  },
  {
    word: 'FORBIDDEN',
    when: 'an organiser looks at a seat as an operator',
    ask: (headers) => w.hall.organiser.get(`/admin/sessions/${w.open}/seats/0`, headers),
  },
  {
    word: 'NOT_RESERVED',
    when: 'a permit is asked without a reservation',
    ask: async (headers) =>
      (await signIn(w.stack.url)).post(`/sessions/${w.open}/permits`, {}, headers),
  },
  {
    word: 'PERMIT_INVALID',
    when: 'there is no permit',
    ask: (headers) => w.buyer.post(`/sessions/${w.open}/locks`, best, headers),
  },
  {
    word: 'PERMIT_INVALID',
    when: 'the permit is forged',
    ask: (headers) => w.buyer.lock(best, { ...headers, 'x-permit': forgedPermit(w.buyer.permit) }),
  },
  {
    word: 'PERMIT_INVALID',
    when: 'the permit is another buyer’s',
    ask: (headers) => w.buyer.lock(best, { ...headers, 'x-permit': w.other.permit }),
  },
  {
    word: 'PERMIT_INVALID',
    when: 'the permit is for another session',
    ask: (headers) => w.buyer.lock(best, { ...headers, 'x-permit': w.permits.paused.permit }),
  },
  {
    word: 'SALE_NOT_OPEN',
    when: 'the sale opens later',
    ask: (headers) => w.permits.scheduled.lock(best, headers),
    says: { opensAt: expect.stringMatching(/^\d{4}-.*Z$/) },
  },
  {
    word: 'SALE_PAUSED',
    when: 'the organiser paused it',
    ask: (headers) => w.permits.paused.lock(best, headers),
  },
  {
    word: 'SALE_CLOSED',
    when: 'the organiser closed it',
    ask: (headers) => w.permits.closed.lock(best, headers),
  },
  {
    word: 'SALE_CLOSED',
    when: 'a closed sale is resumed',
    ask: (headers) => w.hall.organiser.post(`/admin/sessions/${w.closed}/resume`, {}, headers),
  },
  {
    word: 'RESERVATION_CLOSED',
    when: 'a reservation comes too late',
    ask: async (headers) =>
      (await signIn(w.stack.url)).post(`/sessions/${w.late}/reservations`, {}, headers),
  },
  {
    word: 'SOLD_OUT',
    when: 'every seat is taken',
    ask: (headers) => w.permits.soldOut.lock(best, headers),
  },
  {
    word: 'SEAT_TAKEN',
    when: 'another order holds a seat',
    ask: (headers) => w.buyer.lock({ seats: [w.taken.seat, w.seats[1]] }, headers),
    says: () => ({
      lost: [w.taken.seat],
      stillAvailable: [w.seats[1]],
      alternatives: expect.arrayContaining([
        { seats: expect.any(Array), tier: expect.any(String), adjacent: expect.any(Boolean) },
      ]),
    }),
  },
  {
    word: 'SEAT_UNKNOWN',
    when: 'the index is a gap',
    ask: (headers) => w.buyer.lock({ seats: [w.gap] }, headers),
  },
  {
    word: 'SEAT_UNKNOWN',
    when: 'the index is beyond the hall',
    ask: (headers) => w.buyer.lock({ seats: [99_999] }, headers),
  },
  {
    word: 'SEAT_REPEATED',
    when: 'a seat is named twice',
    ask: (headers) => w.buyer.lock({ seats: [w.seats[1], w.seats[1]] }, headers),
  },
  {
    word: 'LIMIT_REACHED',
    when: 'a buyer wants more than allowed',
    ask: (headers) => w.other.lock({ seats: [w.seats[1], w.seats[2]] }, headers),
    says: { limit: 2, held: 1 },
  },
  {
    word: 'IDEMPOTENCY_CONFLICT',
    when: 'a key comes back with another body',
    async ask(headers) {
      const buyer = await comeToBuy(w.stack.url, w.open);
      const key = { 'idempotency-key': 'k1' };
      const { body } = await buyer.lock({ seats: [w.seats[3]] }, key);
      await buyer.orderIn(body.orderId, ['LOCKED']);
      await buyer.made(`/orders/${body.orderId}/cancel`);
      const isBack = (marks: string) => marks[w.seats[3]!] === '0';
      await until('the seat back', 2_000, () => statesOf(w.stack.url, w.open), isBack);
      return buyer.lock({ seats: [w.seats[2]] }, { ...key, ...headers });
    },
  },
  {
    word: 'ORDER_NOT_CANCELLABLE',
    when: 'the order is cancelled already',
    ask: (headers) => w.buyer.post(`/orders/${w.cancelledOrder}/cancel`, {}, headers),
  },
  {
    word: 'ORDER_NOT_PAYABLE',
    when: 'a cancelled order is paid',
    ask: (headers) =>
      w.buyer.post(
        `/orders/${w.cancelledOrder}/payments`,
        {},
        { 'idempotency-key': 'p', ...headers },
      ),
  },
  {
    word: 'SIGNATURE_INVALID',
    when: 'a payment event is signed with another key',
    ask: (headers) =>
      w.anybody.ask('POST', '/payments/events', {
        raw: event,
        headers: {
          ...headers,
          'x-signature': eventSignature('y'.repeat(32), event, Math.floor(Date.now() / 1_000)),
        },
      }),
  },
  {
    word: 'SIGNATURE_INVALID',
    when: 'a payment event is more than 300 s old',
    ask: (headers) =>
      w.anybody.ask('POST', '/payments/events', {
        raw: event,
        headers: { ...headers, 'x-signature': lateSignature(event, webhookSecret()) },
      }),
  },
  {
    word: 'VALIDATION_FAILED',
    when: 'a lock asks for seats and for the best at once',
    ask: (headers) => w.buyer.lock({ seats: [w.seats[1]], ...best }, headers),
    says: { errors: expect.any(Array) },
  },
  {
    word: 'NOT_FOUND',
    when: 'the session does not exist',
    ask: (headers) => w.buyer.post('/sessions/0000000000000000/permits', {}, headers),
  },
  {
    word: 'NOT_FOUND',
    when: 'the path does not exist',
    ask: (headers) => w.anybody.get('/no/such/path', headers),
  },
  {
    word: 'NOT_FOUND',
    when: 'an organiser looks at what is another’s',
    ask: async (headers) =>
      (await signIn(w.stack.url, freshUid(), 'organiser')).get(
        `/admin/sessions/${w.open}`,
        headers,
      ),
  },
  {
    word: 'METHOD_NOT_ALLOWED',
    when: 'the path does not answer that method',
    ask: (headers) => w.anybody.ask('DELETE', '/time', { headers }),
  },
  {
    word: 'BODY_MALFORMED',
    when: 'the body is no JSON',
    ask: (headers) =>
      w.buyer.ask('POST', `/sessions/${w.open}/locks`, {
        raw: '{"seats":[',
        headers: { 'x-permit': w.buyer.permit, ...headers },
      }),
  },
  {
    word: 'BODY_TOO_LARGE',
    when: 'a lock is larger than 16 KB',
    ask: (headers) => w.buyer.lock({ seats: [1], more: 'x'.repeat(17_000) }, headers),
  },
  {
    word: 'IN_USE',
    when: 'a venue with sessions is removed',
    async ask(headers) {
      const path = `/admin/venues/${w.hall.venueId}`;
      const { etag } = (await w.hall.organiser.get(path)).headers;
      return w.hall.organiser.ask('DELETE', path, { headers: { 'if-match': etag!, ...headers } });
    },
  },
  {
    word: 'PRECONDITION_REQUIRED',
    when: 'a change does not say what it was made from',
    ask: (headers) =>
      w.hall.organiser.ask('PATCH', `/admin/shows/${w.hall.showId}`, {
        body: { title: 'x' },
        headers,
      }),
  },
  {
    word: 'PRECONDITION_FAILED',
    when: 'a change was made from something older',
    ask: (headers) =>
      w.hall.organiser.ask('PATCH', `/admin/shows/${w.hall.showId}`, {
        body: { title: 'x' },
        headers: { 'if-match': '"0"', ...headers },
      }),
  },
];

function expectProblem({ status, headers, body }: Answer, word: RefusalWord): void {
  expect({ status, code: body?.code }).toEqual({ status: REFUSALS[word].status, code: word });
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  expect(body).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    detail: expect.any(String),
    instance: expect.any(String),
    status: REFUSALS[word].status,
  });
}

describe('the road says no', () => {
  it.each(ROWS)('$word when $when, in both languages', async ({ word, ask, says }) => {
    const zh = await ask({ 'accept-language': 'zh-CN' });
    expectProblem(zh, word);
    expect(zh.body.title).toBe(REFUSALS[word].zh);
    const en = await ask({ 'accept-language': 'en-GB,en;q=0.9' });
    expectProblem(en, word);
    expect(en.body.title).toBe(REFUSALS[word].en);
    if (says) expect(en.body).toMatchObject(typeof says === 'function' ? says() : says);
  });

  it('in Chinese when nobody says which language', async () => {
    expect((await w.anybody.get('/orders')).body.title).toBe(REFUSALS.UNAUTHENTICATED.zh);
  });

  it('BUSY, for a while, when the arbiter is away; and locks again when it is back', async () => {
    const { stack } = w;
    const buyer = await comeToBuy(stack.url, w.open);
    const lock = () => buyer.lock({ seats: [w.taken.seat] });
    stack.kill('arbiter');
    const away = await until('no lock', 3_000, lock, ({ status }) => status === 503);
    expect(['ARBITER_AWAY', 'BUSY']).toContain(away.body.code);
    expectProblem(away, away.body.code);
    const back = await until('an answer', 20_000, lock, ({ status }) => status === 409);
    expect(back.body.code).toBe('SEAT_TAKEN');
  });

  it('ORDER_ABORTED of a lock that could not become an order in time', async () => {
    const { stack } = w;
    const sessionId = await openSession(w.hall, { lockMs: 5_000 });
    const buyer = await comeToBuy(stack.url, sessionId);
    for (const name of ['order-1', 'order-2']) stack.pause(name);
    const { orderId, seats } = (await buyer.lock({ best: { count: 2, tier: 'Front' } })).body;
    await sleep(6_000);
    for (const name of ['order-1', 'order-2']) stack.resume(name);
    const isBack = (text: string) =>
      seats.every(({ seat }: { seat: number }) => text[seat] === '0');
    await until('seats back', 10_000, () => statesOf(stack.url, sessionId), isBack);
    const aborted = await buyer.order(orderId);
    expectProblem(aborted, 'ORDER_ABORTED');
    expect(aborted.body.reason).toEqual(expect.any(String));
  });
});
