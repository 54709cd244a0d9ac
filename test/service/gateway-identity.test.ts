/** Who may come through a door: the edge's proof, the token, the role. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { omit } from 'lodash';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heard, ID, lastHeard, neighbours } from './gateway.neighbours.ts';
import { firstOf, type OpenDoor, openDoor } from './gateway.support.ts';

const API = '/api/v1';

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor('front', async () => neighbours);
});
afterAll(() => door.close());

describe('without the edge’s proof', () => {
  const target = `${API}/orders`;
  const proof = () => door.proofFor('GET', target);
  const v1 = (t: number, text: string) => {
    const { secret } = firstOf(door.env.EDGE_KEYS!);
    return `t=${t},v1=${createHmac('sha256', secret).update(text).digest('hex')}`;
  };

  test.each<[string, () => Record<string, string>]>([
    ['none at all', () => ({})],
    ['an old one', () => door.proofFor('GET', target, '', Date.now() - 61_000)],
    ['one from the future', () => door.proofFor('GET', target, '', Date.now() + 61_000)],
    ['one for another path', () => door.proofFor('GET', `${API}/shows`)],
    ['one for another method', () => door.proofFor('POST', target)],
    ['one that was made for another uid', () => ({ ...proof(), 'X-Edge-Uid': 'victim' })],
    ['one with another request id', () => ({ ...proof(), 'X-Request-Id': '0'.repeat(32) })],
    ['one under no key of ours', () => ({ ...proof(), 'X-Edge-Auth': v1(Date.now(), 'x') })],
    ['one that is no signature', () => ({ ...proof(), 'X-Edge-Auth': 't=1,v1=zz' })],
  ])('refuses a request with %s, and tells it nothing', async (_, headers) => {
    for (const path of [target, '/nowhere']) {
      const made = headers();
      const { status, json, headers: said } = await door.ask(path, { uid: 'u1', proof: made });
      expect([status, json.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(said['x-request-id']).not.toBe(door.requestId);
      expect(said.allow).toBeUndefined();
    }
  });

  test('any key of the ring signs', async () => {
    expect((await door.ask(target, { uid: 'u1' })).status).toBe(200);
  });
});

describe('a token', () => {
  const target = `${API}/orders`;
  const bearer = (token: string) =>
    door.ask(target, { headers: { Authorization: `Bearer ${token}` } });
  const claims = (over: object = {}) => ({
    sub: 'u1',
    role: 'buyer',
    iss: door.config.jwtIssuer,
    aud: door.config.jwtAudience,
    exp: Math.floor(Date.now() / 1_000) + 60,
    ...over,
  });
  const sign = (payload: object, options: jwt.SignOptions = {}, secret?: string) => {
    const ours = firstOf(door.env.JWT_KEYS!);
    return jwt.sign(payload, secret ?? ours.secret, { keyid: ours.kid, ...options });
  };
  const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('lets its uid and role through, and nothing a header claims', async () => {
    await door.ask(`${API}/orders?limit=5`, {
      uid: 'u1',
      headers: { 'X-Uid': 'victim', 'X-User-Id': 'victim', 'X-Role': 'operator' },
    });
    expect(lastHeard()).toMatchObject({
      action: 'order.list',
      params: { limit: 5 },
      meta: { user: { uid: 'u1', role: 'buyer' }, requestId: door.requestId },
    });
  });

  test.each<[string, () => string]>([
    ['unsigned (none)', () => `${b64({ alg: 'none', kid: 'test' })}.${b64(claims())}.`],
    [
      'unsigned, with a signature',
      () => `${b64({ alg: 'none', kid: 'test' })}.${b64(claims())}.AA`,
    ],
    ['signed with another key', () => sign(claims(), {}, 'x'.repeat(40))],
    ['signed with another algorithm', () => sign(claims(), { algorithm: 'HS512' })],
    [
      'signed with a key pair',
      () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
        const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
        return jwt.sign(claims(), pem, { algorithm: 'RS256', keyid: 'test' });
      },
    ],
    ['under an unknown kid', () => sign(claims(), { keyid: 'other' })],
    ['under a kid that is a path', () => sign(claims(), { keyid: '../../dev/null' })],
    ['without a kid', () => jwt.sign(claims(), firstOf(door.env.JWT_KEYS!).secret)],
    ['expired', () => sign(claims({ exp: Math.floor(Date.now() / 1_000) - 6 }))],
    ['without an end', () => sign(omit(claims(), 'exp'))],
    ['not valid yet', () => sign(claims({ nbf: Math.floor(Date.now() / 1_000) + 60 }))],
    ['for another audience', () => sign(claims({ aud: 'elsewhere' }))],
    ['of another issuer', () => sign(claims({ iss: 'elsewhere' }))],
    ['with an unknown role', () => sign(claims({ role: 'root' }))],
    ['without a role', () => sign(omit(claims(), 'role'))],
    ['with a uid that is none', () => sign(claims({ sub: 'a b' }))],
    ['without a uid', () => sign(omit(claims(), 'sub'))],
    ['cut short', () => sign(claims()).slice(0, -4)],
    ['whose payload is no JSON', () => `${sign(claims()).split('.')[0]}.AAAA.AAAA`],
    ['of any size', () => sign(claims({ padding: 'x'.repeat(5_000) }))],
    ['that is none', () => 'nonsense'],
  ])('%s is refused', async (_, token) => {
    const { status, json, headers } = await bearer(token());
    expect([status, json.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(headers['www-authenticate']).toBe('Bearer');
  });

  test('that ended less than five seconds ago still counts: clocks differ', async () => {
    const token = sign(claims({ exp: Math.floor(Date.now() / 1_000) - 2 }));
    expect((await bearer(token)).status).toBe(200);
  });

  test('of somebody else than the edge verified is refused', async () => {
    const proof = door.proofFor('GET', target, 'u2');
    const { json } = await door.ask(target, { uid: 'u1', proof });
    expect(json.code).toBe('UNAUTHENTICATED');
  });

  test('opens to each role what is its own and nothing above', async () => {
    const sessions = `${API}/admin/sessions`;
    const seat = `${sessions}/${ID}/seats/3`;
    const asked = async (path: string, role: string, method = 'GET') =>
      (await door.ask(path, { uid: 'u1', role, method, ...(method === 'POST' && { body: {} }) }))
        .status;
    expect(await asked(sessions, 'buyer', 'POST')).toBe(403);
    expect(await asked(sessions, 'organiser', 'POST')).toBe(201);
    expect(await asked(sessions, 'operator', 'POST')).toBe(201);
    expect(await asked(seat, 'organiser')).toBe(403);
    expect(await asked(seat, 'operator')).toBe(200);
    expect(await asked(`${API}/orders`, 'operator')).toBe(200);
  });

  test.each([
    ['GET', '?state=discarded&limit=5', { state: 'discarded', limit: '5' }],
    ['GET', `/${ID}`, { id: ID }],
    ['POST', `/${ID}/replay`, { id: ID }],
    ['POST', `/${ID}/discard`, { id: ID, reason: 'why' }],
  ])('of an operator alone opens dead letters: %s %s', async (method, path, params) => {
    const body =
      method === 'POST' ? { body: path.endsWith('discard') ? { reason: 'why' } : {} } : {};
    const ask = (uid?: string, role?: string) =>
      door.ask(`${API}/admin/dead-letters${path}`, { method, ...body, ...(uid && { uid, role }) });
    const before = heard.length;
    expect((await ask()).status).toBe(401);
    expect((await ask('u1', 'buyer')).status).toBe(403);
    expect((await ask('u1', 'organiser')).status).toBe(403);
    expect(heard).toHaveLength(before);
    expect((await ask('op', 'operator')).status).toBe(200);
    expect(heard.at(-1)).toMatchObject({
      params,
      meta: { user: { uid: 'op', role: 'operator' } },
    });
  });
});
