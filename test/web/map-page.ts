/**
 * A page with the seat map alone, for its tests and for `bench/map.ts`: the module as the pages
 * build it, on one canvas, with the hall of `web/seat-map/bench-page.ts`. No server is needed.
 */
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';

/** The page's script, built as the pages are, and kept in memory. */
export async function mapScript(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    root: join(import.meta.dirname, '../..'),
    build: {
      write: false,
      lib: { entry: 'web/seat-map/bench-page.ts', formats: ['iife'], name: 'bench' },
    },
  });
  const [first] = Array.isArray(built) ? built : [built];
  if (!first || !('output' in first)) throw new Error('vite watched instead of building');
  return first.output[0].code;
}

/** The canvas fills the window; the page's `hall` is what `open` of the bench page returns. */
export async function openMap(
  context: BrowserContext,
  script: string,
  seats: number,
): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  const style = 'html,body{margin:0}canvas{display:block;width:100vw;height:100vh}';
  await page.setContent(`<!doctype html><style>${style}</style><canvas></canvas>`);
  await page.addScriptTag({ content: script });
  await page.evaluate(`void (hall = bench.open(${seats}))`);
  return page;
}
