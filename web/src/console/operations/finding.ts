/** A session by what somebody knows of it: the title of its show, or its id. */
import { api, type Refused, refusedOf, type Session } from '../../api.ts';
import { inWords, moment } from '../../say.ts';

export interface FoundSession {
  readonly id: string;
  /** Its show and when it starts. */
  readonly title: string;
  readonly at: string;
}

const SHOWS_MAX = 6;
const SESSION_ID = /^[0-9a-hjkmnp-tv-z]{16}$/;

/** Whether something typed may be the id of a session. */
export const isSessionId = (text: string): boolean => SESSION_ID.test(text);

const found = (session: Session, show: Parameters<typeof inWords<'title'>>[0]): FoundSession => ({
  id: session.id,
  title: inWords(show, 'title'),
  at: moment(session.startsAt),
});

/** A published session by its id. @throws Refused */
export async function sessionOf(id: string): Promise<FoundSession> {
  const session = await api.session(id);
  return found(session, await api.show(session.showId));
}

/** Published sessions of the shows whose title says so, the next ones first. @throws Refused */
export async function findSessions(text: string): Promise<readonly FoundSession[]> {
  if (isSessionId(text)) {
    const one = await sessionOf(text).catch((error: unknown): Refused => refusedOf(error));
    if (!(one instanceof Error)) return [one];
  }
  const { items } = await api.shows({ q: text });
  const shows = await Promise.all(items.slice(0, SHOWS_MAX).map(({ id }) => api.show(id)));
  return shows.flatMap((show) => show.sessions.map((session) => found(session, show)));
}
