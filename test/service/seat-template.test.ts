/** Seat templates: plans come in as streams, are judged whole, and are kept as they came. */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { bytesOf } from '../../services/seat-template/body.ts';
import {
  anna,
  as,
  ask,
  auditOf,
  boris,
  bytes,
  faultsOf,
  makeTemplate,
  makeVenue,
  PLAN,
  refused,
  textOf,
} from './catalogue.support.ts';

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
    const plan = await textOf(await as(anna)('seat-template.plan', { id }));
    expect(JSON.parse(plan)).toEqual(PLAN);
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
