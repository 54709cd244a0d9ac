/**
 * Requests of one connection, each kind after each other kind, sent in one piece: none is taken for
 * another, whatever became of the one before. What the edge knows of a request is kept per worker
 * while nginx counts it.
 */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { edgeAuthText } from '../../contracts/claims.ts';
import { lineOf, newSession, Stage, secretOf } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ env: { EDGE_UID_RATE: '1', EDGE_UID_BURST: '2' } });
});
afterAll(() => stage.end());

interface Kind {
  readonly method: string;
  /** `n` makes it a path, or a query, of its own. */
  path(n: number): string;
  readonly uid?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly says: readonly number[];
}
const [open, soldOut] = [newSession(), newSession()];
const lockOf = (session: string) => (n: number) => `/api/v1/sessions/${session}/locks?n=${n}`;

/** Every way through the funnel, and out of it. */
const kinds = (): Kind[] => [
  { method: 'GET', path: (n) => `/api/v1/time?n=${n}`, says: [200] },
  { method: 'GET', path: (n) => `/api/v1/time?n=${n}`, uid: 'ann', says: [200] },
  { method: 'GET', path: (n) => `/api/v1/orders/o${n}`, uid: 'bob', says: [200] },
  { method: 'HEAD', path: (n) => `/api/v1/orders/o${n}`, uid: 'cat', says: [200] },
  { method: 'GET', path: (n) => `/api/v1/orders/o${n}`, says: [401] },
  { method: 'PUT', path: (n) => `/api/v1/orders/o${n}`, uid: 'dan', says: [405] },
  { method: 'POST', path: lockOf(soldOut), uid: 'eve', says: [409] },
  { method: 'POST', path: lockOf(open), uid: 'fay', says: [403] },
  { method: 'POST', path: lockOf(open), headers: stage.buyer(open, {}, 'gus'), says: [200, 429] },
  { method: 'GET', path: (n) => `/api/v1/shows/${`${n}`.padStart(16, '0')}`, says: [200] },
  { method: 'GET', path: (n) => `/api/v1/admin/orders?n=${n}`, uid: 'hal', says: [200] },
  { method: 'GET', path: () => '/metrics', says: [401] },
  { method: 'GET', path: () => '/healthz', says: [200] },
  { method: 'GET', path: (n) => `/nowhere/${n}`, says: [404] },
];
const asBytes = ({ method, path, uid, headers = {} }: Kind, n: number): string => {
  const all: Record<string, string> = {
    Host: 'x',
    ...(uid && { Authorization: `Bearer ${stage.token({ sub: uid })}` }),
    ...headers,
    ...(method === 'POST' && { 'Content-Length': '2' }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path(n)} HTTP/1.1\r\n${lines.join('')}\r\n${method === 'POST' ? '{}' : ''}`;
};

test('each is answered, counted and proven as itself', async () => {
  await stage.flag(soldOut, lineOf({ soldOut: 1 }));
  await stage.flag(open, lineOf({}));
  stage.doors.seen.length = 0;
  const all = kinds();
  const asked = all.flatMap((first) => all.flatMap((second) => [first, second]));
  const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const text = await stage.raw(asked.map(asBytes).join('') + last);

  const answers = text.split('HTTP/1.1 ').slice(1);
  expect(answers).toHaveLength(asked.length + 1);
  for (const [n, { path, says }] of asked.entries()) {
    expect(says, `${path(n)}: ${answers[n]}`).toContain(Number(answers[n]!.slice(0, 3)));
    const instance = /"instance":"([^"]*)"/.exec(answers[n]!)?.[1];
    if (instance !== undefined) expect(instance.replaceAll('\\', '')).toBe(path(n).split('?')[0]);
  }
  expect(new Set(answers.map((answer) => /x-request-id: (\w+)/i.exec(answer)?.[1])).size).toBe(
    answers.length,
  );
  const wanted = new Map(asked.map((kind, n) => [`${kind.method} ${kind.path(n)}`, kind]));
  const key = secretOf(stage.env.EDGE_KEYS!);
  expect(stage.doors.seen.length).toBeGreaterThan(all.length);
  for (const { method, target, headers } of stage.doors.seen) {
    const kind = wanted.get(`${method} ${target}`)!;
    const uid = kind.uid ?? (kind.headers ? 'gus' : '');
    expect(headers['x-edge-uid'] ?? '', target).toBe(uid);
    const [, t, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-edge-auth']))!;
    const proof = edgeAuthText(Number(t), method, target, uid, String(headers['x-request-id']));
    expect(mac).toBe(createHmac('sha256', key).update(proof).digest('hex'));
  }
});
