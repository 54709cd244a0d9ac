/** Tokens and permits that are wrong in one way each, and what is still right at the edges. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BAD, GOOD } from '../support/token-vectors.ts';
import { mixed, nowS, TOKEN_ENV, tokenOf, uidIn } from '../support/tokens.ts';
import { expectRefusal, newSession, Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ env: TOKEN_ENV });
});
afterAll(() => stage.end());

const uidSeen = async (authorization: string): Promise<unknown> => {
  stage.doors.seen.length = 0;
  const { status } = await stage.ask('/api/v1/orders', {
    headers: { Authorization: authorization },
  });
  return status === 200 ? stage.doors.seen[0]!.headers['x-edge-uid'] : status;
};

/** What one worker answers to requests that come one after the other on one connection. */
async function answersTo(requests: readonly string[]): Promise<number[]> {
  const lines = requests.map(
    (request, place) =>
      `${request}Host: x\r\nContent-Length: 0\r\n` +
      `Connection: ${place < requests.length - 1 ? 'keep-alive' : 'close'}\r\n\r\n`,
  );
  const text = await stage.raw(lines.join(''));
  return [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => Number(status));
}
const statusesOf = (tokens: readonly string[]): Promise<number[]> =>
  answersTo(
    tokens.map((token) => `GET /api/v1/orders HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n`),
  );

describe('a token', () => {
  it.each(GOOD)('%s is good', async (_, make) => {
    const token = make();
    expect(await uidSeen(`Bearer ${token}`)).toBe(uidIn(token));
  });

  it.each(BAD)('%s is refused', async (_, make) => {
    const answer = await stage.ask('/api/v1/orders', {
      headers: { Authorization: `Bearer ${make()}` },
    });
    expectRefusal(answer, 401, 'UNAUTHENTICATED');
  });

  it('stands after the word Bearer and one space, or it is none', async () => {
    const token = tokenOf();
    expect(await uidSeen(`Basic ${token}`)).toBe(401);
    expect(await uidSeen(token)).toBe(401);
    expect(await uidSeen(`Bearer  ${token}`)).toBe(401);
    expect(await uidSeen(`Bearer ${token}`)).toBe('u1');
  });
  it('is held against its own key, whichever key was asked before', async () => {
    const kids = ['rs', 'es', 'rs2', 'test', 'es2', 'rs', 'es'] as const;
    const tokens = kids.flatMap((kid, n) => {
      const good = tokenOf({ kid, claims: { sub: `u${n}` } });
      return [good, mixed(good, tokenOf({ kid, claims: { sub: 'bad' } }), good)];
    });
    expect(await statusesOf(tokens)).toEqual(kids.flatMap(() => [200, 401]));
  });
  it.each(['test', 'rs', 'es'] as const)(
    'that was good is not good after its end, though it was remembered (%s)',
    async (kid) => {
      const token = tokenOf({ kid, claims: { exp: nowS() - 3 } });
      expect(await statusesOf([token, token])).toEqual([200, 200]);
      await new Promise((done) => setTimeout(done, 3_100));
      expect(await uidSeen(`Bearer ${token}`)).toBe(401);
    },
  );
  it.each(['test', 'rs', 'es'] as const)(
    'is remembered whole: its signature under another payload opens nothing (%s)',
    async (kid) => {
      const good = tokenOf({ kid, claims: { sub: 'good' } });
      const swapped = mixed(good, tokenOf({ kid, claims: { sub: 'bad' } }), good);
      // On one connection, so that the worker that remembers is the worker that is asked.
      expect(await statusesOf([good, swapped, good])).toEqual([200, 401, 200]);
    },
  );
});

describe('a permit', () => {
  const session = newSession();
  const inAnHour = Date.now() + 3_600_000;
  const lockWith = (permit: string) =>
    stage.lock(session, { Authorization: `Bearer ${stage.token()}`, 'X-Permit': permit });

  const requestOf = (permit: string) => (id: string, token: string) =>
    `POST /api/v1/sessions/${id}/locks HTTP/1.1\r\n` +
    `Authorization: Bearer ${token}\r\nX-Permit: ${permit}\r\n`;

  it('of any key of the ring is good', async () => {
    expect((await lockWith(stage.permit(session))).status).toBe(200);
    expect((await lockWith(stage.permit(session, 'u1', inAnHour, 'old'))).status).toBe(200);
  });
  it.each<[string, () => string]>([
    ['that is missing', () => ''],
    ['of another buyer', () => stage.permit(session, 'u2')],
    ['for another session', () => stage.permit(newSession())],
    ['that has expired', () => stage.permit(session, 'u1', Date.now() - 1)],
    [
      'whose end was moved',
      () => {
        const [kid, nbf, exp, mac] = stage.permit(session).split('.');
        return [kid, nbf, Number(exp) + 1, mac].join('.');
      },
    ],
    ['whose beginning was moved', () => stage.permit(session).replace('.1000.', '.0.')],
    ['that names another key', () => stage.permit(session).replace(/^[^.]+/, 'old')],
    ['that names no key', () => stage.permit(session).replace(/^[^.]+/, 'none')],
    ['with half a signature', () => stage.permit(session).slice(0, -20)],
    ['without a signature', () => stage.permit(session).replace(/[^.]+$/, '')],
    [
      'whose end is hexadecimal',
      () => stage.permit(session).replace(/\.\d+\.(?=[^.]+$)/, '.0xff.'),
    ],
    ['that is garbage', () => 'garbage'],
    ['that is very long', () => 'x'.repeat(2_000)],
  ])('%s is refused', async (_, make) => {
    expectRefusal(await lockWith(make()), 403, 'PERMIT_INVALID');
  });
  it('that was good is not good for another session or with another token', async () => {
    const [token, other] = [stage.token(), stage.token({ sub: 'u2' })];
    const ask = requestOf(stage.permit(session));
    const asked = [ask(session, token), ask(newSession(), token), ask(session, other)];
    expect(await answersTo([...asked, asked[0]!])).toEqual([200, 403, 403, 200]);
  });
  it('that was good is not good after its end, though it was remembered', async () => {
    const endsMs = Date.now() + 3_000;
    const ask = requestOf(stage.permit(session, 'u1', endsMs))(session, stage.token());
    const soon = new Promise((done) => setTimeout(done, endsMs + 100 - Date.now()));
    expect(await answersTo([ask, ask])).toEqual([200, 200]);
    await soon;
    // each worker has been asked by now, or never heard of it
    for (let i = 0; i < 4; i++) expect(await answersTo([ask, ask])).toEqual([403, 403]);
  });
  it('is refused without its buyer’s token', async () => {
    const answer = await stage.lock(session, { 'X-Permit': stage.permit(session) });
    expectRefusal(answer, 401, 'UNAUTHENTICATED');
  });
});

describe('a permit that ran out with its sale', () => {
  const session = newSession();
  const past = Date.now() - 1_000;
  const headers = (more: Record<string, string> = {}) =>
    stage.buyer(session, { 'X-Permit': stage.permit(session, 'u1', past), ...more });

  it('lets a repeated request pass, also when the edge knows nothing of the sale', async () => {
    const unknown = newSession();
    const permit = stage.permit(unknown, 'u1', past);
    const once = stage.buyer(unknown, { 'X-Permit': permit });
    expectRefusal(await stage.lock(unknown, once), 403, 'PERMIT_INVALID');
    const repeated = await stage.lock(unknown, { ...once, 'Idempotency-Key': 'k1' });
    expect(repeated.status).toBe(200);
  });
  it('lets the sale say that it is over, and a repeated request pass', async () => {
    await stage.flag(session, `OPEN 1000 ${past} 1000 0`);
    expectRefusal(await stage.lock(session, headers()), 409, 'SALE_CLOSED');
    const forged = headers({ 'X-Permit': stage.permit(session, 'u2', past) });
    expectRefusal(await stage.lock(session, forged), 403, 'PERMIT_INVALID');
    const repeated = await stage.lock(session, headers({ 'Idempotency-Key': 'k1' }));
    expect(repeated.status).toBe(200);
  });
});
