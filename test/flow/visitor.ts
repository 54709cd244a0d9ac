/**
 * A client that knows the HTTP contract and nothing else: what a buyer or an organiser does in the
 * tests of the whole road, and how they get the session they do it to.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails otherwise
  readonly body: any;
}
export interface Ask {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody at the edge, with or without a token. */
export class Visitor {
  readonly url: string;
  readonly token: string | undefined;
  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }
  async ask(method: string, path: string, { body, raw, headers }: Ask = {}): Promise<Answer> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await request(`${this.url}/api/v1${path}`, {
      method: method as Dispatcher.HttpMethod,
      headers: {
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(sent !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
    });
    const text = await response.body.text();
    const isJson = /json/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }
  get(path: string, headers?: Ask['headers']): Promise<Answer> {
    return this.ask('GET', path, { ...(headers && { headers }) });
  }
  post(path: string, body: unknown = {}, headers?: Ask['headers']): Promise<Answer> {
    return this.ask('POST', path, { body, ...(headers && { headers }) });
  }
  /** A POST that must succeed, if not at once: a 503 on a busy machine says "later". */
  async made(path: string, body: unknown = {}, headers?: Ask['headers']) {
    const answer = await later(() => this.post(path, body, headers));
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
}

const LATER: readonly number[] = [429, 503];
const ASKED_AGAIN_MAX = 40;
const ASKED_AGAIN_MS = 250;

/** Asks until the answer is not "later". */
export async function later(ask: () => Promise<Answer>): Promise<Answer> {
  for (let i = 0; ; i++) {
    const answer = await ask();
    if (!LATER.includes(answer.status) || i === ASKED_AGAIN_MAX) return answer;
    await sleep(ASKED_AGAIN_MS * (1 + Math.random()));
  }
}

export const freshUid = (name = 'u'): string => `${name}-${randomBytes(5).toString('hex')}`;

/** Somebody signed in at the sandbox. */
export async function signIn(url: string, uid = freshUid(), role?: string): Promise<Visitor> {
  const { token } = await new Visitor(url).made('/dev/token', { uid, ...(role && { role }) });
  return new Visitor(url, token);
}

/** Asks until the answer is as wanted, or says what it was at last. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > endMs)
      throw new Error(`${what}: not within ${timeoutMs} ms, but ${JSON.stringify(answer)}`);
    await sleep(25);
  }
}

/**
 * A pretix plan of `rows` rows of `seats` seats. The first row is of tier `Front`, the others of
 * `Rear`; an aisle, wider than a seat, divides each row after `aisleAfter` seats.
 */
export function plainPlan(rows: number, seats: number, aisleAfter = seats) {
  return {
    name: `Plain ${rows}×${seats}`,
    categories: [
      { name: 'Front', color: '#c0392b' },
      { name: 'Rear', color: '#0072b2' },
    ],
    zones: [
      {
        name: 'Stalls',
        position: { x: 0, y: 0 },
        rows: Array.from({ length: rows }, (_, r) => ({
          row_number: String(r + 1),
          position: { x: 0, y: r * 30 },
          seats: Array.from({ length: seats }, (_, s) => ({
            seat_guid: `${r + 1}-${s + 1}`,
            seat_number: String(s + 1),
            position: { x: s * 20 + (s >= aisleAfter ? 60 : 0), y: 0 },
            category: r === 0 ? 'Front' : 'Rear',
          })),
        })),
      },
    ],
    size: { width: seats * 20 + 100, height: rows * 30 + 40 },
  };
}

const HOUR_MS = 3_600_000;
export const isoIn = (ms: number): string => new Date(Date.now() + ms).toISOString();

export interface Hall {
  readonly organiser: Visitor;
  readonly venueId: string;
  readonly showId: string;
  readonly seatTemplateId: string;
}

/** An organiser with a venue, a show and a seat template, over admin HTTP. */
export async function buildHall(url: string, plan: object): Promise<Hall> {
  const organiser = await signIn(url, freshUid('organiser'), 'organiser');
  const venue = await organiser.made('/admin/venues', {
    name: 'Test hall',
    city: '上海',
    timeZone: 'Asia/Shanghai',
  });
  const show = await organiser.made('/admin/shows', { title: 'Test show', category: 'concert' });
  const template = await organiser.made('/admin/seat-templates', {
    venueId: venue.id,
    name: 'Test plan',
    plan,
  });
  return { organiser, venueId: venue.id, showId: show.id, seatTemplateId: template.id };
}

/** A session of the hall, on sale now unless `over` says otherwise; not published. */
export async function draftSession(hall: Hall, over: object = {}): Promise<string> {
  const { organiser, showId, venueId, seatTemplateId } = hall;
  const session = await organiser.made('/admin/sessions', {
    showId,
    venueId,
    seatTemplateId,
    startsAt: isoIn(24 * HOUR_MS),
    reservationOpensAt: isoIn(-HOUR_MS),
    reservationClosesAt: isoIn(HOUR_MS),
    saleOpensAt: isoIn(-HOUR_MS),
    saleClosesAt: isoIn(HOUR_MS),
    reservationRequired: true,
    seatsPerBuyerMax: 4,
    lockMs: 60_000,
    tiers: [
      { tier: 'Front', priceFen: 68_000 },
      { tier: 'Rear', priceFen: 28_000 },
    ],
    ...over,
  });
  return session.id;
}

/** A published session of the hall. */
export async function openSession(hall: Hall, over: object = {}): Promise<string> {
  const id = await draftSession(hall, over);
  await hall.organiser.made(`/admin/sessions/${id}/publish`);
  return id;
}

/** A buyer with a reservation and a permit for one session. */
export class Buyer extends Visitor {
  readonly uid: string;
  readonly sessionId: string;
  readonly permit: string;
  constructor(visitor: Visitor, uid: string, sessionId: string, permit: string) {
    super(visitor.url, visitor.token);
    this.uid = uid;
    this.sessionId = sessionId;
    this.permit = permit;
  }
  lock(body: unknown, headers?: Ask['headers']): Promise<Answer> {
    const path = `/sessions/${this.sessionId}/locks`;
    return this.post(path, body, { 'x-permit': this.permit, ...headers });
  }
  order(orderId: string): Promise<Answer> {
    return this.get(`/orders/${orderId}`);
  }
  orderIn(orderId: string, states: readonly string[], timeoutMs = 5_000): Promise<Answer> {
    const ask = () => this.order(orderId);
    const wanted = ({ body }: Answer) => states.includes(body.state);
    return until(`order in ${states}`, timeoutMs, ask, wanted);
  }
  /** Opens a payment and lets the sandbox succeed at it. */
  async pay(orderId: string): Promise<void> {
    const { paymentId } = await this.made(
      `/orders/${orderId}/payments`,
      {},
      {
        'idempotency-key': `pay-${orderId}`,
      },
    );
    await this.made(`/sandbox/payments/${paymentId}/succeed`);
  }
}

/** Signs in, reserves, gets a permit. */
export async function comeToBuy(url: string, sessionId: string, uid = freshUid()): Promise<Buyer> {
  const visitor = await signIn(url, uid);
  await visitor.made(`/sessions/${sessionId}/reservations`);
  const { permit } = await visitor.made(`/sessions/${sessionId}/permits`);
  return new Buyer(visitor, uid, sessionId, permit);
}

/** The marks of all seats, as the arbiter has them now. */
export async function statesOf(url: string, sessionId: string): Promise<string> {
  // Answers may be 100 ms old: nothing that was answered before is missing after that.
  await sleep(150);
  return (await new Visitor(url).get(`/sessions/${sessionId}/seats`)).body.states;
}
