/**
 * A buyer at the pages, from the search to the ticket, in a real browser against the whole system;
 * and somebody else with a telephone, in another language, who sees what becomes of the seats.
 */
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildHall,
  comeToBuy,
  freshUid,
  type Hall,
  isoIn,
  openSession,
  plainPlan,
} from '../flow/visitor.ts';
import { useStack } from '../support/stack.ts';
import { faultsOn, signInOn, startBrowser, type Visit, visit } from './browser.ts';

/** Long enough to load a page and reserve; the test waits for the rest of it. */
const OPENS_AFTER_MS = 20_000;
/** Rows of plainPlan(4, 12) begin at 0, 13, 26, 39: one number between two rows is a gap. */
const SECOND_ROW = 13;

const stack = useStack();
let browser: Browser;
let hall: Hall;
beforeAll(async () => {
  browser = await startBrowser();
  hall = await buildHall(stack().url, plainPlan(4, 12));
});
afterAll(() => browser.close());

const seat = (page: Page, number: number) => page.locator(`button[data-seat="${number}"]`);
const chooseRow = (page: Page, row: number) => page.selectOption('[data-test=row]', String(row));
const become = (page: Page, number: number, state: string) =>
  page.waitForSelector(`button.${state}[data-seat="${number}"]`, { timeout: 5_000 });
/** As a hand would: the map says where the seat is, the mouse goes there. */
async function clickOnMap(page: Page, number: number): Promise<void> {
  const canvas = page.locator('[data-test=map]');
  await canvas.scrollIntoViewIfNeeded();
  interface Mapped {
    readonly seatMap: {
      focusSeat(seat: number): void;
      pointOf(seat: number): { x: number; y: number };
    };
  }
  await canvas.evaluate((map, seat) => (map as unknown as Mapped).seatMap.focusSeat(seat), number);
  const { x, y } = await canvas.evaluate(
    (map, seat) => (map as unknown as Mapped).seatMap.pointOf(seat),
    number,
  );
  await page.mouse.click(x, y);
}

describe('a buyer', () => {
  let sessionId: string;
  let buyer: Visit;
  let watcher: Visit;
  beforeAll(async () => {
    buyer = await visit(browser, stack().url, { language: 'zh-CN', width: 1_280 });
    watcher = await visit(browser, stack().url, { language: 'en', width: 360 });
  });

  it('finds the show, signs in, reserves before the opening and is let in by it', async () => {
    const { page } = buyer;
    await page.goto('/');
    await page.fill('input[type=search]', 'Test show');
    await page.route('**/shows?*', (route) => route.abort(), { times: 1 });
    await page.click('form[role=search] button');
    await page.getByText('网络不通，请检查后重试').waitFor();
    await page.reload();
    await page.fill('input[type=search]', 'Test show');
    await page.click('form[role=search] button');
    await page.locator('a.show').first().waitFor();
    expect(await faultsOn(page)).toEqual([]);
    await page.locator('a.show').first().click();
    await page.getByText('暂时没有场次').waitFor();
    expect(await faultsOn(page)).toEqual([]);
    await page.getByRole('link', { name: '登录' }).click();
    expect(await faultsOn(page)).toEqual([]);
    await signInOn(page, freshUid('browser'));
    sessionId = await openSession(hall, { saleOpensAt: isoIn(OPENS_AFTER_MS) });
    await page.goto(`/sessions/${sessionId}`);
    await page.click('[data-test=reserve]');
    await page.getByText('已预约').waitFor();
    expect(await page.textContent('[data-test=countdown]')).toMatch(/^0:(?:20|[01]\d)$/);
    expect(await page.isDisabled('[data-test=best]')).toBe(true);
    await page.waitForSelector('[data-test=state].OPEN', { timeout: OPENS_AFTER_MS + 10_000 });
    expect(await faultsOn(page)).toEqual([]);
    await page.locator('.crumb a').click();
    await page.locator(`a[href="/sessions/${sessionId}"] .state.OPEN`).waitFor();
    expect(await faultsOn(page)).toEqual([]);
    await page.click(`a[href="/sessions/${sessionId}"]`);
    await page.waitForSelector('button[data-seat]');
  });

  it('is beaten to a seat, told by whom it can be replaced, and swaps with one tap', async () => {
    const { page } = buyer;
    const rival = await comeToBuy(stack().url, sessionId);
    await watcher.page.goto(`/sessions/${sessionId}`);
    await chooseRow(watcher.page, 1);
    await chooseRow(page, 1);
    await clickOnMap(page, SECOND_ROW + 4);
    await become(page, SECOND_ROW + 4, 'mine');
    await seat(page, SECOND_ROW + 5).click();
    // The rival's lock arrives while the buyer's is on its way.
    const overtaken = async (route: Route) => {
      await rival.lock({ seats: [SECOND_ROW + 5] });
      await route.continue();
    };
    await page.route('**/locks', overtaken, { times: 1 });
    await page.click('[data-test=lock]');
    await page.waitForSelector('[data-test=conflict]');
    const lost = await page.textContent('[data-test=conflict] [role=alert]');
    expect(lost).toBe('Stalls 2排6座 刚被抢走');
    const swap = await page.locator('[data-test=swap]').first().textContent();
    expect(swap).toMatch(/换成 Stalls 2排\d+-\d+座[\s\S]*同价，连座/);
    expect(await faultsOn(page)).toEqual([]);
    await page.locator('[data-test=swap]').first().click();
    await page.waitForURL(/\/orders\//);
    await page.waitForSelector('[data-test=order-state].LOCKED');
    expect(await page.locator('[role=timer]').first().textContent()).toMatch(/^0:[345]\d|1:00$/);
    await become(watcher.page, SECOND_ROW + 5, 'locked');
    expect(await watcher.page.locator('button.locked[data-seat]').count()).toBe(3);
  });

  it('pays, gets a ticket for each seat, and finds the order again', async () => {
    const { page } = buyer;
    expect(await faultsOn(page)).toEqual([]);
    await page.click('[data-test=pay]');
    await page.click('[data-test=succeed]');
    await page.waitForSelector('[data-test=ticket]');
    expect(await page.locator('svg.qr').count()).toBe(2);
    expect(await page.textContent('[data-test=order-state]')).toContain('已支付');
    expect(await faultsOn(page)).toEqual([]);
    await page.reload();
    await page.waitForSelector('[data-test=ticket]');
    await page.goto('/orders');
    await page.getByText('其他订单').waitFor();
    expect(await faultsOn(page)).toEqual([]);
    await watcher.page.locator('button.sold[data-seat]').nth(1).waitFor();
  });

  it('with a telephone, in English, loses a chosen seat and is told at once', async () => {
    const { page } = watcher;
    await page.getByRole('link', { name: 'Sign in to take part' }).click();
    expect(await faultsOn(page)).toEqual([]);
    await signInOn(page, freshUid('browser'));
    await page.click('[data-test=reserve]');
    await page.getByText('Reserved').waitFor();
    await chooseRow(page, 2);
    await seat(page, 26).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForSelector('button.mine[data-seat="27"]');
    const rival = await comeToBuy(stack().url, sessionId);
    expect((await rival.lock({ seats: [27] })).status).toBe(201);
    await become(page, 27, 'lost');
    await page.waitForSelector('[data-test=chosen] .lost');
    expect(await page.textContent('[data-test=said]')).toContain('was just taken');
    expect(await faultsOn(page)).toEqual([]);
  });

  it('is told that the live connection is down, and sees the seats all the same', async () => {
    const { page } = watcher;
    await stack().stopOne('live-1');
    await page.waitForSelector('[data-test=degraded]');
    const rival = await comeToBuy(stack().url, sessionId);
    expect((await rival.lock({ seats: [30] })).status).toBe(201);
    await page.waitForSelector('button.locked[data-seat="30"]');
    expect(await faultsOn(page)).toEqual([]);
    await stack().restart('live-1');
    await page.waitForSelector('[data-test=degraded]', { state: 'detached', timeout: 20_000 });
  });

  it('heard no complaint of a script or of the policy', () => {
    expect(buyer.complaints).toEqual([]);
    expect(watcher.complaints).toEqual([]);
  });
});

describe('an order that nobody pays', () => {
  /** Long enough to see the last ten seconds begin. */
  const LOCK_MS = 14_000;
  let visitor: Visit;
  let sessionId: string;
  beforeAll(async () => {
    sessionId = await openSession(hall, { lockMs: LOCK_MS, reservationRequired: false });
    visitor = await visit(browser, stack().url, { language: 'en', width: 360 });
    await visitor.page.goto(`/sign-in?to=/sessions/${sessionId}`);
    await signInOn(visitor.page, freshUid('browser'));
  });
  const lockOne = async ({ page }: Visit, number: number) => {
    await chooseRow(page, 0);
    await seat(page, number).click();
    await page.click('[data-test=lock]');
    await page.waitForSelector('[data-test=order-state].LOCKED');
  };

  it('is cancelled by its buyer, who is asked once, and its seat is free again', async () => {
    const { page } = visitor;
    await lockOne(visitor, 0);
    await page.getByRole('button', { name: 'Cancel the order' }).click();
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('button', { name: 'Cancel the order' }).click();
    expect(await faultsOn(page)).toEqual([]);
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.waitForSelector('[data-test=order-state].CANCELLED');
    await page.getByText('The seats were released').waitFor();
    await page.getByRole('link', { name: 'Open the session' }).click();
    await chooseRow(page, 0);
    await become(page, 0, 'available');
  });

  it('is spoken of when little time is left, ends by its deadline, and says so', async () => {
    const { page } = visitor;
    await lockOne(visitor, 1);
    await page.getByText('10 seconds left to pay').waitFor({ state: 'attached' });
    expect(await page.locator('aside.deadline.urgent [role=timer]').count()).toBe(1);
    await page.goto(`/sessions/${sessionId}`);
    await page.locator('aside.deadline').waitFor();
    await page.getByRole('link', { name: /^Pay/ }).click();
    await page.waitForSelector('[data-test=order-state].TIMEOUT_CANCELLED');
    expect(await faultsOn(page)).toEqual([]);
    await page.getByText('The seats were released').waitFor();
    await page.locator('aside.deadline').waitFor({ state: 'detached' });
    expect(visitor.complaints).toEqual([]);
  });
});

describe('the pages as they are served', () => {
  const html = { accept: 'text/html' };
  it('are kept for good when their name says what is in them, and asked for when not', async () => {
    const page = await fetch(`${stack().url}/orders`, { headers: html });
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())![1]!;
    const asset = await fetch(stack().url + script);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-encoding')).toBe('gzip');
    for (const { headers } of [page, asset]) {
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('same-origin');
    }
  });
  it('are not given to a program that asks for what is not there', async () => {
    const answer = await fetch(`${stack().url}/nowhere`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND' });
  });
});
