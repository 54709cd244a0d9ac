/** A session with its show and its venue, as the pages of a sale begin: read once, together. */
import { api, type Session, type Show, type Venue } from '../../api.ts';
import { consoleApi, type ManagedSession } from '../api.ts';
import { useAsking } from '../asking.ts';

export interface SaleSession {
  readonly managed: ManagedSession;
  readonly show: Show;
  readonly venue: Venue;
  /** What buyers are told of it; absent before it is published. */
  readonly published: Session | undefined;
}

async function read(id: string): Promise<SaleSession> {
  const managed = await consoleApi.session(id);
  const [show, venue, published] = await Promise.all([
    api.show(managed.showId),
    api.venue(managed.venueId),
    managed.stage === 'PUBLISHED' ? api.session(id) : undefined,
  ]);
  return { managed, show, venue, published };
}

export const useSaleSession = (id: string) => useAsking(() => read(id));
