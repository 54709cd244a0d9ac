/**
 * The HTTP contract as the pages use it. An expected "no" of the backend is thrown as a `Refused`
 * with its word; whatever else goes wrong on the way is one, too, with the word `UNREACHABLE`.
 */
import createClient from 'openapi-fetch';
import type { Role } from '../../contracts/claims.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import type { OrderView } from '../../contracts/order-view.ts';
import type {
  LockAnswer,
  PermitAnswer,
  ReservationAnswer,
  SaleAnswer,
  SeatsAnswer,
} from '../../contracts/sale-view.ts';
import type { components, paths } from '../api/schema.d.ts';
import { i18n, language } from './i18n.ts';

type Schemas = components['schemas'];
export type Tier = Schemas['TierView'];
export type Session = Schemas['SessionView'];
export type Show = Schemas['ShowView'];
export type ShowWithSessions = Schemas['ShowWithSessions'];
export type Venue = Schemas['VenueView'];
export interface Alternative {
  readonly seats: readonly number[];
  readonly tier: string;
  readonly adjacent: boolean;
}
export type Wish =
  | { readonly seats: readonly number[] }
  | { readonly best: { readonly count: number; readonly tier: string; readonly section?: string } };
interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
interface Payment {
  readonly paymentId: string;
}

/** A "no": `word` is the backend's, `said` its sentence in the reader's language. */
export class Refused extends Error {
  readonly word: string;
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
  constructor(word: string, status: number, said: string, data: Record<string, unknown> = {}) {
    super(said);
    this.word = word;
    this.status = status;
    this.data = data;
  }
}
/** What was thrown, as a refusal; a bug stays what it is. */
export function refusedOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  throw error;
}

let token = '';
export const useToken = (next: string): void => {
  token = next;
};

/** For whoever asks without the client. */
export const bearer = (): string => token;

const API = '/api/v1';

export const client = createClient<paths>({ baseUrl: location.origin });
client.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', language.value);
    if (token) request.headers.set('Authorization', `Bearer ${token}`);
  },
});

/** Nobody answered. Why, only the browser's own tools tell. */
export const unreachable = (): Refused =>
  new Refused('UNREACHABLE', 0, i18n.global.t('problem.UNREACHABLE'));

interface Answered {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}
/**
 * What was answered. The contract's own types are stricter than what becomes of them in the
 * description: hence `Answer`.
 */
export async function answered<Answer>(asking: Promise<Answered>): Promise<Answer> {
  const { data, error, response } = await asking.catch(() => {
    throw unreachable();
  });
  if (response.ok) return data as Answer;
  const problem = typeof error === 'object' && error !== null ? error : {};
  const { code = 'INTERNAL', detail, title } = problem as Partial<Record<string, string>>;
  const said = detail ?? title ?? String(response.status);
  throw new Refused(code, response.status, said, problem as Record<string, unknown>);
}
export const ofId = (id: string) => ({ params: { path: { id } } });
export const ofSession = (sessionId: string) => ({ params: { path: { sessionId } } });
const ofOrder = (orderId: string) => ({ params: { path: { orderId } } });
/** Fields that say something. */
export const given = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value)) as Fields;

export const api = {
  time: () => answered<{ epochMs: number }>(client.GET('/api/v1/time')),
  shows: (fields: { q?: string; city?: string; cursor?: string }) =>
    answered<Page<Show>>(client.GET('/api/v1/shows', { params: { query: given(fields) } })),
  show: (id: string) => answered<ShowWithSessions>(client.GET('/api/v1/shows/{id}', ofId(id))),
  venue: (id: string) => answered<Venue>(client.GET('/api/v1/venues/{id}', ofId(id))),
  session: (id: string) => answered<Session>(client.GET('/api/v1/sessions/{id}', ofId(id))),
  sale: (id: string) =>
    answered<SaleAnswer>(client.GET('/api/v1/sessions/{sessionId}/sale', ofSession(id))),
  layout: (id: string) =>
    answered<LayoutColumns>(
      client.GET('/api/v1/sessions/{id}/layout', {
        params: { path: { id }, query: { form: 'columns' } },
      }),
    ),
  seats: (id: string) =>
    answered<SeatsAnswer>(client.GET('/api/v1/sessions/{sessionId}/seats', ofSession(id))),
  reserve: (id: string) =>
    answered<ReservationAnswer>(
      client.POST('/api/v1/sessions/{sessionId}/reservations', { ...ofSession(id), body: {} }),
    ),
  permit: (id: string) =>
    answered<PermitAnswer>(
      client.POST('/api/v1/sessions/{sessionId}/permits', { ...ofSession(id), body: {} }),
    ),
  lock: (sessionId: string, permit: string, wish: Wish, key: string) =>
    answered<LockAnswer>(
      client.POST('/api/v1/sessions/{sessionId}/locks', {
        params: { path: { sessionId }, header: { 'x-permit': permit, 'idempotency-key': key } },
        body: wish as { seats: number[] },
      }),
    ),
  orders: (cursor?: string) =>
    answered<Page<OrderView>>(
      client.GET('/api/v1/orders', { params: { query: given({ cursor }) } }),
    ),
  order: (id: string) => answered<OrderView>(client.GET('/api/v1/orders/{orderId}', ofOrder(id))),
  cancel: (id: string) =>
    answered<{ state: string }>(
      client.POST('/api/v1/orders/{orderId}/cancel', { ...ofOrder(id), body: {} }),
    ),
  openPayment: (orderId: string, key: string) =>
    answered<Payment>(
      client.POST('/api/v1/orders/{orderId}/payments', {
        params: { path: { orderId }, header: { 'idempotency-key': key } },
        body: {},
      }),
    ),
  /** One of the buttons of the sandbox's payment page. */
  provide: (paymentId: string, act: 'start' | 'succeed' | 'fail') =>
    answered<object>(
      client.POST(`/api/v1/sandbox/payments/{paymentId}/${act}`, {
        params: { path: { paymentId } },
        body: {},
      }),
    ),
  streamTicket: () =>
    answered<{ ticket: string }>(client.POST('/api/v1/me/stream-tickets', { body: {} })),
  signIn: (uid: string, role?: Role) =>
    answered<{ token: string; expiresAt: string }>(
      client.POST('/api/v1/dev/token', { body: { uid, ...(role && { role }) } }),
    ),
  streamUrl: (id: string) => `${API}/sessions/${id}/stream`,
  ownStreamUrl: (ticket: string) => `${API}/me/stream?ticket=${encodeURIComponent(ticket)}`,
};
