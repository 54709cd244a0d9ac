/**
 * What the console asks of the sales: their sessions, their switch, their seats. Each part of the
 * console has such a file of its own; all ask through `answered`, so that a "no" is a `Refused`.
 */
import type { FreedSeat, SalesAnswer } from '../../../contracts/admin.ts';
import type { SaleState } from '../../../contracts/sale.ts';
import type { SeatBlock, SeatInspection } from '../../../contracts/sale-view.ts';
import { answered, client, given, ofId, ofSession, type Session } from '../api.ts';
import type { Page } from './asking.ts';

/** A session as whoever manages it sees it. */
export interface ManagedSession extends Omit<Session, 'seatCount'> {
  readonly seatTemplateId: string;
  readonly ownerUid: string;
  readonly stage: 'DRAFT' | 'FROZEN' | 'PUBLISHED';
  readonly saleSwitch: 'OPEN' | 'PAUSED' | 'CLOSED';
  readonly lockMs: number;
  readonly seatCount: number | null;
  readonly version: number;
}
export interface Turned {
  readonly id: string;
  readonly sale: { readonly state: SaleState };
}
export type Turn = 'pause' | 'resume' | 'close';

const ofSeat = (sessionId: string, seat: number) => ({ params: { path: { sessionId, seat } } });

export const consoleApi = {
  sessions: (cursor?: string) =>
    answered<Page<ManagedSession>>(
      client.GET('/api/v1/admin/sessions', { params: { query: given({ cursor, limit: 20 }) } }),
    ),
  session: (id: string) =>
    answered<ManagedSession>(client.GET('/api/v1/admin/sessions/{id}', ofId(id))),
  turn: (id: string, turn: Turn) =>
    answered<Turned>(client.POST(`/api/v1/admin/sessions/{id}/${turn}`, { ...ofId(id), body: {} })),
  sales: (sessionId: string, stepMs: number) =>
    answered<SalesAnswer>(
      client.GET('/api/v1/admin/sessions/{sessionId}/sales', {
        params: { ...ofSession(sessionId).params, query: { stepMs } },
      }),
    ),
  seat: (sessionId: string, seat: number) =>
    answered<SeatInspection>(
      client.GET('/api/v1/admin/sessions/{sessionId}/seats/{seat}', ofSeat(sessionId, seat)),
    ),
  /** The seats that are blocked now. */
  blocks: (sessionId: string, cursor?: string) =>
    answered<Page<SeatBlock>>(
      client.GET('/api/v1/admin/sessions/{sessionId}/blocks', {
        params: { ...ofSession(sessionId).params, query: given({ cursor, limit: 100 }) },
      }),
    ),
  /** What the edge counted, as text; operators only. */
  metrics: () => answered<string>(client.GET('/metrics' as never, { parseAs: 'text' } as never)),
  free: (sessionId: string, seat: number, reason: string) =>
    answered<FreedSeat>(
      client.POST('/api/v1/admin/sessions/{sessionId}/seats/{seat}/release', {
        ...ofSeat(sessionId, seat),
        body: { reason },
      }),
    ),
  block: (sessionId: string, seat: number, reason: string) =>
    answered<SeatBlock>(
      client.POST('/api/v1/admin/sessions/{sessionId}/seats/{seat}/block', {
        ...ofSeat(sessionId, seat),
        body: { reason },
      }),
    ),
  unblock: (sessionId: string, seat: number, reason: string) =>
    answered<SeatBlock>(
      client.POST('/api/v1/admin/sessions/{sessionId}/seats/{seat}/unblock', {
        ...ofSeat(sessionId, seat),
        body: { reason },
      }),
    ),
};
