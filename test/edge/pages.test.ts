/** The pages as the edge serves them, and the description of the API, which is for operators. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arePagesFresh, buildPages } from '../../bin/pages.ts';
import { expectRefusal, Stage } from './stage.ts';

const ASSETS = join(import.meta.dirname, '../../web/dist/assets');
const HTML = { Accept: 'text/html,application/xhtml+xml' };

let stage: Stage;
beforeAll(async () => {
  if (!arePagesFresh()) await buildPages();
  stage = await Stage.start();
}, 120_000);
afterAll(() => stage.end());

describe('a page', () => {
  it.each(['/', '/shows/anything', '/docs'])(
    '%s is asked for each time, and trusts nobody',
    async (path) => {
      const { status, headers, text } = await stage.ask(path, { headers: HTML });
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers['cache-control']).toBe('no-cache');
      expect(headers['content-security-policy']).toContain("default-src 'self'; ");
      expect(headers['content-security-policy']).not.toMatch(/unsafe/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(text).toContain('<script type="module"');
    },
  );
  it('has files that are kept for ever, and come compressed', async () => {
    const script = readdirSync(ASSETS).find((name) => /^index-.*\.js$/.test(name))!;
    const { status, headers } = await stage.ask(`/assets/${script}`, {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'gzip',
      'content-type': 'text/javascript; charset=utf-8',
    });
  });
  it('that is none is one for a browser only: a program is told so', async () => {
    expectRefusal(await stage.ask('/shows/anything'), 404, 'NOT_FOUND');
    expectRefusal(await stage.ask('/assets/none.js'), 404, 'NOT_FOUND');
    expectRefusal(await stage.ask('/', { method: 'POST' }), 405, 'METHOD_NOT_ALLOWED');
    expect(stage.doors.seen).toEqual([]);
  });
});

it('the description of the API is for operators', async () => {
  const as = (role: string) => ({ headers: { Authorization: `Bearer ${stage.token({ role })}` } });
  expectRefusal(await stage.ask('/openapi.json'), 401, 'UNAUTHENTICATED');
  expectRefusal(await stage.ask('/openapi.json', as('organiser')), 403, 'FORBIDDEN');
  const { status, headers, json } = await stage.ask('/openapi.json', as('operator'));
  expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  expect(json.openapi).toBe('3.1.0');
});
