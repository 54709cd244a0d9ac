/** The directory that is written for an edge, and what an edge writes into it. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { renderEdge } from '../../bin/edge.ts';
import { readConfig } from '../../config/index.ts';
import { expectRefusal, lineOf, newSession, Stage, secretOf } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.end());

const RINGS = ['JWT_KEYS', 'PERMIT_KEYS', 'EDGE_KEYS'];

describe('the directory of an edge', () => {
  it('has its secrets in one file that its owner alone can read', () => {
    const secrets = RINGS.map((ring) => secretOf(stage.env[ring]!));
    const settings = stage.file('edge.json');
    for (const secret of secrets) {
      expect(settings).toContain(Buffer.from(secret).toString('base64'));
      expect(stage.file('nginx.conf')).not.toContain(secret);
    }
    expect(statSync(join(stage.dir, 'edge.json')).mode & 0o777).toBe(0o600);
  });
  it('never learns the keys that are none of its business', () => {
    for (const ring of ['WEBHOOK_KEYS', 'ORDER_ID_KEYS'])
      expect(stage.file('edge.json')).not.toContain(
        Buffer.from(secretOf(stage.env[ring]!)).toString('base64'),
      );
  });
  it('has no placeholder left', () => {
    expect(stage.file('nginx.conf')).not.toMatch(/\$\{\w/);
  });
  it('is refused where nginx could not read its path', () => {
    expect(() => renderEdge(stage.config, `${stage.dir}/a "b"`)).toThrow(/plainer/);
  });
  it.each(['ARBITER_URL', 'CACHE_URL'])('is refused for an %s it cannot speak to', (name) => {
    const config = readConfig({ ...stage.env, [name]: 'rediss://redis:6379' });
    expect(() => renderEdge(config, stage.dir)).toThrow(name);
  });
  it.each(['ARBITER_URL', 'CACHE_URL'])('knows where to look up the name of an %s', (name) => {
    const dir = join(stage.dir, 'named');
    renderEdge(readConfig({ ...stage.env, [name]: 'redis://redis.example:6379' }), dir);
    expect(readFileSync(join(dir, 'nginx.conf'), 'utf8')).toMatch(/^ *resolver \S+/m);
    expect(stage.file('nginx.conf')).not.toMatch(/^ *resolver /m);
  });
});

describe('the access log', () => {
  it('is a line of JSON per request: its gate and word, and neither token nor ticket', async () => {
    const sale = newSession();
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    const refused = await stage.lock(sale, { 'User-Agent': '"}' });
    const ticket = await stage.ask('/api/v1/me/stream?ticket=secret-ticket');
    const lines = () =>
      stage
        .file('access.log')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const lineFor = (id: unknown) => lines().find((line) => line.id === id);
    await vi.waitFor(() => {
      for (const { headers } of [refused, ticket])
        expect(lineFor(headers['x-request-id'])).toBeDefined();
    }, 4_000);
    expect(lineFor(refused.headers['x-request-id'])).toMatchObject({
      method: 'POST',
      path: `/api/v1/sessions/${sale}/locks`,
      route: 'locks',
      status: 409,
      gate: 'sold_out',
      word: 'SOLD_OUT',
      seconds: expect.any(Number),
      upstream: '',
    });
    expect(lineFor(ticket.headers['x-request-id'])).toMatchObject({
      path: '/api/v1/me/stream',
      status: 200,
      word: '',
    });
    expect(stage.file('access.log')).not.toContain('secret-ticket');
  });
});

describe('in production mode', () => {
  it('what stands for the world outside is absent', async () => {
    const production = await Stage.start({ env: { MODE: 'production' } });
    onTestFinished(() => production.end());
    for (const path of ['/api/v1/dev/token', '/api/v1/sandbox/payments/p1/succeed'])
      expectRefusal(await production.ask(path, { method: 'POST' }), 404, 'NOT_FOUND');
    expect(production.doors.seen).toEqual([]);
    expect((await production.ask('/api/v1/shows')).status).toBe(200);
  });
});
