/**
 * Operators at work, in a real browser against the whole system: an order by its seat, a message
 * that died, a sale held against its books, a setting changed and taken back, all of it on record.
 */
import { Redis } from 'ioredis';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyspace } from '../../contracts/keys.ts';
import {
  type Buyer,
  buildHall,
  comeToBuy,
  freshUid,
  openSession,
  plainPlan,
} from '../flow/visitor.ts';
import { useStack } from '../support/stack.ts';
import { faultsOn, signInToConsole, startBrowser, type Visit, visit } from './browser.ts';

const stack = useStack();
const SETTING = 'seatsFreshMs';
let browser: Browser;
let redis: Redis;
let sessionId: string;
let buyer: Buyer;
let orderId: string;
let operator: Visit;
let page: Page;
beforeAll(async () => {
  browser = await startBrowser();
  redis = new Redis(stack().config.arbiterUrl);
  const hall = await buildHall(stack().url, plainPlan(2, 8));
  sessionId = await openSession(hall);
  buyer = await comeToBuy(stack().url, sessionId);
  const { body } = await buyer.lock({ seats: [2, 3] });
  orderId = body.orderId;
  await buyer.pay(orderId);
  await buyer.orderIn(orderId, ['PAID']);
  operator = await visit(browser, stack().url, { language: 'en', width: 1_280 });
  page = operator.page;
});
afterAll(async () => {
  await browser.close();
  await redis.quit();
});

const hear = (test: string, text: string | RegExp, timeout = 5_000) =>
  page.locator(`[data-test=${test}]`).filter({ hasText: text }).first().waitFor({ timeout });
const agree = async (reason?: string) => {
  await page.waitForSelector('[data-test=confirm][open]');
  if (reason) await page.fill('[data-test=confirm-reason]', reason);
  await page.click('[data-test=confirm-yes]');
  await page.waitForSelector('[data-test=confirm][open]', { state: 'detached' });
};
const pickSession = async () => {
  await page.fill('[data-test=session-text]', sessionId);
  await page.click('[data-test=session-hit]');
  await page.waitForSelector('[data-test=session-chosen]');
};
const sound = async () => expect(await faultsOn(page)).toEqual([]);

describe('an operator', () => {
  it('finds an order by its seat, and reads its life and its money', async () => {
    await signInToConsole(page, freshUid('operator'), 'operator', 'orders');
    await pickSession();
    await page.fill('[data-test=seat-text]', 'Stalls 1-3');
    await page.click('[data-test=search]');
    await page.locator('[data-test=order]').filter({ hasText: orderId }).waitFor();
    expect(await page.locator('[data-test=order]').count()).toBe(1);
    await sound();
    await page.click('[data-test=order]');
    await hear('state', 'Paid');
    await hear('steps', 'the buyer locked the seats');
    await hear('steps', 'the payment system said so');
    await page.getByText('No refund.').waitFor();
    expect(await page.getByText('Succeeded').count()).toBe(1);
    await sound();
  });

  it('is told of an order that there is not, and of one by its buyer', async () => {
    await page.goto(`/console/orders/${sessionId}-nothing`);
    await page.waitForSelector('[data-test=problem]');
    await page.goto(`/console/orders?uid=${buyer.uid}`);
    await page.locator('[data-test=order]').filter({ hasText: orderId }).waitFor();
    await page.goto(`/console/orders?uid=${buyer.uid}&state=CANCELLED`);
    await page.getByText('No order matches.').waitFor();
  });

  it('reads a dead letter, posts it again, sees it die again, and gives it up', async () => {
    const { namespace, shards } = stack().config;
    const keys = keyspace(namespace, shards);
    await redis.xadd(keys.stream('deadline.due', 0), '*', 'payload', '{"no":"of nobody"}');
    await page.goto('/console/dead-letters');
    const letter = page.locator('[data-test=letter]').first();
    for (let look = 0; look < 30 && !(await letter.isVisible()); look++) {
      await page.waitForTimeout(1_000);
      await page.getByRole('button', { name: 'Refresh' }).click();
    }
    await sound();
    await letter.click();
    await page.getByText('of nobody').waitFor();
    await sound();
    await page.click('[data-test=replay]');
    await agree();
    await hear('told', 'Replayed');
    await hear('watched', 'died again', 15_000);
    await page.click('[data-test=discard]');
    await agree('it names no order');
    await hear('letter-state', 'Discarded');
    await page.getByText('it names no order').waitFor();
    await page.goto('/console/dead-letters?state=discarded');
    await page.waitForSelector('[data-test=letter]');
  });

  it('holds a sale against its books, and nothing differs', async () => {
    await page.goto('/console/reconcile');
    await pickSession();
    await page.click('[data-test=reconcile]');
    await agree();
    await page.waitForSelector('[data-test=clean]');
    await hear('report', /Seats not free\s*2/);
    await sound();
    await page.goto('/console/audit');
    await page.getByText('Session compared and repaired').first().waitFor();
  });

  it('changes a setting with a reason, not to nonsense, and takes it back', async () => {
    await page.goto('/console/settings');
    await page.fill('[data-test=find]', SETTING);
    await sound();
    await page.click(`[data-test=${SETTING}]`);
    const before = await page.textContent('[data-test=value]');
    await page.fill('[data-test=fresh]', 'soon');
    await page.waitForSelector('[data-test=fault]');
    expect(await page.isDisabled('[data-test=set]')).toBe(true);
    for (const [value, reason] of [
      ['350', 'a hot evening'],
      ['450', 'a hotter one'],
    ] as const) {
      await page.fill('[data-test=fresh]', value);
      await page.click('[data-test=set]');
      await agree(reason);
      await hear('value', `${value} ms`);
    }
    await sound();
    await page.locator('[data-test=rollback]').first().click();
    await agree('it was enough');
    await hear('value', '350 ms');
    await page.click('[data-test=unset]');
    await agree('the evening is over');
    await hear('value', before!);
    await page.goto('/console/settings-diff');
    await page.getByText('No setting differs.').waitFor();
    await page.locator('[data-test=diffTo] option', { hasText: '' }).nth(2).waitFor({
      state: 'attached',
    });
    await page.selectOption('[data-test=diffTo]', { index: 2 });
    await hear('diff', SETTING);
    await sound();
  });

  it('finds on record who did what', async () => {
    await page.goto('/console/audit?view=settings');
    await page.getByText('a hotter one').waitFor();
    await sound();
    await page.click('[data-test=objects]');
    await page.fill('[data-test=target]', sessionId);
    await page.click('[data-test=search]');
    await page.getByText('Session published').waitFor();
    await page.locator('summary').first().click();
    await sound();
  });

  it('sees every process, and that they are well', async () => {
    await page.goto('/console/nodes');
    for (const service of ['seckill', 'order', 'payment', 'scheduler', 'config-center'])
      await hear('nodes', service);
    expect(await page.locator('.health.gone').count()).toBe(0);
    await sound();
  });

  it('reads all of it in Chinese, and on a telephone', async () => {
    await page.getByRole('button', { name: '中文' }).click();
    await page.setViewportSize({ width: 360, height: 800 });
    const pages = ['orders', `orders/${orderId}`, 'dead-letters', 'reconcile', 'audit', 'nodes'];
    for (const path of [...pages, 'settings', `settings/${SETTING}`, 'settings-diff']) {
      await page.goto(`/console/${path}`);
      await page.locator('h1').waitFor();
      await page.waitForSelector('.loading', { state: 'detached' });
      expect([path, ...(await faultsOn(page))]).toEqual([path]);
    }
    expect(operator.complaints).toEqual([]);
  });
});
