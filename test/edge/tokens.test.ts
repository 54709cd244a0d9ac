/** Tokens and permits that are wrong in one way each, and what is still right at the edges. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal, newSession, Stage, secretOf } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.end());

const nowS = () => Math.floor(Date.now() / 1_000);
const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const [header, payload, signature] = [0, 1, 2];
const part = (token: string, index: number) => token.split('.')[index]!;

const uidSeen = async (authorization: string): Promise<unknown> => {
  stage.doors.seen.length = 0;
  const { status } = await stage.ask('/api/v1/orders', {
    headers: { Authorization: authorization },
  });
  return status === 200 ? stage.doors.seen[0]!.headers['x-edge-uid'] : status;
};

describe('a token', () => {
  it.each<[string, () => string]>([
    ['of the first key', () => stage.token()],
    [
      'of another key of the ring',
      () => {
        const ring = stage.env.JWT_KEYS!;
        return stage.token({}, { kid: 'old' }, secretOf(ring, 'old'));
      },
    ],
    [
      'whose audience is a list with ours in it',
      () => stage.token({ aud: ['other', stage.config.jwtAudience] }),
    ],
    ['that ended 3 s ago, within the leeway', () => stage.token({ exp: nowS() - 3 })],
    ['that begins in 3 s, within the leeway', () => stage.token({ nbf: nowS() + 3 })],
    ['of almost 4 KB', () => stage.token({ pad: 'x'.repeat(2_800) })],
  ])('%s is good', async (_, make) => {
    expect(await uidSeen(`Bearer ${make()}`)).toBe('u1');
  });

  it.each<[string, () => string]>([
    [
      'with algorithm none and no signature',
      () => `${segment({ alg: 'none', kid: 'test' })}.${part(stage.token(), payload)}.`,
    ],
    ['with algorithm none and a signature', () => stage.token({}, { alg: 'none' })],
    ['of a wrong key', () => stage.token({}, {}, 'x'.repeat(32))],
    [
      'of another key than its kid names',
      () => stage.token({}, {}, secretOf(stage.env.JWT_KEYS!, 'old')),
    ],
    ['that names RS256 with the kid of an HS256 key', () => stage.token({}, { alg: 'RS256' })],
    ['that names HS512', () => stage.token({}, { alg: 'HS512' })],
    [
      'that is signed RS256 under our kid',
      () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
        const text = `${segment({ alg: 'RS256', kid: 'test' })}.${part(stage.token(), payload)}`;
        return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
      },
    ],
    ['without an algorithm', () => stage.token({}, { alg: undefined })],
    ['without a kid', () => stage.token({}, { kid: undefined })],
    ['with an unknown kid', () => stage.token({}, { kid: 'other' })],
    ['with a kid that is no text', () => stage.token({}, { kid: { a: 1 } })],
    ['with critical extensions', () => stage.token({}, { crit: ['b64'] })],
    ['of another issuer', () => stage.token({ iss: 'somebody' })],
    ['for another audience', () => stage.token({ aud: 'somebody' })],
    ['without an audience', () => stage.token({ aud: undefined })],
    ['whose audience is an object', () => stage.token({ aud: { a: 'hotseat' } })],
    ['without an end', () => stage.token({ exp: undefined })],
    ['whose end is text', () => stage.token({ exp: '9999999999' })],
    ['that ended 6 s ago', () => stage.token({ exp: nowS() - 6 })],
    ['that begins in 8 s', () => stage.token({ nbf: nowS() + 8 })],
    ['whose beginning is text', () => stage.token({ nbf: '1' })],
    ['without a subject', () => stage.token({ sub: undefined })],
    ['whose subject is a number', () => stage.token({ sub: 7 })],
    ['whose subject is empty', () => stage.token({ sub: '' })],
    ['whose subject has a bar', () => stage.token({ sub: 'u1|x' })],
    ['whose subject has a line break', () => stage.token({ sub: 'u1\nx' })],
    ['whose subject has 65 characters', () => stage.token({ sub: 'u'.repeat(65) })],
    ['of more than 4 KB', () => stage.token({ pad: 'x'.repeat(3_200) })],
    [
      'with another payload under its signature',
      () => {
        const good = stage.token();
        const other = part(stage.token({ sub: 'u2' }), payload);
        return `${part(good, header)}.${other}.${part(good, signature)}`;
      },
    ],
    [
      'whose payload is no object',
      () => {
        const text = `${part(stage.token(), header)}.${segment('u1')}`;
        return `${text}.${part(stage.token(), signature)}`;
      },
    ],
    ['of two parts', () => stage.token().split('.').slice(0, 2).join('.')],
    ['of four parts', () => `${stage.token()}.x`],
    ['that is garbage', () => 'garbage'],
    ['that is nothing', () => ''],
  ])('%s is refused', async (_, make) => {
    const answer = await stage.ask('/api/v1/orders', {
      headers: { Authorization: `Bearer ${make()}` },
    });
    expectRefusal(answer, 401, 'UNAUTHENTICATED');
  });

  it('stands after the word Bearer and one space, or it is none', async () => {
    const token = stage.token();
    expect(await uidSeen(`Basic ${token}`)).toBe(401);
    expect(await uidSeen(token)).toBe(401);
    expect(await uidSeen(`Bearer  ${token}`)).toBe(401);
    expect(await uidSeen(`Bearer ${token}`)).toBe('u1');
  });
  it('that was good is not good after its end, though it was remembered', async () => {
    const token = stage.token({ exp: nowS() - 3 });
    expect(await uidSeen(`Bearer ${token}`)).toBe('u1');
    await new Promise((done) => setTimeout(done, 3_100));
    expect(await uidSeen(`Bearer ${token}`)).toBe(401);
  });
  it('is remembered whole: its signature under another payload opens nothing', async () => {
    const good = stage.token({ sub: 'good' });
    const swapped = good.replace(part(good, payload), part(stage.token({ sub: 'bad' }), payload));
    // On one connection, so that the worker that remembers is the worker that is asked.
    const lines = (token: string, connection: string) =>
      `GET /api/v1/orders HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n` +
      `Authorization: Bearer ${token}\r\n\r\n`;
    const text = await stage.raw(lines(good, 'keep-alive') + lines(swapped, 'close'));
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
  });
});

describe('a permit', () => {
  const session = newSession();
  const inAnHour = Date.now() + 3_600_000;
  const lockWith = (permit: string) =>
    stage.lock(session, { Authorization: `Bearer ${stage.token()}`, 'X-Permit': permit });

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
