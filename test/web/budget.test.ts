/** What a buyer's first visit costs: a rush begins with thousands of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { arePagesFresh, buildPages } from '../../bin/pages.ts';

const DIST = join(import.meta.dirname, '../../web/dist');
const FIRST_LOAD_MAX = 110 * 1_024;

beforeAll(async () => {
  if (!arePagesFresh()) await buildPages();
});

it('the first load is at most 110 KB, compressed', () => {
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  const named = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)];
  expect(named.length).toBeGreaterThan(1);
  const files = ['index.html', ...named.map(([, path]) => path!)];
  const bytes = files.map((name) => readFileSync(join(DIST, `${name}.gz`)).length);
  expect(bytes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(FIRST_LOAD_MAX);
});
