/**
 * What a client may make the catalogue do and see, over HTTP: nothing but what its rules name. The
 * library beneath takes queries, columns and populations from whoever may reach it; nobody may.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODIES, type Catalogue, makeAll, openCatalogue } from './catalogue-door.ts';

const ANNA = { uid: 'anna', role: 'organiser' };
const OLGA = { uid: 'olga', role: 'operator' };

let door: Catalogue;
let made: Awaited<ReturnType<typeof makeAll>>;
beforeAll(async () => {
  door = await openCatalogue();
  made = await makeAll(door, ANNA);
  await door.does(`POST /admin/sessions/${made.session.id}/publish`, { ...ANNA, body: {} });
});
afterAll(() => door.close());

const LISTS = ['/shows', '/admin/shows', '/admin/venues', '/admin/sessions', '/admin/audit'];

describe.each(LISTS)('GET %s', (path) => {
  test.each([
    'query={"ownerUid":"anna"}',
    'query[ownerUid]=anna',
    'search=anna&searchFields=ownerUid',
    'searchFields=ownerUid',
    'fields=ownerUid,version',
    'excludeFields=title',
    'populate=ownerUid',
    'sort=-ownerUid',
    'sort=ownerUid;DROP TABLE shows',
    'order=id',
    'offset=5',
    'page=2&pageSize=3',
    'mapping=true',
    'scope=none',
    'where={"id":1}',
    '$where=1',
    '__proto__=x',
    '__proto__[admin]=1',
    'constructor=x',
    'limit=1&limit=2',
    'limit[]=1',
    'limit=1e9',
    'limit=-1',
    'limit=2.5',
    'limit=',
    'cursor=%00',
    'cursor=x&cursor=y',
    `cursor=${'A'.repeat(2_000)}`,
    `cursor=${Buffer.from("0' OR '1'='1").toString('base64url')}`,
  ])('refuses ?%s, naming it', async (query) => {
    const { status, json } = await door.ask(`GET ${path}?${encodeURI(query)}`, OLGA);
    expect(status, JSON.stringify(json)).toBe(422);
    expect(json.code).toBe('VALIDATION_FAILED');
    for (const { pointer } of json.errors) expect(pointer).toMatch(/^\/./);
  });
});

test('searching finds text only: nothing of a search becomes a statement', async () => {
  const title = 'O\'Brien \\ 100% _ "x" -- ;';
  await door.does('POST /admin/shows', { ...ANNA, body: { title, category: 'odd' } });
  const found = async (q: string) =>
    (await door.does(`GET /shows?category=odd&q=${encodeURIComponent(q)}`, {})).items.length;
  for (const q of ["O'B", '\\', '0%', ' _ ', '"x"', '-- ;', title])
    expect(await found(q), q).toBe(1);
  for (const q of ['%%', '__', "' OR ''='", '\u0000', '\\\\', '*', ':q', ':city', '?'])
    expect(await found(q), q).toBe(0);
});

/** Members of what buyers see that are the organiser's alone. */
const HIDDEN = /ownerUid|"version"|createdAt|updatedAt|removedAt|saleSwitch|"stage"|seatTemplateId/;

test('what everybody may read has no hidden columns', async () => {
  const { show, venue, session } = made;
  for (const path of ['/shows', `/shows/${show.id}`, `/venues/${venue.id}`]) {
    const { status, text } = await door.ask(`GET ${path}`);
    expect(status).toBe(200);
    expect(text).not.toMatch(HIDDEN);
  }
  const { json, text } = await door.ask(`GET /shows/${show.id}`);
  expect(json.sessions).toMatchObject([{ id: session.id }]);
  expect(text).not.toMatch(/anna/);
});
test.each(['venues', 'shows', 'sessions', 'seat-templates'])(
  'nor do organisers see whose, or what is removed: %s',
  async (path) => {
    const { text } = await door.ask(`GET /admin/${path}`, ANNA);
    expect(text).not.toMatch(/ownerUid|removedAt|"plan"|"layout"/);
  },
);

const KINDS = [
  ['venues', BODIES.venue],
  ['shows', BODIES.show],
] as const;

describe.each(KINDS)('POST /admin/%s', (path, whole) => {
  const post = (body: object | string) => door.ask(`POST /admin/${path}`, { ...ANNA, body });
  const pointers = (errors: { pointer: string }[]) => errors.map(({ pointer }) => pointer);

  test.each([
    'id',
    'ownerUid',
    'version',
    'createdAt',
    'updatedAt',
    'removedAt',
    'entity',
    'entities',
    'ifMatch',
    'constructor',
    'toString',
    'hasOwnProperty',
    '$$strict',
    'a/b~c',
  ])('does not take %s', async (name) => {
    const { status, json } = await post({ ...whole, [name]: 'x' });
    expect(status).toBe(422);
    const escaped = name.replace('~', '~0').replace('/', '~1');
    expect(pointers(json.errors)).toEqual([`/${escaped}`]);
  });

  test('does not take a prototype', async () => {
    const text = JSON.stringify(whole).replace(/^\{/, '{"__proto__":{"role":"operator"},');
    const { status, json } = await post(text);
    expect([status, json.errors?.length]).toEqual([422, 1]);
    expect(({} as Record<string, unknown>).role).toBeUndefined();
  });

  const [first] = Object.keys(whole) as [string];
  test.each([
    ['a number', 7],
    ['a truth', true],
    ['a list', ['Hamlet']],
    ['an object', { $like: '%' }],
    ['nothing', null],
    ['blanks', ' \t '],
    ['a NUL', 'Ham\u0000let'],
    ['a line break', 'Ham\nlet'],
    ['half a character', 'Ham\ud83c'],
    ['more than a column holds', '字'.repeat(191)],
  ])('does not take %s for a text', async (_name, value) => {
    const { status, json } = await post({ ...whole, [first]: value });
    expect(status).toBe(422);
    expect(pointers(json.errors)).toEqual([`/${first}`]);
  });

  test('keeps what is text as it came', async () => {
    for (const text of ['🎭𠮷', "Robert'); DROP TABLE shows;--", '字'.repeat(190), '{{7*7}}']) {
      const { status, json, headers } = await post({ ...whole, [first]: text });
      expect([status, json[first]]).toEqual([201, text]);
      expect(headers.location).toBe(`/api/v1/admin/${path}/${json.id}`);
      const read = await door.ask(`GET /admin/${path}/${json.id}`, ANNA);
      expect(read.json[first]).toBe(text);
    }
  });

  test('does not take many at once', async () => {
    expect((await post([whole, whole])).status).toBe(422);
    expect((await post({ entities: [whole] })).status).toBe(422);
  });
});

test('a session takes nothing unknown at any depth, and numbers only as numbers', async () => {
  const { show, venue, template } = made;
  const whole = BODIES.session(show.id, venue.id, template.id);
  const wrong: [object, string][] = [
    [{ tiers: [{ tier: 'A', priceFen: 1, name: 'x' }] }, '/tiers/0/name'],
    [{ tiers: [{ tier: 'A', priceFen: '1' }] }, '/tiers/0/priceFen'],
    [{ tiers: [{ tier: 'A', priceFen: 1.5 }] }, '/tiers/0/priceFen'],
    [{ tiers: [{ tier: ['A'], priceFen: 1 }] }, '/tiers/0/tier'],
    [{ tiers: { 0: { tier: 'A', priceFen: 1 } } }, '/tiers'],
    [{ seatsPerBuyerMax: '4' }, '/seatsPerBuyerMax'],
    [{ seatsPerBuyerMax: 7 }, '/seatsPerBuyerMax'],
    [{ reservationRequired: 'false' }, '/reservationRequired'],
    [{ lockMs: 1e21 }, '/lockMs'],
    [{ startsAt: 0 }, '/startsAt'],
    [{ startsAt: '2027-02-30T00:00:00Z' }, '/startsAt'],
    [{ showId: [show.id] }, '/showId'],
    [{ showId: { id: show.id } }, '/showId'],
    [{ stage: 'PUBLISHED' }, '/stage'],
    [{ saleSwitch: 'OPEN' }, '/saleSwitch'],
    [{ ownerUid: 'boris' }, '/ownerUid'],
  ];
  for (const [over, pointer] of wrong) {
    const body = { ...whole, ...over };
    const { status, json } = await door.ask('POST /admin/sessions', { ...ANNA, body });
    expect([status, json.errors?.[0]?.pointer], JSON.stringify(over)).toEqual([422, pointer]);
  }
});

describe('a version', () => {
  test('is what GET answers as ETag, and 304 for whoever has it', async () => {
    const path = `/admin/venues/${made.venue.id}`;
    const first = await door.ask(`GET ${path}`, ANNA);
    expect(first.headers).toMatchObject({ etag: '"1"', 'cache-control': 'no-store' });
    const again = await door.ask(`GET ${path}`, { ...ANNA, headers: { 'If-None-Match': '"1"' } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  test('is what a change must name, and a removal may', async () => {
    const { id } = await door.does('POST /admin/shows', { ...ANNA, body: BODIES.show });
    const change = (ifMatch?: string) =>
      door.ask(`PATCH /admin/shows/${id}`, {
        ...ANNA,
        body: { title: 'X' },
        ...(ifMatch && { headers: { 'If-Match': ifMatch } }),
      });
    const remove = (ifMatch?: string) =>
      door.ask(`DELETE /admin/shows/${id}`, {
        ...ANNA,
        ...(ifMatch && { headers: { 'If-Match': ifMatch } }),
      });
    expect((await change()).json).toMatchObject({ status: 428, code: 'PRECONDITION_REQUIRED' });
    expect((await change('"2"')).json).toMatchObject({ status: 412, code: 'PRECONDITION_FAILED' });
    expect((await change('"1"')).headers.etag).toBe('"2"');
    expect((await remove('"1"')).status).toBe(412);
    expect((await remove()).status).toBe(200);
    expect((await remove()).status).toBe(404);
    expect((await change('"2"')).status).toBe(404);
  });

  test('that is published cannot be removed, and what it refers to neither', async () => {
    for (const [path, { id }] of [
      ['sessions', made.session],
      ['shows', made.show],
      ['venues', made.venue],
      ['seat-templates', made.template],
    ] as const) {
      const { json } = await door.ask(`DELETE /admin/${path}/${id}`, ANNA);
      expect(json).toMatchObject({ status: 409, code: 'IN_USE' });
    }
  });
});

test('a page of long texts ends where a message would, and the next goes on', async () => {
  const long = {
    category: 'long',
    description: '字'.repeat(10_000),
    descriptionEn: '字'.repeat(9_000),
  };
  for (let i = 0; i < 18; i++)
    await door.does('POST /admin/shows', { ...ANNA, body: { title: `L ${i}`, ...long } });
  const first = await door.ask('GET /shows?category=long&limit=100');
  expect(first.text.length).toBeGreaterThan(100_000);
  expect(Buffer.byteLength(first.text)).toBeLessThan(900_000);
  const rest = await door.does(
    `GET /shows?category=long&limit=100&cursor=${first.json.nextCursor}`,
    {},
  );
  expect(first.json.items.length + rest.items.length).toBe(18);
  expect(rest.nextCursor).toBe(null);
});
