/** A door that cannot keep up, or has nobody behind it who can answer. */
import type { Context, ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../contracts/errors.ts';
import type { FlowReport } from '../../contracts/flow.ts';
import { spend, until, untilLate } from './flow.support.ts';
import { type OpenDoor, openDoor } from './gateway.support.ts';

const ID = '0123456789abcdef';
const SHOW = `/api/v1/shows/${ID}`;

let door: OpenDoor;
/** What the neighbours do when they are asked. */
let act: (ctx: Context<unknown, Record<string, unknown>>) => unknown;
const neighbour = (name: string, ...actions: string[]): ServiceSchema => ({
  name,
  actions: Object.fromEntries(
    actions.map((action) => [
      action,
      { handler: (ctx: Context<unknown, Record<string, unknown>>) => act(ctx) },
    ]),
  ),
});
beforeAll(async () => {
  const neighbours = [
    neighbour('show', 'get', 'list'),
    neighbour('order', 'get', 'cancel'),
    neighbour('payment', 'event', 'open'),
    neighbour('session', 'layout', 'pause'),
  ];
  door = await openDoor('front', async () => neighbours, 'stubs', { SHED_DELAY_MS: '5' });
});
afterAll(() => door?.close());
beforeEach(() => {
  act = () => ({ id: ID, title: 'as it was' });
});

describe('a read that nobody can answer', () => {
  test('is answered as it was the last time, and kept by nobody', async () => {
    const fresh = await door.ask(SHOW);
    expect(fresh.headers.warning).toBeUndefined();
    for (const weather of [
      () => Promise.reject(refusal('BUSY')),
      () => new Promise(() => undefined), // hangs, until it is given up
    ]) {
      act = weather;
      const stale = await door.ask(SHOW);
      expect([stale.status, stale.json]).toEqual([200, fresh.json]);
      expect(stale.headers['cache-control']).toBe('no-store');
      expect(stale.headers.warning).toContain('110');
      expect(stale.headers.etag).toBe(fresh.headers.etag);
    }
    act = () => ({ id: ID, title: 'as it is' });
    const now = await door.ask(SHOW);
    expect([now.json.title, now.headers['cache-control']]).toEqual([
      'as it is',
      'public, max-age=0, must-revalidate',
    ]);
  });

  test('is BUSY when it was never answered, or asked in other words', async () => {
    await door.ask(`${SHOW.slice(0, -1)}e`);
    act = () => Promise.reject(refusal('BUSY'));
    expect((await door.ask(`${SHOW.slice(0, -1)}d`)).json.code).toBe('BUSY');
    expect((await door.ask(`${SHOW.slice(0, -1)}e`)).status).toBe(200);
    expect((await door.ask('/api/v1/shows?q=never')).json.code).toBe('BUSY');
  });

  test('is no other’s: a refusal is an answer, and what is one buyer’s is never kept', async () => {
    await door.ask(SHOW);
    act = () => Promise.reject(refusal('NOT_FOUND'));
    expect((await door.ask(SHOW)).status).toBe(404);
    act = () => Promise.reject(refusal('BUSY'));
    expect((await door.ask(SHOW)).json.code).toBe('BUSY');
    act = () => ({ orderId: ID });
    await door.ask(`/api/v1/orders/${ID}`, { uid: 'ann' });
    act = () => Promise.reject(refusal('BUSY'));
    expect((await door.ask(`/api/v1/orders/${ID}`, { uid: 'ann' })).json.code).toBe('BUSY');
  });
});

describe('a process that cannot keep up', () => {
  const MANY = 60;
  const POST = { method: 'POST', body: {} };
  const statuses = async (ask: () => Promise<{ status: number }>) => {
    const answers = await Promise.all(Array.from({ length: MANY }, ask));
    return new Set(answers.map(({ status }) => status));
  };

  test('turns away what it may, until it can again; and never what is vital', async () => {
    const calm = untilLate(60);
    act = () => {
      spend(5);
      return { id: ID, orderId: ID };
    };
    try {
      await until(async () => {
        const seen = await statuses(() => door.ask(SHOW));
        expect([...seen].toSorted()).toEqual([200, 503]);
      });
      const refused = await Promise.all(Array.from({ length: MANY }, () => door.ask(SHOW)));
      const { json, headers } = refused.find(({ status }) => status === 503)!;
      expect([json.code, headers['retry-after']]).toEqual(['BUSY', '1']);
      expect([json.requestId, headers['x-request-id']]).toEqual([door.requestId, door.requestId]);
      // A body is read and thrown away: the connection stays good.
      const order = `/api/v1/orders/${ID}`;
      const opened = await statuses(() => door.ask(`${order}/payments`, { ...POST, uid: 'ann' }));
      expect(opened).toContain(503);
      const signature = { 'X-Signature': 't=1,v1=00' };
      const vital = [
        () => door.ask('/api/v1/payments/events', { ...POST, headers: signature }),
        () => door.ask(`${order}/cancel`, { ...POST, uid: 'ann' }),
        () =>
          door.ask(`/api/v1/admin/sessions/${ID}/pause`, { ...POST, uid: 'o', role: 'operator' }),
      ];
      for (const ask of vital) expect(await statuses(ask)).toEqual(new Set([200]));
      expect((await statuses(() => door.ask(SHOW))).has(503)).toBe(true);
    } finally {
      calm();
    }
    act = () => ({ id: ID });
    await until(async () => {
      const report = await door.broker.call<FlowReport, object>('$flow.report', {});
      expect(report.overload).toMatchObject({ shedding: false, passed: expect.any(Number) });
      expect(report.overload.refused).toBeGreaterThan(0);
    });
    expect(await statuses(() => door.ask(SHOW))).toEqual(new Set([200]));
  });
});
