/**
 * A real browser for the tests of the pages: Debian's Chromium without a screen. What a page
 * complains of is kept, so that a test can say that there was nothing.
 */
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { arePagesFresh, buildPages } from '../../bin/pages.ts';
import { findProgram } from '../../bin/supervisor/binaries.mjs';

export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** A refusal is an answer, and a service that is away is weather: neither is a complaint. */
const STATUS_NOTED = /^Failed to load resource: /;

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, of the content security policy, of the network. */
  readonly complaints: string[];
}
export interface Look {
  readonly language: 'zh-CN' | 'en';
  readonly width: number;
}

/** What is used of a page's window: tests are compiled without the DOM. */
interface Window {
  readonly axe: typeof axe;
  readonly innerWidth: number;
  readonly document: { readonly documentElement: { readonly scrollWidth: number } };
}

/** Builds the pages if need be, and starts a browser. */
export async function startBrowser(): Promise<Browser> {
  if (!arePagesFresh()) await buildPages();
  const executablePath = findProgram('chromium') as string | undefined;
  if (!executablePath) throw new Error('chromium is missing: node bin/setup.mjs --for-tests');
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Somebody with a browser of their own: nothing is shared with another visit. */
export async function visit(browser: Browser, url: string, look: Look): Promise<Visit> {
  const viewport = { width: look.width, height: 800 };
  const context = await browser.newContext({ baseURL: url, viewport });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  await page.addInitScript((language) => {
    localStorage.setItem('hotseat.language', language);
  }, look.language);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !STATUS_NOTED.test(message.text()))
      complaints.push(message.text());
  });
  return { page, context, complaints };
}

/** What axe finds wrong with a page, one line each; and whether it is wider than its window. */
export async function faultsOn(page: Page): Promise<string[]> {
  // Not a script tag: the policy of the pages allows none but their own.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe, innerWidth, document } = globalThis as unknown as Window;
    const { violations } = await axe.run();
    const wide = document.documentElement.scrollWidth - innerWidth;
    return [
      ...violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`),
      ),
      ...(wide > 0 ? [`wider than its window by ${wide}px`] : []),
    ];
  });
}

/** Signs in on the page of the development issuer, and comes back to where one was. */
export async function signInOn(page: Page, uid: string): Promise<void> {
  await page.fill('#uid', uid);
  await page.click('form button[type=submit]');
  await page.waitForURL((url) => url.pathname !== '/sign-in');
}

/** Comes to the console as somebody with a role; `path` is below `/console/`. */
export async function signInToConsole(
  page: Page,
  uid: string,
  role: 'buyer' | 'organiser' | 'operator',
  path = 'sessions',
): Promise<void> {
  await page.goto(`/sign-in?to=${encodeURIComponent(`/console/${path}`)}`);
  await page.selectOption('#role', role);
  await signInOn(page, uid);
}
