/**
 * The console at work, in a real browser against the whole system: who is let in, an organiser who
 * turns a sale while a buyer looks on, an operator who looks into seats and gives them back.
 */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildHall,
  comeToBuy,
  freshUid,
  type Hall,
  openSession,
  plainPlan,
  signIn,
  statesOf,
  until,
} from '../flow/visitor.ts';
import { useStack } from '../support/stack.ts';
import { faultsOn, signInToConsole, startBrowser, type Visit, visit } from './browser.ts';

/** Rows of plainPlan(4, 12) begin at 0, 13, 26, 39. */
const SECOND_ROW = 13;
const THIRD_ROW = 26;

const stack = useStack();
let browser: Browser;
let hall: Hall;
let sessionId: string;
let organiser: Visit;
let operator: Visit;
beforeAll(async () => {
  browser = await startBrowser();
  hall = await buildHall(stack().url, plainPlan(4, 12));
  sessionId = await openSession(hall);
  organiser = await visit(browser, stack().url, { language: 'zh-CN', width: 1_280 });
  operator = await visit(browser, stack().url, { language: 'en', width: 1_280 });
});
afterAll(() => browser.close());

const uidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sub;
const buyerWith = async (...seats: number[]) => {
  const buyer = await comeToBuy(stack().url, sessionId);
  const { status, body } = await buyer.lock({ seats });
  expect(status).toBe(201);
  return { buyer, orderId: body.orderId as string };
};
const hear = (page: Page, test: string, text: string | RegExp, timeout = 5_000) =>
  page.locator(`[data-test=${test}]`).filter({ hasText: text }).first().waitFor({ timeout });
const agree = async (page: Page, reason?: string) => {
  await page.waitForSelector('[data-test=confirm][open]');
  if (reason) await page.fill('[data-test=confirm-reason]', reason);
  await page.click('[data-test=confirm-yes]');
  await page.waitForSelector('[data-test=confirm][open]', { state: 'detached' });
};
interface Mapped {
  readonly seatMap: { pointOf(seat: number): { x: number; y: number } };
}
const pointOf = (page: Page, seat: number) =>
  page
    .locator('[data-test=map]')
    .evaluate((map, seat) => (map as unknown as Mapped).seatMap.pointOf(seat), seat);

describe('the console', () => {
  it('asks whoever is not signed in to do so, and has nothing for buyers', async () => {
    const { page, complaints } = await visit(browser, stack().url, {
      language: 'zh-CN',
      width: 1_280,
    });
    await page.goto('/console');
    await page.getByText('请先登录').waitFor();
    expect(await faultsOn(page)).toEqual([]);
    await signInToConsole(page, freshUid('buyer'), 'buyer');
    await page.waitForSelector('[data-test=not-yours]');
    expect(await page.locator('#console-menu').count()).toBe(0);
    expect(await faultsOn(page)).toEqual([]);
    await page.goto('/');
    await page.waitForSelector('header.top');
    expect(await page.locator('header a[href="/console"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

describe('an organiser', () => {
  it('finds the session in the list, with what is left of it', async () => {
    const { page } = organiser;
    await signInToConsole(page, uidOf(hall.organiser.token!), 'organiser');
    const row = page.locator('table.rows tbody tr');
    await row.filter({ hasText: '48 / 48' }).waitFor();
    expect(await row.count()).toBe(1);
    expect(await row.textContent()).toContain('正在抢购');
    expect(await faultsOn(page)).toEqual([]);
    await page.click('[data-test=room]');
    await page.waitForSelector('[data-test=sale-state].OPEN');
    await page.waitForSelector('.live.live');
    expect(await page.textContent('[data-test=clock]')).toMatch(/^(59|1:00):\d\d$|^0:59/);
    expect(await faultsOn(page)).toEqual([]);
  });

  it('pauses and resumes the sale, and the browser of a buyer shows it', async () => {
    const { page } = organiser;
    const buyer = await visit(browser, stack().url, { language: 'en', width: 360 });
    await buyer.page.goto(`/sessions/${sessionId}`);
    await buyer.page.waitForSelector('[data-test=state].OPEN');
    const rival = await comeToBuy(stack().url, sessionId);

    await page.click('[data-test=pause]');
    await page.waitForSelector('[data-test=confirm][open]');
    expect(await faultsOn(page)).toEqual([]);
    await page.click('[data-test=confirm-no]');
    await page.waitForSelector('[data-test=sale-state].OPEN');
    await page.click('[data-test=pause]');
    await agree(page);
    await page.waitForSelector('[data-test=sale-state].PAUSED');
    await hear(page, 'told', '销售已暂停');
    await buyer.page.waitForSelector('[data-test=state].PAUSED', { timeout: 10_000 });
    expect((await rival.lock({ seats: [0] })).body.code).toBe('SALE_PAUSED');
    expect(await faultsOn(page)).toEqual([]);

    await page.click('[data-test=resume]');
    await agree(page);
    await page.waitForSelector('[data-test=sale-state].OPEN');
    await buyer.page.waitForSelector('[data-test=state].OPEN', { timeout: 10_000 });
    expect(buyer.complaints).toEqual([]);
    await buyer.context.close();
  });

  it('sees seats being locked and sold, and takes the sales home as a file', async () => {
    const { page } = organiser;
    const front = page.locator('[data-test=tiers] tr[data-tier=Front] td');
    const { buyer, orderId } = await buyerWith(0, 1);
    await front.nth(1).filter({ hasText: '2' }).waitFor({ timeout: 3_000 });
    await hear(page, 'rate-locked', /0\.[1-9]/);
    await buyer.pay(orderId);
    await front.nth(2).filter({ hasText: '2' }).waitFor({ timeout: 5_000 });
    expect(await front.first().textContent()).toContain('10');
    await hear(page, 'revenue', '¥1360.00', 15_000);
    await hear(page, 'orders-PAID', '1');
    expect(await page.locator('[data-test=sales] canvas').count()).toBe(1);
    expect(await faultsOn(page)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('[data-test=csv]'),
    ]);
    expect(download.suggestedFilename()).toBe(`sales-${sessionId}.csv`);
    const [head, line, ...rest] = readFileSync(await download.path(), 'utf8').split('\r\n');
    expect(head).toBe('\ufeffsessionId,from,to,tier,orders,seats,amountYuan');
    expect(line).toMatch(new RegExp(`^${sessionId},\\S+Z,\\S+Z,Front,1,2,1360.00$`));
    expect(rest).toEqual(['']);
  });

  it('is shown no numbers of the edge and no holder of a seat', async () => {
    const { page } = organiser;
    expect(await page.locator('[data-test=rate-refused]').count()).toBe(0);
    await page.getByRole('link', { name: '座位', exact: true }).click();
    await page.fill('[data-test=find]', '1 1');
    await page.press('[data-test=find]', 'Enter');
    await page.waitForSelector('[data-test=seat-state].SOLD');
    await page.getByText('仅平台运营可见').waitFor();
    expect(await page.locator('[data-test=holder]').count()).toBe(0);
    expect(await faultsOn(page)).toEqual([]);
  });

  it('is told so when the session of somebody else is opened', async () => {
    const { page } = organiser;
    const other = await buildHall(stack().url, plainPlan(1, 2));
    const foreign = await openSession(other, { tiers: [{ tier: 'Front', priceFen: 100 }] });
    await page.goto(`/console/sessions/${foreign}`);
    await page.waitForSelector('[data-test=problem]');
    expect(await faultsOn(page)).toEqual([]);
  });
});

describe('an operator', () => {
  it('sees what the gates of the edge refused, and why', async () => {
    const { page } = operator;
    await signInToConsole(page, freshUid('operator'), 'operator', `sessions/${sessionId}`);
    await page.waitForSelector('[data-test=sale-state].OPEN');
    const stranger = await signIn(stack().url);
    const lock = { seats: [5] };
    const { status } = await stranger.post(`/sessions/${sessionId}/locks`, lock);
    expect(status).toBe(403);
    await hear(page, 'gates', 'Permit invalid or expired');
    await hear(page, 'rate-refused', /0\.[1-9]/);
    expect(await faultsOn(page)).toEqual([]);
  });

  it('finds a locked seat, sees who has it, and gives it back with a reason', async () => {
    const { page } = operator;
    const { buyer, orderId } = await buyerWith(SECOND_ROW + 4, SECOND_ROW + 5);
    await page.getByRole('link', { name: 'Seats', exact: true }).click();
    await page.fill('[data-test=find]', 'stalls 2-5');
    await page.press('[data-test=find]', 'Enter');
    await page.waitForSelector('[data-test=seat-state].LOCKED');
    await hear(page, 'holder', buyer.uid);
    await hear(page, 'order', orderId);
    await hear(page, 'history', 'To be paid');
    expect(await faultsOn(page)).toEqual([]);
    await page.click('[data-test=free]');
    await page.waitForSelector('[data-test=confirm][open]');
    expect(await page.isDisabled('[data-test=confirm-yes]')).toBe(true);
    await agree(page, 'asked for by the hall');
    await page.waitForSelector('[data-test=seat-state].AVAILABLE');
    await hear(page, 'history', 'Cancelled');
    expect((await buyer.order(orderId)).body.state).toBe('CANCELLED');
    const admin = await signIn(stack().url, freshUid('operator'), 'operator');
    const { body } = await admin.get('/admin/audit?limit=100');
    expect(JSON.stringify(body.items)).toContain('asked for by the hall');
  });

  it('draws a box around seats and gives the locked ones back, order by order', async () => {
    const { page } = operator;
    await buyerWith(THIRD_ROW, THIRD_ROW + 1);
    const paid = await buyerWith(THIRD_ROW + 2);
    await paid.buyer.pay(paid.orderId);
    await paid.buyer.orderIn(paid.orderId, ['PAID']);
    await buyerWith(THIRD_ROW + 4);
    const sold = () => statesOf(stack().url, sessionId);
    await until('sold', 5_000, sold, (states) => states[THIRD_ROW + 2] === '2');
    await page.getByRole('button', { name: 'Whole hall' }).first().click();
    const [from, to] = [await pointOf(page, THIRD_ROW), await pointOf(page, THIRD_ROW + 11)];
    await page.keyboard.down('Shift');
    await page.mouse.move(from.x - 8, from.y - 8);
    await page.mouse.down();
    await page.mouse.move(to.x + 8, to.y + 8, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await hear(page, 'selection', '12 seats selected');
    await hear(page, 'count-LOCKED', /Locked\s*3/);
    await hear(page, 'count-SOLD', /Sold\s*1/);
    expect(await faultsOn(page)).toEqual([]);
    await page.click('[data-test=free-all]');
    await agree(page, 'rehearsal');
    await hear(page, 'report', 'Done 3/3');
    await hear(page, 'report', '3 seats released, 0 not');
    await hear(page, 'count-AVAILABLE', /Free\s*11/);
    expect((await statesOf(stack().url, sessionId)).slice(THIRD_ROW, THIRD_ROW + 12)).toBe(
      '002000000000',
    );
    expect(await faultsOn(page)).toEqual([]);
  });

  it('blocks what is free of them, and nobody can buy it until it is unblocked', async () => {
    const { page } = operator;
    await page.click('[data-test=block-all]');
    await agree(page, 'sight line');
    await hear(page, 'report', '11 seats blocked, 0 not');
    await hear(page, 'count-BLOCKED', /Blocked\s*11/);
    await hear(page, 'count-SOLD', /Sold\s*1/);
    expect(await faultsOn(page)).toEqual([]);
    const buyer = await comeToBuy(stack().url, sessionId);
    expect((await buyer.lock({ seats: [THIRD_ROW] })).body.code).toBe('SEAT_TAKEN');

    await page.fill('[data-test=find]', 'stalls 3-1');
    await page.press('[data-test=find]', 'Enter');
    await page.waitForSelector('[data-test=seat-state].BLOCKED');
    await hear(page, 'why', 'sight line');
    expect(await faultsOn(page)).toEqual([]);
    await page.click('[data-test=unblock]');
    await agree(page, 'mended');
    await page.waitForSelector('[data-test=seat-state].AVAILABLE');
    await hear(page, 'blocks', /sight line.*mended/);
    expect((await buyer.lock({ seats: [THIRD_ROW] })).status).toBe(201);
    await page.waitForSelector('[data-test=seat-state].LOCKED');

    await page.getByRole('link', { name: 'Room', exact: true }).click();
    const back = page.locator('[data-test=tiers] [data-test=blocked]');
    await back.filter({ hasText: '10' }).waitFor();
    expect(await faultsOn(page)).toEqual([]);
    await page.getByRole('link', { name: 'Seats', exact: true }).click();
    await page.waitForSelector('[data-test=map]');
  });

  it('looks at a seat with a click on the map', async () => {
    const { page } = operator;
    await page.fill('[data-test=find]', '#0');
    await page.press('[data-test=find]', 'Enter');
    await hear(page, 'seat', 'Stalls 1-1');
    const { x, y } = await pointOf(page, 3);
    await page.mouse.click(x, y);
    await hear(page, 'seat', 'Stalls 1-4');
  });

  it('is told when a sale has no seat left', async () => {
    const { page } = operator;
    const small = await buildHall(stack().url, plainPlan(1, 2));
    const tiers = [{ tier: 'Front', priceFen: 100 }];
    const soldOut = await openSession(small, { tiers });
    const buyer = await comeToBuy(stack().url, soldOut);
    expect((await buyer.lock({ seats: [0, 1] })).status).toBe(201);
    await page.goto(`/console/sessions/${soldOut}`);
    await page.waitForSelector('[data-test=sale-state].SOLD_OUT');
    await hear(page, 'tiers', 'Sold out');
    expect(await page.textContent('[data-test=left]')).toBe('0');
    expect(await faultsOn(page)).toEqual([]);
    await page.goto(`/console/sessions/${sessionId}/seats`);
  });

  it('closes the sale for good', async () => {
    const { page } = operator;
    await page.getByRole('link', { name: 'Room', exact: true }).click();
    await page.click('[data-test=close]');
    await agree(page);
    await page.waitForSelector('[data-test=sale-state].CLOSED');
    expect(await page.locator('[data-test=pause], [data-test=close]').count()).toBe(0);
    expect(await faultsOn(page)).toEqual([]);
  });
});

describe('with a telephone', () => {
  it('every page fits, and the menu opens when it is asked for', async () => {
    const { page, complaints } = await visit(browser, stack().url, { language: 'en', width: 360 });
    await signInToConsole(page, freshUid('operator'), 'operator');
    await page.waitForSelector('table.rows');
    expect(await page.locator('#console-menu').isVisible()).toBe(false);
    await page.click('.menu-button');
    expect(await page.locator('#console-menu').isVisible()).toBe(true);
    expect(await faultsOn(page)).toEqual([]);
    await page.goto(`/console/sessions/${sessionId}`);
    await page.waitForSelector('[data-test=sale-state]');
    expect(await faultsOn(page)).toEqual([]);
    await page.goto(`/console/sessions/${sessionId}/seats`);
    await page.fill('[data-test=find]', '1 1');
    await page.press('[data-test=find]', 'Enter');
    await page.waitForSelector('[data-test=history]');
    expect(await faultsOn(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('nobody heard a complaint of a script or of the policy', () => {
    expect(organiser.complaints).toEqual([]);
    expect(operator.complaints).toEqual([]);
  });
});
