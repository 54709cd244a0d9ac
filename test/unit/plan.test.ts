/** The reader of seating plans: what it takes, and how it names the faults of what it does not. */
import { describe, expect, test } from 'vitest';
import { planOfCsv } from '../../services/seat-template/csv.ts';
import { FAULTS_MAX, Faults, readPlan, SEATS_MAX } from '../../services/seat-template/plan.ts';

const seat = (guid: string, x = 0, more: object = {}) => ({
  seat_guid: guid,
  seat_number: guid,
  position: { x, y: 0 },
  category: 'A',
  ...more,
});
const row = (seats: unknown, more: object = {}) => ({ row_number: '1', seats, ...more });
const zone = (rows: unknown, more: object = {}) => ({
  name: 'Hall',
  position: { x: 0, y: 0 },
  rows,
  ...more,
});
const plan = (zones: unknown, more: object = {}) => ({
  name: 'Plan',
  categories: [{ name: 'A', color: '#fff' }, { name: 'Unused' }],
  zones,
  size: { width: 100, height: 100 },
  ...more,
});
const faultsOf = (input: unknown, standing: string[] = []) => {
  const faults = new Faults();
  readPlan(input, standing, faults);
  return faults.all.map(({ pointer, code }) => `${pointer} ${code}`);
};

describe('reading a plan', () => {
  test('takes a plan as the editor writes it, with an unused category and unknown fields', () => {
    const faults = new Faults();
    const given = plan(
      [
        zone(
          [
            row([seat('1', 0, { uuid: 'u', radius: 10, start_direction: '>' })], {
              row_label: null,
              seat_label: 'Seat %s',
              row_number_position: 'both',
              position: { x: 1.5, y: -2 },
            }),
          ],
          { zone_id: 'z', uuid: 'u', areas: [{ shape: 'text', text: { text: 'Stage' } }] },
        ),
      ],
      { made_with: { nested: [1, 2] } },
    );
    const before = JSON.stringify(given);
    expect(readPlan(given, ['Hall'], faults)).toBe(given);
    expect(faults.all).toEqual([]);
    expect(JSON.stringify(given)).toBe(before);
  });

  test('names every fault at once, each where it is', () => {
    const faults = faultsOf(
      plan(
        [
          zone([
            row([
              seat('1'),
              seat('1', 20),
              seat('2', 40, { category: 'Nope' }),
              seat('3', 60, { position: undefined }),
              { seat_number: '4', position: { x: 1 }, category: 'A', seat_guid: '4' },
              seat('5', 80, { seat_number: 5 }),
              null,
            ]),
            row('none'),
            { seats: [] },
          ]),
          zone([], { position: { x: '0', y: 0 } }),
        ],
        { size: { width: 'wide', height: 1 }, categories: [{ name: 'A' }, { name: 'A' }, {}] },
      ),
      ['Hall', 'Balcony'],
    );
    expect(faults).toEqual([
      '/plan/categories/2/name required',
      '/plan/zones/0/rows/0/seats/3/position type',
      '/plan/zones/0/rows/0/seats/4/position/y required',
      '/plan/zones/0/rows/0/seats/5/seat_number type',
      '/plan/zones/0/rows/0/seats/6 type',
      '/plan/zones/0/rows/1/seats type',
      '/plan/zones/0/rows/2/row_number required',
      '/plan/zones/1/position/x type',
      '/plan/size/width type',
      '/plan/categories/1/name repeated',
      '/plan/zones/0/rows/0/seats/1/seat_guid repeated',
      '/plan/zones/0/rows/0/seats/2/category unknown',
      '/standing/1 unknown',
    ]);
  });

  test.each([
    ['nothing', undefined, ['/plan type']],
    ['a list', [], ['/plan type']],
    [
      'an empty object',
      {},
      [
        '/plan/name required',
        '/plan/categories required',
        '/plan/zones required',
        '/plan/size required',
        '/plan/zones empty',
      ],
    ],
    ['a plan without seats', plan([zone([row([])])]), ['/plan/zones empty']],
    [
      'an infinite coordinate',
      JSON.parse(JSON.stringify(plan([zone([row([seat('1')])])])).replace('"x":0', '"x":1e999')),
      ['/plan/zones/0/position/x finite'],
    ],
    [
      'a coordinate beyond any hall',
      plan([zone([row([seat('1', 1e9)])])]),
      ['/plan/zones/0/rows/0/seats/0/position/x range'],
    ],
    [
      'a name nobody can read',
      plan([zone([row([seat('1')])], { name: 'x'.repeat(191) })]),
      ['/plan/zones/0/name long'],
    ],
    [
      'half a surrogate pair',
      plan([zone([row([seat('1', 0, { seat_number: '\ud800' })])])]),
      ['/plan/zones/0/rows/0/seats/0/seat_number encoding'],
    ],
    [
      'zones and rows that are null',
      plan([null, zone([null])]),
      ['/plan/zones/0 type', '/plan/zones/1/rows/0 type', '/plan/zones empty'],
    ],
  ])('refuses %s', (_what, input, expected) => {
    expect(faultsOf(input)).toEqual(expected);
  });

  test('refuses a value nested deeper than it could be written again', () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(faultsOf(plan([zone([row([seat('1')])])], { 'a/b~c': deep }))).toEqual([
      '/plan/a~1b~0c deep',
    ]);
  });

  test('refuses more seats than the arbiter may hold, without listing them', () => {
    const seats = Array.from({ length: SEATS_MAX + 1 }, (_, i) => seat(String(i), i));
    expect(faultsOf(plan([zone([row(seats)])]))).toEqual(['/plan/zones long']);
  });

  test('lists a bounded number of faults and says how many more there are', () => {
    const seats = Array.from({ length: 1_500 }, (_, i) => seat(String(i), i, { category: 'B' }));
    const faults = new Faults();
    readPlan(plan([zone([row(seats)])]), [], faults);
    expect(faults.all).toHaveLength(FAULTS_MAX + 1);
    expect(faults.all.at(-1)).toEqual({
      pointer: '',
      code: 'more',
      detail: '500 more faults are not listed',
    });
  });
});

describe('a plan as CSV', () => {
  const read = (csv: string) => {
    const faults = new Faults();
    const made = planOfCsv(csv, 'Hall', faults);
    const judged = made && readPlan(made, [], faults);
    return { plan: judged, faults: faults.all.map(({ pointer, code }) => `${pointer} ${code}`) };
  };

  test('becomes the plan it says: sections, rows, quoted cells, columns in any order', () => {
    const { plan: made, faults } = read(
      [
        '\ufeffx,y,section,row,seat,tier',
        '0,0,"Left, front",A,1,VIP',
        '20,0,"Left, front",A,2,VIP',
        '0,40,Right,B,1,Cheap',
      ].join('\n'),
    );
    expect(faults).toEqual([]);
    expect(made?.zones.map(({ name, rows }) => [name, rows.map((r) => r.seats.length)])).toEqual([
      ['Left, front', [2]],
      ['Right', [1]],
    ]);
    expect(made?.categories.map(({ name }) => name)).toEqual(['VIP', 'Cheap']);
    expect(made?.size).toEqual({ width: 20, height: 40 });
  });

  test.each([
    ['a missing column', 'section,row,seat,tier,x\n', ['/line/1/y required']],
    ['a strange column', 'section,row,seat,tier,x,y,colour\n', ['/line/1/colour unknown']],
    [
      'every bad cell',
      'section,row,seat,tier,x,y\nA,1,1,T,left,0\nA,1,2,,0,\n',
      ['/line/2/x number', '/line/3/tier empty', '/line/3/y number'],
    ],
    ['a line too short', 'section,row,seat,tier,x,y\nA,1\n', ['/line/2 malformed']],
    [
      'no seats',
      'section,row,seat,tier,x,y\n',
      ['/plan/categories empty', '/plan/zones empty', '/plan/zones empty'],
    ],
    [
      'the same seat twice',
      'section,row,seat,tier,x,y\nA,1,1,T,0,0\nA,1,1,T,9,0\n',
      ['/plan/zones/0/rows/0/seats/1/seat_guid repeated'],
    ],
  ])('refuses %s', (_what, csv, expected) => {
    expect(read(csv).faults).toEqual(expected);
  });
});
