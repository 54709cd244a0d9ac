/** Seat templates: plans come in as streams, are judged whole, and are kept as they came. */
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { LayoutColumns } from '../../contracts/layout.ts';
import type { PlanReport } from '../../contracts/template.ts';
import { bytesOf } from '../../services/seat-template/stream.ts';
import type { Workshop } from '../../services/seat-template/workshop.ts';
import {
  anna,
  as,
  ask,
  auditOf,
  boris,
  bytes,
  catalogueNode,
  faultsOf,
  makeTemplate,
  makeVenue,
  PLAN,
  refused,
  textOf,
} from './catalogue.support.ts';

const { VERSIONS_KEPT } = await import('../../services/seat-template/versions.ts');

/** Words in GBK, as bytes. */
const GBK: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({
    区: 'c7f8',
    排: 'c5c5',
    座: 'd7f9',
    档位: 'b5b5cebb',
    站席: 'd5becfaf',
    台: 'cca8',
    贵: 'b9f3',
    是: 'cac7',
  }).map(([word, hex]) => [word, Buffer.from(hex, 'hex')]),
);

const send = async (body: unknown, params: object = {}, action = 'seat-template.create' as const) =>
  (await ask(anna, action, params, { stream: bytes(JSON.stringify(body)) })).answer;
const sendText = (text: string | Buffer, params: object = {}) =>
  ask(anna, 'seat-template.create', params, { stream: bytes(text) });

/** A plan of many seats. */
const bigPlan = (seats: number) => ({
  ...PLAN,
  zones: [
    {
      name: 'Hall',
      position: { x: 0, y: 0 },
      rows: Array.from({ length: seats / 100 }, (_, r) => ({
        row_number: String(r + 1),
        seats: Array.from({ length: 100 }, (_, s) => ({
          seat_guid: `${r}-${s}`,
          seat_number: String(s + 1),
          position: { x: s * 20, y: r * 30 },
          category: 'A',
        })),
      })),
    },
  ],
});

describe('a seat template', () => {
  test('answers what it holds: seats per tier, a tier without seats included', async () => {
    const venue = await makeVenue(anna);
    const template = await makeTemplate(anna, venue.id);
    expect(template).toMatchObject({
      venueId: venue.id,
      version: 1,
      seatCount: 11,
      tiers: [
        { tier: 'A', seatCount: 8 },
        { tier: 'B', seatCount: 3 },
        { tier: 'C', seatCount: 0 },
      ],
      standing: ['Floor'],
    });
    const read = await ask(anna, 'seat-template.adminGet', { id: template.id });
    expect(read.answer).toEqual(template);
    expect(read.headers).toEqual({ ETag: '"1"' });
    expect(template).not.toHaveProperty('plan');
  });

  test('gives the same plan back, fields it does not know included', async () => {
    const { id } = await makeTemplate(anna, (await makeVenue(anna)).id);
    const { answer, headers } = await ask(anna, 'seat-template.plan', { id });
    expect(JSON.parse(await textOf(answer))).toEqual(PLAN);
    expect(headers).toEqual({ ETag: '"1"' });
    await refused(as(boris)('seat-template.plan', { id }), 'NOT_FOUND');
  });

  test('gives its layout: standing places without neighbours, rows with', async () => {
    const { id } = await makeTemplate(anna, (await makeVenue(anna)).id);
    const json = await textOf(await as(anna)('seat-template.layout', { id }));
    const layout = JSON.parse(json) as LayoutColumns;
    expect(layout.seat).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 10, 12, 14]);
    expect(layout.tiers).toEqual(['A', 'B']);
  });

  test('takes 100,000 seats, many times a message, through the bus', {
    timeout: 90_000,
  }, async () => {
    const plan = bigPlan(100_000);
    const venue = await makeVenue(anna);
    const json = JSON.stringify({ venueId: venue.id, name: 'Big', plan });
    expect(json.length).toBeGreaterThan(8_000_000);
    const parts = Readable.from(
      json.match(/.{1,65536}/gs)!.map((part) => Buffer.from(part)),
      {
        objectMode: false,
      },
    );
    const { answer } = await ask(anna, 'seat-template.create', {}, { stream: parts });
    expect(answer).toMatchObject({ seatCount: 100_000 });
    const kept = await textOf(await as(anna)('seat-template.plan', { id: answer.id }));
    // Not `toBe`: nobody reads the difference of 9 MB, and drawing it takes minutes.
    expect(kept === JSON.stringify(plan)).toBe(true);
  });

  test('comes as CSV too', async () => {
    const venue = await makeVenue(anna);
    const csv = 'section,row,seat,tier,x,y\nLeft,A,1,VIP,0,0\nLeft,A,2,VIP,20,0\n';
    const params = { contentType: 'text/csv; charset=utf-8', venueId: venue.id, name: 'CSV' };
    const { answer } = await sendText(csv, params);
    expect(answer).toMatchObject({ name: 'CSV', tiers: [{ tier: 'VIP', seatCount: 2 }] });
    expect(await faultsOf(sendText('section\n', { contentType: 'text/csv' }))).toContain(
      '/venueId required',
    );
  });

  test('comes as a Chinese spreadsheet saves it, and its faults by line', async () => {
    const { id } = await makeTemplate(anna, (await makeVenue(anna)).id);
    // 区,排,座,票档,x,y,站席 / 台,1,1,贵,0,0,是 / 台,1,2,贵,20,?,是
    const line = (...words: string[]) =>
      Buffer.concat(words.map((word) => GBK[word] ?? Buffer.from(word)));
    const header = line('区', ',', '排', ',', '座', ',', '档位', ',x,y,', '站席', '\n');
    const place = (n: number, y: string) => line('台', `,1,${n},`, '贵', `,${n},${y},`, '是', '\n');
    const params = { id, ifMatch: '"1"', contentType: 'text/csv' };
    const send = (file: Buffer) =>
      ask(anna, 'seat-template.update', params, { stream: bytes(file) });
    expect(await faultsOf(send(Buffer.concat([header, place(1, '0'), place(2, '?')])))).toEqual([
      '/line/3/y number',
    ]);
    const { answer } = await send(Buffer.concat([header, place(1, '0'), place(2, '0')]));
    expect(answer).toMatchObject({ tiers: [{ tier: '贵', seatCount: 2 }], standing: ['台'] });
  });

  test('is drawn by a recipe, instead of a plan', async () => {
    const { id: venueId } = await makeVenue(anna);
    const generate = { sections: [{ name: 'Hall', tier: 'A', rows: 3, seats: 10, aisles: [4] }] };
    const { id, ...made } = await send({ venueId, name: 'Drawn', generate });
    expect(made).toMatchObject({ seatCount: 30, tiers: [{ tier: 'A', seatCount: 30 }] });
    const plan = JSON.parse(await textOf(await as(anna)('seat-template.plan', { id })));
    expect(plan).toMatchObject({ name: 'Drawn', categories: [{ name: 'A' }] });
    expect(await faultsOf(send({ venueId, name: 'x', generate, plan: PLAN }))).toEqual([
      '/generate exactlyOne',
    ]);
    expect(await faultsOf(send({ venueId, name: 'x', generate: { sections: [{}] } }))).toContain(
      '/generate/sections/0/rows required',
    );
  });

  test('is judged without being kept', async () => {
    const judge = async (body: object, params = {}) =>
      (
        await ask<PlanReport>(anna, 'seat-template.validate', params, {
          stream: bytes(JSON.stringify(body)),
        })
      ).answer;
    expect(await judge({ plan: PLAN, standing: ['Floor'] })).toMatchObject({
      layout: { seatCount: 11, tiers: ['A', 'B'] },
      valid: true,
      errors: [],
      seatCount: 11,
      tiers: [
        { tier: 'A', seatCount: 8 },
        { tier: 'B', seatCount: 3 },
        { tier: 'C', seatCount: 0 },
      ],
    });
    const bad = await judge({ plan: { ...PLAN, categories: [{ name: 'A' }] }, venueId: 'x' });
    expect(bad).toMatchObject({ valid: false, seatCount: 0, tiers: [] });
    expect(bad.errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      ...[0, 1, 2].map((s) => `/plan/zones/1/rows/0/seats/${s}/category unknown`),
      '/venueId unknown',
    ]);
    await refused(as(undefined)('seat-template.validate'), 'UNAUTHENTICATED');
    const { items } = await as(anna)<{ items: unknown[] }>('seat-template.adminList');
    await judge({ plan: PLAN });
    expect((await as(anna)<{ items: unknown[] }>('seat-template.adminList')).items).toEqual(items);
  });

  test('keeps its last versions, each with its plan', async () => {
    const { id } = await makeTemplate(anna, (await makeVenue(anna)).id);
    const change = (version: number, body: object) => {
      const stream = bytes(JSON.stringify(body));
      const params = { id, ifMatch: `"${version}"` };
      return ask(anna, 'seat-template.update', params, { stream });
    };
    const planAt = async (version?: number) =>
      JSON.parse(await textOf(await as(anna)('seat-template.plan', { id, version })));
    const versions = async () =>
      (
        await as(anna)<{ items: { version: number; name: string }[] }>('seat-template.versions', {
          id,
        })
      ).items;
    await change(1, { plan: { ...PLAN, name: 'Second' } });
    await change(2, { name: 'Renamed' });
    await change(3, {});
    expect((await versions()).map(({ version, name }) => `${version} ${name}`)).toEqual([
      '3 Renamed',
      '2 Plan',
      '1 Plan',
    ]);
    expect(
      [await planAt(), await planAt(3), await planAt(2), await planAt(1)].map(({ name }) => name),
    ).toEqual(['Second', 'Second', 'Second', PLAN.name]);
    await refused(as(anna)('seat-template.plan', { id, version: 4 }), 'NOT_FOUND');
    await refused(as(boris)('seat-template.versions', { id }), 'NOT_FOUND');
    for (let version = 3; version < VERSIONS_KEPT + 5; version++)
      await change(version, { name: `${version}` });
    expect((await versions()).map(({ version }) => version)).toEqual(
      Array.from({ length: VERSIONS_KEPT + 1 }, (_, i) => VERSIONS_KEPT + 5 - i),
    );
    await as(anna)('seat-template.remove', { id });
    await refused(as(anna)('seat-template.versions', { id }), 'NOT_FOUND');
  });

  test('changes its name, its plan or who stands, and is judged again', async () => {
    const { id } = await makeTemplate(anna, (await makeVenue(anna)).id);
    const change = async (body: unknown, ifMatch?: string) => {
      const stream = bytes(JSON.stringify(body));
      return (await ask(anna, 'seat-template.update', { id, ifMatch }, { stream })).answer;
    };
    await refused(change({ name: 'x' }), 'PRECONDITION_REQUIRED');
    await refused(change({ name: 'x' }, '"9"'), 'PRECONDITION_FAILED');
    expect(await change({ name: 'Renamed' }, '"1"')).toMatchObject({
      name: 'Renamed',
      standing: ['Floor'],
      version: 2,
    });
    expect(await faultsOf(change({ standing: ['Roof'] }, '"2"'))).toEqual(['/standing/0 unknown']);
    expect(await change({ standing: [] }, '"2"')).toMatchObject({ standing: [], version: 3 });
    const fewer = { ...PLAN, zones: PLAN.zones.slice(0, 1) };
    expect(await change({ plan: fewer }, '"3"')).toMatchObject({ seatCount: 8, version: 4 });
    expect((await auditOf(id)).map(({ action }) => action)).toEqual([
      'seat-template.create',
      'seat-template.update',
      'seat-template.update',
      'seat-template.update',
    ]);
  });
});

describe('a hostile template', () => {
  const workshop = () =>
    (catalogueNode.getLocalService('seat-template') as unknown as { workshop: Workshop }).workshop;
  const MIB = 1_024 * 1_024;
  const whole = (item: string) => `[${item.repeat(Math.floor((32 * MIB - 300) / item.length))}1]`;

  test.each([
    ['objects', '{},', ['/ long']],
    ['lists', '[],', ['/ long']],
    ['numbers', '1.5,', ['/ long']],
    ['nesting', '[', ['/ long', '/ deep']],
  ])(
    'of 32 MB of %s is refused, and others are answered meanwhile',
    {
      timeout: 120_000,
    },
    async (_what, item, faults) => {
      const judging = workshop().ask('judge', Buffer.from(`{"plan":${whole(item)}}`), {}, []);
      const { items } = await as(anna)<{ items: unknown[] }>('seat-template.adminList');
      expect(items).not.toEqual([]);
      expect(workshop().waiting).toBe(1);
      const judged = await judging;
      expect(judged.body).toEqual({});
      expect(judged.faults.map(({ pointer, code }) => `${pointer}/ ${code}`)).toEqual(faults);
    },
  );

  test('with names that mean something elsewhere is a plan like any other', async () => {
    const plan = JSON.stringify(PLAN).replace(
      /"kept":/,
      '"__proto__":{"zones":[]},"toString":[1e999,12345678901234567890,-0.0,1.0],"kept":',
    );
    const { id: venueId } = await makeVenue(anna);
    const text = `{"venueId":"${venueId}","plan": ${plan} ,"name":"Odd"}`;
    const { answer } = await sendText(text);
    expect(answer).toMatchObject({ seatCount: 11 });
    expect(await textOf(await as(anna)('seat-template.plan', { id: answer.id }))).toBe(plan);
  });

  test('that ends its thread takes nobody with it', async () => {
    const { id: venueId } = await makeVenue(anna);
    const stuck = Promise.allSettled([
      send({ venueId, name: 'One', plan: bigPlan(20_000) }),
      send({ venueId, name: 'Two', plan: bigPlan(20_000) }),
    ]);
    await vi.waitFor(() => expect(workshop().waiting).toBeGreaterThan(0), 20_000);
    await workshop().close();
    for (const one of await stuck)
      if (one.status === 'rejected') expect((one.reason as { type: string }).type).toBe('BUSY');
    expect(await send({ venueId, name: 'Three', plan: PLAN })).toMatchObject({ seatCount: 11 });
  });
});

describe('a bad template', () => {
  test('gets one refusal that names every fault of body and plan', async () => {
    const plan = structuredClone(PLAN) as never as { zones: { rows: { seats: object[] }[] }[] };
    const { seats } = plan.zones[0]!.rows[0]!;
    Object.assign(seats[0]!, { category: 'Z' });
    Object.assign(seats[1]!, { position: null });
    Object.assign(seats[2]!, { seat_guid: 's00' });
    const other = await makeVenue(boris);
    const body = { venueId: other.id, plan, standing: ['Nowhere'], colour: 'red' };
    expect(await faultsOf(send(body))).toEqual([
      '/colour unknownField',
      '/name required',
      '/plan/zones/0/rows/0/seats/1/position type',
      '/plan/zones/0/rows/0/seats/0/category unknown',
      '/plan/zones/0/rows/0/seats/2/seat_guid repeated',
      '/standing/0 unknown',
      '/venueId unknown',
    ]);
  });

  test.each([
    ['nothing', ''],
    ['half a JSON', '{"venueId":'],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])('is no template at all: %s', async (_what, text) => {
    await refused(sendText(text), 'BODY_MALFORMED');
  });

  test.each([
    ['a list', '[]', ['  notAnObject']],
    ['an empty object', '{}', ['/venueId required', '/name required', '/plan required']],
    [
      'wrong types',
      '{"venueId":1,"name":"","plan":"p","standing":{}}',
      ['/standing array', '/venueId string', '/name stringEmpty', '/plan type'],
    ],
  ])('says what is missing: %s', async (_what, text, expected) => {
    const faults = await faultsOf(sendText(text));
    expect(faults.map((fault) => fault.padStart(fault.length + 1))).toEqual(
      expected.map((fault) => ` ${fault.trim() === 'notAnObject' ? ' notAnObject' : fault}`),
    );
  });

  test('is read no further than 32 MB', async () => {
    let pulled = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          pulled++;
          yield Buffer.alloc(1_048_576, 0x20);
        }
      })(),
      { objectMode: false },
    );
    await refused(bytesOf(endless), 'BODY_TOO_LARGE');
    expect(pulled).toBeLessThan(40);
  });
});
