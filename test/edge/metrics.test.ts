/** What the edge says of itself: numbers for operators, and the lines of its log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { expectRefusal, lineOf, newSession, Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.end());

const OPERATOR = () => ({ Authorization: `Bearer ${stage.token({ role: 'operator' })}` });
const numbers = async (): Promise<string> => {
  const answer = await stage.ask('/metrics', { headers: OPERATOR() });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return answer.text;
};
const counted = (text: string, labels: string): number =>
  Number(new RegExp(`^edge_requests_total\\{${labels}\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

describe('/metrics', () => {
  it('is for operators', async () => {
    expectRefusal(await stage.ask('/metrics'), 401, 'UNAUTHENTICATED');
    const headers = { Authorization: `Bearer ${stage.token({ role: 'organiser' })}` };
    expectRefusal(await stage.ask('/metrics', { headers }), 403, 'FORBIDDEN');
    expect(stage.doors.seen).toEqual([]);
  });
  it('counts what each gate refused, and what passed, over all workers', async () => {
    const sale = newSession();
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    // What the flag's own questions left in the workers is gathered within a second.
    await sleep(1_500);
    const before = await numbers();
    for (let i = 0; i < 20; i++) await stage.lock(sale);
    for (let i = 0; i < 10; i++) await stage.lock(newSession());
    for (let i = 0; i < 5; i++) await stage.ask('/api/v1/time');
    await stage.ask('/api/v1/time', { method: 'PUT' });
    const soldOut = 'route="locks",gate="sold_out",word="SOLD_OUT"';
    const token = 'route="locks",gate="token",word="UNAUTHENTICATED"';
    const passed = 'route="public",gate="",word=""';
    const method = 'route="public",gate="method",word="METHOD_NOT_ALLOWED"';
    await vi.waitFor(
      async () => {
        const now = await numbers();
        const more = (labels: string) => counted(now, labels) - counted(before, labels);
        expect([soldOut, token, passed, method].map(more)).toEqual([20, 10, 5, 1]);
      },
      { timeout: 5_000, interval: 200 },
    );
  });
  it('tells how many connections there are', async () => {
    expect(await numbers()).toMatch(/^edge_connections_active [1-9]\d*$/m);
  });
});

describe('the access log', () => {
  it('tells one uid from another without naming it', async () => {
    const ask = async (uid: string) => {
      const headers = { Authorization: `Bearer ${stage.token({ sub: uid })}` };
      return (await stage.ask('/api/v1/orders', { headers })).headers['x-request-id'];
    };
    const ids = [await ask('ada-lovelace'), await ask('ada-lovelace'), await ask('grace-hopper')];
    const marks = await vi.waitFor(() => {
      const lines = stage.file('access.log').trim().split('\n');
      const found = ids.map(
        (id) => JSON.parse(lines.find((line) => line.includes(String(id)))!).uid,
      );
      return found as string[];
    }, 4_000);
    for (const mark of marks) expect(mark).toMatch(/^[0-9a-f]{16}$/);
    expect(marks[0]).toBe(marks[1]);
    expect(marks[0]).not.toBe(marks[2]);
    expect(stage.file('access.log')).not.toMatch(/ada-lovelace|grace-hopper/);
  });
});

describe('the access log in a flood', () => {
  it('names so many refusals a second, and every request that was answered', async () => {
    const flooded = await Stage.start({ env: { EDGE_LOG_REFUSALS: '1', EDGE_WORKERS: '1' } });
    onTestFinished(() => flooded.end());
    const sale = newSession();
    await flooded.flag(sale, lineOf({ soldOut: 1 }));
    const ids: unknown[] = [];
    // The one name of this second may be taken.
    const untilMs = performance.now() + 2_500;
    for (let i = 0; i < 200 || performance.now() < untilMs; i++) await flooded.lock(sale);
    for (let i = 0; i < 20; i++)
      ids.push((await flooded.ask('/api/v1/time')).headers['x-request-id']);
    const log = () => flooded.file('access.log');
    await vi.waitFor(
      () => expect(ids.filter((id) => !log().includes(String(id)))).toEqual([]),
      4_000,
    );
    expect(log().match(/"word":"SOLD_OUT"/g)!.length).toBeLessThan(100);
  });
});
