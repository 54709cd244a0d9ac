/**
 * What the console asks of the catalogue: shows, venues, seat templates and sessions as those who
 * manage them see them. A change names the version it was made from.
 */
import type { PlanReport, TemplateVersion } from '../../../../contracts/template.ts';
import { answered, client, given, type Show, type Venue } from '../../api.ts';
import type { ManagedSession, Turned } from '../api.ts';
import type { Page } from '../asking.ts';

export type Kind = 'shows' | 'venues' | 'seat-templates' | 'sessions';
export interface Managed {
  readonly id: string;
  readonly ownerUid?: string;
  readonly version: number;
  readonly updatedAt: string;
}
export type ManagedShow = Show & Managed;
export type ManagedVenue = Venue & Managed;
export interface Template extends Managed {
  readonly venueId: string;
  readonly name: string;
  readonly seatCount: number;
  readonly tiers: readonly { readonly tier: string; readonly seatCount: number }[];
  readonly categories: readonly { readonly name: string; readonly color?: string }[];
  readonly standing: readonly string[];
}
export type CatalogueSession = ManagedSession & Managed;
export interface Kinds {
  readonly shows: ManagedShow;
  readonly venues: ManagedVenue;
  readonly 'seat-templates': Template;
  readonly sessions: CatalogueSession;
}
export interface Listing {
  readonly q?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number;
  readonly showId?: string | undefined;
  readonly venueId?: string | undefined;
}
export type Report = PlanReport;
export type Version = TemplateVersion;

type Ask = (path: string, init?: object) => ReturnType<typeof client.GET>;
/** The four kinds answer alike; their paths are put together here. */
const asking = client as unknown as Readonly<Record<'GET' | 'POST' | 'PATCH' | 'DELETE', Ask>>;

const ROOT = '/api/v1/admin';
const one = (kind: Kind) => `${ROOT}/${kind}/{id}`;
const from = (id: string, version: number) => ({
  params: { path: { id }, header: { 'if-match': `"${version}"` } },
});

export const catalogueApi = {
  list: <K extends Kind>(kind: K, query: Listing = {}) =>
    answered<Page<Kinds[K]>>(asking.GET(`${ROOT}/${kind}`, { params: { query: given(query) } })),
  get: <K extends Kind>(kind: K, id: string) =>
    answered<Kinds[K]>(asking.GET(one(kind), { params: { path: { id } } })),
  create: <K extends Kind>(kind: K, body: object) =>
    answered<Kinds[K]>(asking.POST(`${ROOT}/${kind}`, { body })),
  change: <K extends Kind>(kind: K, { id, version }: Managed, body: object) =>
    answered<Kinds[K]>(asking.PATCH(one(kind), { ...from(id, version), body })),
  remove: (kind: Kind, { id, version }: Managed) =>
    answered<{ id: string }>(asking.DELETE(one(kind), from(id, version))),
  publish: (id: string) =>
    answered<Turned>(
      asking.POST(`${one('sessions')}/publish`, { params: { path: { id } }, body: {} }),
    ),
  versions: (id: string) =>
    answered<{ items: readonly Version[] }>(
      asking.GET(`${one('seat-templates')}/versions`, { params: { path: { id } } }),
    ),
  /** The plan of a version, letter for letter. */
  plan: (id: string, version: number) =>
    answered<string>(
      asking.GET(`${one('seat-templates')}/plan`, {
        params: { path: { id }, query: { version } },
        parseAs: 'text',
      }),
    ),
};
