/** Browsing shows: what finds them, in which order, and that the pages of a list are the list. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anna,
  as,
  boris,
  database,
  draftOf,
  faultsOf,
  makeDraft,
  makeShow,
} from './catalogue.support.ts';

type Item = { id: string; title: string; titleEn: string | null };
type List = { items: Item[]; nextCursor: string | null };
const list = (params: object) => as(undefined)<List>('show.list', params);
const titles = async (params: object) => (await list(params)).items.map(({ title }) => title);

/** Every page of a list, what `between` does happening between two. */
async function pages(params: object, between: () => Promise<unknown> = async () => undefined) {
  const seen: Item[] = [];
  let cursor: string | undefined;
  do {
    const page: List = await list({ ...params, ...(cursor && { cursor }) });
    seen.push(...page.items);
    cursor = page.nextCursor ?? undefined;
    if (cursor) await between();
  } while (cursor);
  return seen;
}

/** A session as it is when it was published; the arbiter is not asked for it. */
async function makeSession(showId: string, startsAt: string): Promise<void> {
  const { venue, template } = await somewhere();
  const draft = { ...draftOf(showId, venue.id, template.id), startsAt };
  const { id } = await as(anna)('session.create', draft);
  await database().query("UPDATE sessions SET stage = 'PUBLISHED' WHERE id = ?", {
    replacements: [id],
  });
}
let place: ReturnType<typeof makeDraft> | undefined;
function somewhere() {
  place ??= makeDraft(anna);
  return place;
}

describe('the list of shows', () => {
  test('finds by title, artist, city and category, newest first, `%` meaning itself', async () => {
    const mine = { city: 'Listville', category: 'listed' };
    await makeShow(anna, { title: '100% Hamlet', artist: 'Company', ...mine });
    await makeShow(boris, { title: '茶馆', artist: '北京人艺 100_', ...mine });
    await makeShow(anna, { title: 'Elsewhere', city: 'Other', category: 'listed' });
    const here = { city: 'Listville' };
    expect(await titles(here)).toEqual(['茶馆', '100% Hamlet']);
    expect(await titles({ ...here, q: 'hamlet' })).toEqual(['100% Hamlet']);
    expect(await titles({ ...here, q: '人艺' })).toEqual(['茶馆']);
    expect(await titles({ ...here, q: '0%' })).toEqual(['100% Hamlet']);
    expect(await titles({ ...here, q: '0_' })).toEqual(['茶馆']);
    expect(await titles({ ...here, q: '\\' })).toEqual([]);
    expect(await titles({ category: 'listed' })).toHaveLength(3);
    expect(await titles({ ...here, category: 'opera' })).toEqual([]);
  });

  test('is read page by page, each show once', async () => {
    for (let i = 0; i < 7; i++) await makeShow(anna, { title: `Page ${i}`, city: 'Pageville' });
    const seen = await pages({ city: 'Pageville', limit: '3' });
    expect(seen.map(({ title }) => title)).toEqual([6, 5, 4, 3, 2, 1, 0].map((i) => `Page ${i}`));
  });

  test.each([
    ['limit', { limit: 101 }],
    ['limit', { limit: 0 }],
    ['limit', { limit: 'many' }],
    ['/cursor', { cursor: 'xyz' }],
    ['sort', { sort: 'id' }],
    ['', { order: 'id' }],
    ['from', { from: '2027-02-30' }],
    ['to', { to: 'tomorrow' }],
    ['/to', { from: '2027-02-02', to: '2027-02-01' }],
    ['/to', { from: '2027-02-02T00:00:00Z', to: '2027-02-02T00:00:00Z' }],
  ])('refuses a wrong %s: %o', async (name, params) => {
    expect((await faultsOf(list(params)))[0]).toMatch(name);
  });
});

describe('a search', () => {
  const here = { city: 'Searchville' };
  test('finds part of a title or an artist, in Chinese and in English', async () => {
    await makeShow(anna, {
      ...here,
      title: '红楼梦（越剧）',
      titleEn: 'Dream of the Red Chamber',
      artist: '小百花',
      artistEn: 'Xiaobaihua Troupe',
    });
    await makeShow(anna, { ...here, title: 'Café 𠮷野 🎭', artist: 'Beyoncé' });
    for (const q of ['楼', '红楼梦', '越剧', 'RED chamber', '百花', 'xiaobai'])
      expect(await titles({ ...here, q }), q).toEqual(['红楼梦（越剧）']);
    for (const q of ['cafe', 'CAFÉ', 'ｃａｆｅ', '𠮷', '🎭', 'beyonce'])
      expect(await titles({ ...here, q }), q).toEqual(['Café 𠮷野 🎭']);
    for (const q of ['𠮸', '🎪', '楼红', "' OR 1=1 --", '\u0000x'])
      expect(await titles({ ...here, q }), q).toEqual([]);
    expect(await titles({ ...here, artist: 'XIAO' })).toEqual(['红楼梦（越剧）']);
    expect(await titles({ ...here, artist: '红楼' })).toEqual([]);
  });

  test('finds nothing that was removed', async () => {
    const { id } = await makeShow(anna, { ...here, title: '绝版' });
    expect(await titles({ q: '绝版' })).toEqual(['绝版']);
    await as(anna)('show.remove', { id });
    for (const sort of ['newest', 'title', 'soonest'])
      expect(await titles({ q: '绝版', sort })).toEqual([]);
  });

  test('says both languages in one answer', async () => {
    const { id } = await makeShow(anna, { title: '雷雨', titleEn: 'Thunderstorm' });
    const both = { title: '雷雨', titleEn: 'Thunderstorm', artistEn: null, descriptionEn: null };
    expect(await as(undefined)('show.get', { id })).toMatchObject(both);
  });
});

describe('a range of days', () => {
  const here = { city: 'Rangeville' };
  test('finds shows with a published session that starts in it, the soonest first', async () => {
    const a = await makeShow(anna, { ...here, title: 'A' });
    const b = await makeShow(anna, { ...here, title: 'B' });
    const c = await makeShow(anna, { ...here, title: 'C' });
    const drafted = await makeShow(anna, { ...here, title: 'Drafted' });
    await makeSession(a.id, '2099-03-05T12:00:00Z');
    await makeSession(a.id, '2099-03-01T23:59:59.999Z');
    await makeSession(b.id, '2099-03-03T00:00:00Z');
    await makeSession(c.id, '2000-01-01T00:00:00Z');
    const { venue, template } = await somewhere();
    await as(anna)('session.create', draftOf(drafted.id, venue.id, template.id));
    const found = (params: object) => titles({ ...here, ...params });
    expect(await found({ sort: 'soonest' })).toEqual(['A', 'B']);
    expect(await found({ sort: 'soonest', from: '2099-03-02' })).toEqual(['B', 'A']);
    expect(await found({ sort: 'soonest', from: '1999-12-31' })).toEqual(['C', 'A', 'B']);
    expect(await found({ from: '2099-03-01', to: '2099-03-01' })).toEqual(['A']);
    expect(await found({ from: '2099-03-01', to: '2099-03-03' })).toEqual(['B', 'A']);
    expect(await found({ from: '2099-03-02T00:00:00Z', to: '2099-03-03T00:00:00Z' })).toEqual([]);
    expect(await found({ to: '2000-01-01' })).toEqual(['C']);
    expect(await found({ from: '2099-03-02T07:00:00+08:00', sort: 'title' })).toEqual(['A', 'B']);
  });
});

describe('a cursor', () => {
  test('goes on with its own list only', async () => {
    const here = { city: 'Cursorville' };
    for (let i = 0; i < 3; i++) await makeShow(anna, { ...here, title: `C ${i}` });
    const { nextCursor } = await list({ ...here, limit: 1 });
    const cursor = nextCursor!;
    expect(await titles({ ...here, limit: 2, cursor })).toEqual(['C 1', 'C 0']);
    for (const other of [{ ...here, sort: 'title' }, { city: 'Elsewhere' }, { ...here, q: 'C' }])
      expect(await faultsOf(list({ ...other, cursor }))).toEqual(['/cursor unknown']);
    const forged = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    for (const [i, wrong] of [
      [1, 'x'],
      [2, "' OR 1=1"],
      [2, { $gt: '' }],
      [3, 9e15],
      [3, null],
    ] as const) {
      const mark = forged.with(i, wrong);
      const text = Buffer.from(JSON.stringify(mark)).toString('base64url');
      expect(await faultsOf(list({ ...here, cursor: text }))).toEqual(['/cursor unknown']);
    }
  });

  const SORTS = ['newest', 'title', 'soonest'] as const;
  test.each(SORTS)(
    '%s: the pages are the list, each show once, while others are added',
    async (sort) => {
      let round = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              title: fc.integer({ min: 0, max: 3 }),
              day: fc.integer({ min: 1, max: 3 }),
            }),
            { maxLength: 12 },
          ),
          fc.integer({ min: 1, max: 5 }),
          async (rows, limit) => {
            const city = `${sort}ville ${round++}`;
            const add = async ({ title, day }: { title: number; day: number }) => {
              const { id } = await makeShow(anna, { title: `T${title}`, city });
              await makeSession(id, `2099-01-0${day}T00:00:00Z`);
              if (title > 1) await makeSession(id, '2099-01-04T00:00:00Z');
              return id;
            };
            const there: string[] = [];
            for (const row of rows) there.push(await add(row));
            const whole = await pages({ city, sort, limit: 100 });
            expect(whole.map(({ id }) => id).sort()).toEqual(there.toSorted());
            const added = new Set<string>();
            const between = async () => added.add(await add({ title: added.size % 4, day: 2 }));
            const seen = (
              await pages({ city, sort, limit }, () =>
                added.size < 4 ? between() : Promise.resolve(),
              )
            ).map(({ id }) => id);
            expect(new Set(seen).size).toBe(seen.length);
            expect(seen.filter((id) => !added.has(id))).toEqual(whole.map(({ id }) => id));
          },
        ),
        { numRuns: 6 },
      );
    },
  );
});
