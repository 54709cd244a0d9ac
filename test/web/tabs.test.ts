/**
 * Several tabs of one browser look at the same hall through one stream: it is counted where it
 * arrives. Whoever leads may close, hide or hang; the others miss nothing.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page, Request, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { instancesOf } from '../../config/processes.ts';
import {
  type Buyer,
  buildHall,
  comeToBuy,
  freshUid,
  openSession,
  plainPlan,
} from '../flow/visitor.ts';
import { useStack } from '../support/stack.ts';
import { signInOn, startBrowser, type Visit, visit } from './browser.ts';

/** Rows of plainPlan(4, 12) begin at 0, 13, 26, 39; the second one is looked at. */
const ROW = 13;
const SEATS = 12;
/** Longer than two polls of the sale. */
const HEALED_MS = 12_000;

const stack = useStack();
let browser: Browser;
let visitor: Visit;
let sessionId: string;
let rivals: Buyer[];
/** The next free seat of the row. */
let next = ROW;
/** The page of each stream that was opened, in order. */
const openers: Page[] = [];

const isStream = (request: Request) => request.resourceType() === 'eventsource';
beforeAll(async () => {
  browser = await startBrowser();
  const hall = await buildHall(stack().url, plainPlan(4, SEATS));
  sessionId = await openSession(hall, { seatsPerBuyerMax: 6 });
  rivals = [await comeToBuy(stack().url, sessionId), await comeToBuy(stack().url, sessionId)];
  visitor = await visit(browser, stack().url, { language: 'zh-CN', width: 1_280 });
  await visitor.page.close();
  visitor.context.on('request', (request) => {
    if (isStream(request)) openers.push(request.frame().page());
  });
});
afterAll(() => browser.close());

/** Streams as the process that holds them has them: each is a connection. */
function streams(): number {
  const { portBase, mode } = stack().config;
  const { httpPort } = instancesOf(portBase, mode).find(({ name }) => name === 'live-1')!;
  const here = `:${httpPort!.toString(16).toUpperCase().padStart(4, '0')}`;
  const ESTABLISHED = '01';
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(here) && state === ESTABLISHED).length;
}
const streamsBecome = (count: number) => expect.poll(streams, { timeout: 6_000 }).toBe(count);

/** Another tab of the browser, at the hall. */
async function openTab(): Promise<Page> {
  const page = await visitor.context.newPage();
  await page.goto(`/sessions/${sessionId}`);
  await page.selectOption('[data-test=row]', '1');
  await page.waitForSelector(`button[data-seat="${ROW}"]`);
  return page;
}
async function takeSeat(): Promise<number> {
  const seat = next++;
  const { status, text } = await rivals[seat % 2]!.lock({ seats: [seat] });
  expect(status, text).toBe(201);
  return seat;
}
const isTaken = (page: Page, seat: number, timeout = 3_000) =>
  page.waitForSelector(`button.locked[data-seat="${seat}"]`, { timeout });
const isSeen = (page: Page, seen: boolean) =>
  page.evaluate(`
    Object.defineProperty(document, 'visibilityState', {
      value: '${seen ? 'visible' : 'hidden'}', configurable: true,
    });
    document.dispatchEvent(new Event('visibilitychange'));`);
const leader = () => openers.at(-1)!;
const follower = () => visitor.context.pages().find((page) => page !== leader())!;
const noStream = (page: Page) => page.locator('[data-test=degraded]').count();

it('tabs of one browser share a stream, and another browser has its own', async () => {
  const tabs = [await openTab(), await openTab(), await openTab()];
  await streamsBecome(1);
  expect(openers).toEqual([tabs[0]]);
  const other = await visit(browser, stack().url, { language: 'en', width: 360 });
  await other.page.goto(`/sessions/${sessionId}`);
  await streamsBecome(2);
  await other.context.close();
  await streamsBecome(1);
  const seat = await takeSeat();
  await Promise.all(tabs.map((tab) => isTaken(tab, seat)));
});

it('when the leading tab closes, the other goes on and has not missed what happened', async () => {
  const heir = follower();
  const handOver = async (route: Route) => {
    // The old stream is gone, and the new one is not there yet: nobody is told of this.
    const seat = await takeSeat();
    await sleep(300);
    await route.continue();
    missed.push(seat);
  };
  const missed: number[] = [];
  const before = await takeSeat();
  await isTaken(heir, before);
  await visitor.context.route('**/stream', handOver, { times: 1 });
  await leader().close();
  await expect.poll(() => missed.length, { timeout: 5_000 }).toBe(1);
  await isTaken(heir, missed[0]!);
  await streamsBecome(1);
  await isTaken(heir, await takeSeat());
  expect(await noStream(heir)).toBe(0);
});

it('a hidden tab lets another lead, and with the last one hidden there is no stream', async () => {
  const [first, second] = [leader(), follower()];
  await isSeen(first, false);
  await expect.poll(leader).toBe(second);
  await streamsBecome(1);
  await isTaken(second, await takeSeat());
  await isSeen(second, false);
  await streamsBecome(0);
  const missed = await takeSeat();
  await isSeen(first, true);
  await isTaken(first, missed);
  await streamsBecome(1);
  await isSeen(second, true);
  await isTaken(second, missed);
  await streamsBecome(1);
  expect(leader()).toBe(first);
});

it('a tab whose leader hangs finds out by itself', async () => {
  await leader().evaluate('BroadcastChannel.prototype.postMessage = () => undefined');
  await isTaken(follower(), await takeSeat(), HEALED_MS);
});

it('one who signs in has one more, for the orders of all tabs', async () => {
  await Promise.all(visitor.context.pages().map((page) => page.close()));
  await streamsBecome(0);
  const first = await openTab();
  await first.locator(`a[href^="/sign-in"]`).first().click();
  await signInOn(first, freshUid('tabs'));
  await streamsBecome(2);
  await openTab();
  await sleep(500);
  await streamsBecome(2);
  expect(visitor.complaints).toEqual([]);
});
