/** Who may come through a door: the edge's proof, the token, the role. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BAD, GOOD } from '../support/token-vectors.ts';
import { TOKEN_ENV, tokenOf, uidIn } from '../support/tokens.ts';
import { heard, ID, lastHeard, neighbours } from './gateway.neighbours.ts';
import { firstOf, type OpenDoor, openDoor } from './gateway.support.ts';

const API = '/api/v1';

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor('front', async () => neighbours, TOKEN_ENV);
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

  test.each(GOOD)('%s is good', async (_, make) => {
    const token = make();
    expect((await bearer(token)).status).toBe(200);
    expect(lastHeard()).toMatchObject({ meta: { user: { uid: uidIn(token), role: 'buyer' } } });
  });

  test.each<readonly [string, () => string]>([
    ...BAD,
    ['with an unknown role', () => tokenOf({ claims: { role: 'root' } })],
    ['with a role that is no text', () => tokenOf({ claims: { role: ['operator'] } })],
    ['without a role', () => tokenOf({ claims: { role: undefined } })],
  ])('%s is refused', async (_, make) => {
    const { status, json, headers } = await bearer(make());
    expect([status, json.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(headers['www-authenticate']).toBe('Bearer');
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
