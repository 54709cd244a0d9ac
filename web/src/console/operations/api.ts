/** What the pages of operators ask: orders, dead letters, books, audit, nodes, settings. */
import type { AuditRow } from '../../../../contracts/actions.ts';
import type { InspectedOrder, KnownOrder, NodeView } from '../../../../contracts/admin.ts';
import type {
  ConfigDiff,
  ConfigHistory,
  ConfigList,
  ConfigPlace,
  ConfigSaid,
  ConfigView,
  PlacedChange,
} from '../../../../contracts/config.ts';
import type { DeadLetter, LetterState, WholeLetter } from '../../../../contracts/dead-letter.ts';
import type { OrderState } from '../../../../contracts/order.ts';
import type { ReconcileReport } from '../../../../contracts/repair.ts';
import { answered, client, given, ofId, ofSession } from '../../api.ts';
import type { Page } from '../asking.ts';

export interface OrderFilter {
  readonly sessionId?: string | undefined;
  readonly uid?: string | undefined;
  readonly seat?: number | undefined;
  readonly state?: OrderState | undefined;
}
export interface AuditFilter {
  readonly target?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly from?: string;
  readonly to?: string;
}
/** The version a change is made from: if somebody was faster, it is refused. */
export interface From extends ConfigPlace {
  readonly revision: number;
}

const LIMIT = 25;

/** `revision` 0, too: nobody may have said anything meanwhile. */
const changing = ({ setting, revision }: From) => ({
  path: { setting },
  header: { 'if-match': `"${revision}"` },
});
const scoped = ({ session }: ConfigPlace) => (session === undefined ? {} : { session });

export const operations = {
  orders: ({ seat, ...filter }: OrderFilter, cursor?: string) =>
    answered<Page<KnownOrder>>(
      client.GET('/api/v1/admin/orders', {
        params: {
          query: {
            ...given({ ...filter, cursor, limit: LIMIT }),
            ...(seat !== undefined && { seat }),
          },
        },
      }),
    ),
  order: (orderId: string) =>
    answered<InspectedOrder>(
      client.GET('/api/v1/admin/orders/{orderId}', { params: { path: { orderId } } }),
    ),

  letters: (state: LetterState, cursor?: string) =>
    answered<Page<DeadLetter>>(
      client.GET('/api/v1/admin/dead-letters', {
        params: { query: given({ state, cursor, limit: LIMIT }) },
      }),
    ),
  letter: (id: string) =>
    answered<WholeLetter>(client.GET('/api/v1/admin/dead-letters/{id}', ofId(id))),
  replay: (id: string) =>
    answered<DeadLetter>(
      client.POST('/api/v1/admin/dead-letters/{id}/replay', { ...ofId(id), body: {} }),
    ),
  discard: (id: string, reason: string) =>
    answered<DeadLetter>(
      client.POST('/api/v1/admin/dead-letters/{id}/discard', { ...ofId(id), body: { reason } }),
    ),

  reconcile: (sessionId: string) =>
    answered<ReconcileReport>(
      client.POST('/api/v1/admin/sessions/{sessionId}/reconcile', {
        ...ofSession(sessionId),
        body: {},
      }),
    ),

  audit: (filter: AuditFilter, cursor?: string) =>
    answered<Page<AuditRow>>(
      client.GET('/api/v1/admin/audit', {
        params: { query: given({ ...filter, cursor, limit: LIMIT }) },
      }),
    ),
  nodes: () => answered<{ items: readonly NodeView[] }>(client.GET('/api/v1/admin/nodes')),

  settings: (session?: string) =>
    answered<ConfigList>(
      client.GET('/api/v1/admin/config', { params: { query: given({ session }) } }),
    ),
  setting: ({ setting, session }: ConfigPlace) =>
    answered<ConfigView>(
      client.GET('/api/v1/admin/config/{setting}', {
        params: { path: { setting }, query: given({ session }) },
      }),
    ),
  set: (from: From, value: ConfigSaid['value'], reason: string) =>
    answered<ConfigView>(
      client.PATCH('/api/v1/admin/config/{setting}', {
        params: changing(from),
        body: { value, reason, ...scoped(from) } as never,
      }),
    ),
  unset: (from: From, reason: string) =>
    answered<ConfigView>(
      client.DELETE('/api/v1/admin/config/{setting}', {
        params: { ...changing(from), query: { reason, ...scoped(from) } },
      }),
    ),
  rollback: (from: From, revision: number, reason: string) =>
    answered<ConfigView>(
      client.POST('/api/v1/admin/config/{setting}/rollback', {
        params: changing(from),
        body: { revision, reason, ...scoped(from) },
      }),
    ),
  history: ({ setting, session }: ConfigPlace) =>
    answered<ConfigHistory>(
      client.GET('/api/v1/admin/config/{setting}/history', {
        params: { path: { setting }, query: given({ session }) },
      }),
    ),
  changes: (cursor?: string) =>
    answered<Page<PlacedChange>>(
      client.GET('/api/v1/admin/config/changes', {
        params: { query: given({ cursor, limit: LIMIT }) },
      }),
    ),
  diff: (from?: number, to?: number) =>
    answered<ConfigDiff>(
      client.GET('/api/v1/admin/config/diff', { params: { query: given({ from, to }) } }),
    ),
};
