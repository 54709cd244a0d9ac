/**
 * An organiser in a real browser makes a venue, a plan, a show and a session of it, and publishes
 * it; a buyer's browser sees it. On the way: a plan with faults, a removal that is refused.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshUid } from '../flow/visitor.ts';
import { useStack } from '../support/stack.ts';
import { faultsOn, signInToConsole, startBrowser, type Visit, visit } from './browser.ts';

const stack = useStack();
const uid = freshUid('org');
let browser: Browser;
let desk: Visit;
let page: Page;
const SHOW = `Night of ${uid}`;

beforeAll(async () => {
  browser = await startBrowser();
  desk = await visit(browser, stack().url, { language: 'zh-CN', width: 1_280 });
  ({ page } = desk);
});
afterAll(() => browser.close());

const at = (name: string) => page.locator(`[data-test=${name}]`);
const nameIn = (of: string) => page.locator(`[name=${of}]`);
const told = (words: string) => page.locator('[data-test=told]', { hasText: words }).waitFor();
const heading = (words: string) => page.locator('h1', { hasText: words }).waitFor();
/** A table in which the seat of line 3 stands again on line 4, and line 5 has a bad coordinate. */
const FAULTY = ['区,排,座,票档,x,y', 'A,1,1,VIP,0,0', 'A,1,2,VIP,24,0', 'A,1,2,VIP,48,0'];
const seats = Array.from({ length: 40 }, (_, i) => {
  const [row, seat] = [1 + Math.floor(i / 10), 1 + (i % 10)];
  return `A,${row},${seat},${row === 1 ? 'VIP' : '普通'},${seat * 24},${row * 32}`;
});
const choose = (name: string, text: string | Buffer) =>
  page.setInputFiles('[data-test=file]', {
    name,
    mimeType: name.endsWith('.csv') ? 'text/csv' : 'application/json',
    buffer: Buffer.from(text as string),
  });

it('makes a venue', async () => {
  await signInToConsole(page, uid, 'organiser', 'venues');
  await at('none').waitFor();
  expect(await faultsOn(page)).toEqual([]);
  await at('new').click();
  await nameIn('name').fill('测试大厅');
  await nameIn('city').fill('上海');
  expect(await faultsOn(page)).toEqual([]);
  await at('save').click();
  await told('已保存');
  await heading('测试大厅');
  expect(new URL(page.url()).pathname).toMatch(/^\/console\/venues\/[0-9A-Za-z-]{10,}$/);
});

it('is told in which lines of a plan what is wrong, and keeps the right one', async () => {
  await page.goto('/console/templates');
  await at('new').click();
  expect(await faultsOn(page)).toEqual([]);
  const broken = `{\n"name": "${'x'.repeat(60)}", [\n${' '.repeat(60)}}`;
  await choose('plan.json', broken);
  await at('unreadable').filter({ hasText: '第 2 行' }).waitFor();
  // By its path: so many bytes are not sent through the wire to the browser.
  const large = join(mkdtempSync(join(tmpdir(), 'plan-')), 'large.csv');
  writeFileSync(large, '');
  truncateSync(large, 33 * 1_024 * 1_024);
  await page.setInputFiles('[data-test=file]', large);
  await at('unreadable').filter({ hasText: '32 MB' }).waitFor();
  rmSync(dirname(large), { recursive: true });
  await choose('hall.csv', [...FAULTY, 'A,1,3,VIP,left,0'].join('\n'));
  await at('invalid').waitFor();
  const faults = await at('fault').allInnerTexts();
  expect(faults.map((said) => said.split('\t')[0]!.trim())).toEqual(
    expect.arrayContaining(['第 4 行 · 座', '第 5 行 · x']),
  );
  expect(await faultsOn(page)).toEqual([]);
  expect(await at('keep').isDisabled()).toBe(true);

  await choose('hall.csv', [FAULTY[0], ...seats].join('\n'));
  await at('valid').waitFor();
  expect(await at('valid').innerText()).toContain('40 座');
  expect(await at('valid').innerText()).toContain('UTF-8');
  await at('preview').waitFor();
  await at('pick-venues').selectOption({ label: '测试大厅' });
  await nameIn('name').fill('一号图');
  expect(await faultsOn(page)).toEqual([]);
  await at('keep').click();
  await heading('一号图');
  await at('preview').waitFor();
  expect(await faultsOn(page)).toEqual([]);
});

it('keeps a version, and downloads the one before letter for letter', async () => {
  await at('new-version').click();
  const second = JSON.stringify({
    name: 'two',
    categories: [{ name: 'VIP', color: '#0072b2' }, { name: '普通' }],
    zones: ['A', 'B'].map((name, z) => ({
      name,
      position: { x: 0, y: z * 200 },
      rows: Array.from({ length: 4 }, (_, r) => ({
        row_number: String(r + 1),
        position: { x: 0, y: r * 32 },
        seats: Array.from({ length: 12 }, (_, s) => ({
          seat_guid: `${name}-${r}-${s}`,
          seat_number: String(s + 1),
          position: { x: s * 24, y: 0 },
          category: z === 0 ? 'VIP' : '普通',
        })),
      })),
    })),
    size: { width: 400, height: 400 },
    kept: 'whatever  it says',
  });
  await choose('two.json', `${second.slice(0, -1)}   }`);
  await at('valid').waitFor();
  await at('keep').click();
  await at('confirm-yes').click();
  await told('已保存');
  await at('download').nth(1).waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    at('download').first().click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await saved.createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe(`${second.slice(0, -1)}   }`);
  await nameIn('name').fill('二号图');
  await at('rename').click();
  await heading('二号图');
  expect(await faultsOn(page)).toEqual([]);
});

it('draws a simple hall from numbers', async () => {
  await page.goto('/console/templates/new');
  await at('way-hall').click();
  await at('draw').click();
  await at('valid').waitFor();
  expect(await at('valid').innerText()).toContain('200 座');
  expect(await faultsOn(page)).toEqual([]);
});

it('makes a show and a session, publishes it, and a buyer sees it', async () => {
  await page.goto('/console/shows/new');
  await nameIn('title').fill(SHOW);
  await nameIn('titleEn').fill(`${SHOW} in English`);
  await nameIn('category').fill('concert');
  await nameIn('city').fill('上海');
  await at('save').click();
  await told('已保存');
  await at('none').waitFor();
  expect(await faultsOn(page)).toEqual([]);
  await at('new-session').click();
  await at('pick-venues').selectOption({ label: '测试大厅' });
  await at('pick-seat-templates').selectOption({ label: '二号图' });
  await page.fill('[data-tier=VIP]', '680');
  expect(await at('save').isDisabled()).toBe(true);
  await page.fill('[data-tier=普通]', '280.50');
  expect(await faultsOn(page)).toEqual([]);
  await at('save').click();
  await told('已保存');
  expect(await page.inputValue('[data-tier=普通]')).toBe('280.50');
  await at('publish').click();
  const asked = await page.innerText('#confirm-says');
  expect(asked).toContain('VIP ¥680.00');
  expect(await faultsOn(page)).toEqual([]);
  await at('confirm-yes').click();
  await at('to-room').waitFor({ timeout: 30_000 });
  await at('fixed').waitFor();
  expect(await nameIn('saleOpensAt').isDisabled()).toBe(true);
  expect(await nameIn('startsAt').isDisabled()).toBe(false);
  expect(await faultsOn(page)).toEqual([]);

  const buyer = await visit(browser, stack().url, { language: 'zh-CN', width: 1_280 });
  await buyer.page.goto('/');
  await buyer.page.fill('input[type=search]', SHOW);
  await buyer.page.click('form[role=search] button');
  await buyer.page.locator('a.show', { hasText: SHOW }).click();
  await buyer.page.locator('a[href^="/sessions/"]').first().waitFor();
  expect(buyer.complaints).toEqual([]);
  await buyer.context.close();
});

it('says by what a show is used that cannot be deleted, and finds it by its name', async () => {
  await page.goto('/console/shows');
  await at('search').fill('no such show');
  await at('none').waitFor();
  await at('search').fill(SHOW.slice(3));
  await at('show').click();
  await at('session').waitFor();
  await at('remove').click();
  await at('confirm-yes').click();
  await page.locator('.confirm [data-test=problem]', { hasText: '仍被使用' }).waitFor();
  expect(await faultsOn(page)).toEqual([]);
  await at('confirm-no').click();
});

it('is as good in English, on a telephone, for an operator who sees everything', async () => {
  const phone = await visit(browser, stack().url, { language: 'en', width: 360 });
  await signInToConsole(phone.page, freshUid('op'), 'operator', 'shows');
  const seen = async (what: string) => {
    await phone.page.locator(what).first().waitFor();
    expect(await faultsOn(phone.page), phone.page.url()).toEqual([]);
  };
  await seen('[data-test=show]');
  await phone.page.locator('[data-test=show]').first().click();
  await seen('[data-test=session]');
  await phone.page.getByRole('link', { name: 'Terms' }).click();
  await seen('[data-test=fixed]');
  await phone.page.goto('/console/venues');
  await seen('[data-test=venue]');
  await phone.page.locator('[data-test=venue]').first().click();
  await seen('[data-test=save]');
  await phone.page.goto('/console/templates');
  await seen('[data-test=template]');
  await phone.page.locator('[data-test=template]').first().click();
  await seen('[data-test=preview]');
  await phone.page.goto('/console/templates/new');
  await seen('[data-test=file]');
  expect([...phone.complaints, ...desk.complaints]).toEqual([]);
  await phone.context.close();
});
