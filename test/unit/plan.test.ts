/** The reader of seating plans: what it takes, and how it names the faults of what it does not. */
import { describe, expect, test } from 'vitest';
import { planOfCsv } from '../../services/seat-template/csv.ts';
import { readPlan, SEATS_MAX, type SeatingPlan } from '../../services/seat-template/plan.ts';
import { FAULTS_MAX, Faults } from '../../services/seat-template/rules.ts';
import { VALUES_MAX } from '../../services/seat-template/text.ts';

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

  test('refuses a zone that is to stand twice', () => {
    expect(faultsOf(plan([zone([row([seat('1')])])]), ['Hall', ' Hall '])).toEqual([
      '/standing/1 repeated',
    ]);
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
    const plan = made && readPlan(made.plan, made.standing, faults);
    const standing = made?.standing;
    return { plan, standing, faults: faults.all.map((f) => `${f.pointer} ${f.code}`) };
  };
  const HEADER = 'section,row,seat,tier,x,y';
  const placesOf = (plan: SeatingPlan | undefined) =>
    plan?.zones.map(({ name, rows }) => [name, rows.map((r) => r.seats.length)]);

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
    expect(placesOf(made)).toEqual([
      ['Left, front', [2]],
      ['Right', [1]],
    ]);
    expect(made?.categories.map(({ name }) => name)).toEqual(['VIP', 'Cheap']);
    expect(made?.size).toEqual({ width: 20, height: 40 });
  });

  test.each([
    ['commas', ',', '\n'],
    ['semicolons, as spreadsheets of some countries write', ';', '\r\n'],
    ['tabs', '\t', '\r\n'],
    ['old line ends', ',', '\r'],
  ])('may be separated by %s', (_what, delimiter, end) => {
    const lines = [
      HEADER.split(','),
      ['Hall', '1', '1', 'A', '-1.5e1', '0'],
      ['Hall', '1', '2', 'A', '+.5', '0'],
    ];
    const { plan: made, faults } = read(lines.map((line) => line.join(delimiter)).join(end));
    expect(faults).toEqual([]);
    const seats = made!.zones[0]!.rows[0]!.seats;
    expect(seats.map(({ position }) => position.x)).toEqual([-15, 0.5]);
  });

  test('may name its columns in Chinese, and say which sections stand', () => {
    const csv =
      '区域,排号,座位号,票档,X坐标,Y坐标,站席\n池座,1,1,贵宾,0,0,否\n内场,1,1,站票,0,9,是\n';
    const { plan: made, standing, faults } = read(csv);
    expect(faults).toEqual([]);
    expect(placesOf(made)).toEqual([
      ['池座', [1]],
      ['内场', [1]],
    ]);
    expect(standing).toEqual(['内场']);
  });

  test('loses nothing to lines that say nothing', () => {
    const { plan: made, faults } = read(`\n${HEADER}\n\nH,1,1,A,0,0\n,,,,,\n  \nH,1,2,A,9,0\n\n`);
    expect(faults).toEqual([]);
    expect(placesOf(made)).toEqual([['H', [2]]]);
  });

  test.each([
    ['nothing', '', ['/line/1 empty']],
    ['a missing column', 'section,row,seat,tier,x\n', ['/line/1/y required']],
    ['a strange column', `${HEADER},colour\n`, ['/line/1/colour unknown']],
    ['a column twice', `${HEADER},排\n`, ['/line/1/row repeated']],
    [
      'every bad cell',
      `${HEADER}\nA,1,1,T,left,0\nA,1,2,,0,\nA,1,3,T,0x10,1e9\n`,
      [
        '/line/2/x number',
        '/line/3/tier empty',
        '/line/3/y number',
        '/line/4/x number',
        '/line/4/y range',
      ],
    ],
    [
      'lines too short and too long',
      `${HEADER}\nA,1\nA,1,1,T,0,0,9\n`,
      [
        '/line/2 malformed',
        '/line/2/tier empty',
        '/line/2/x number',
        '/line/2/y number',
        '/line/3 malformed',
      ],
    ],
    ['no seats', `${HEADER}\n`, ['/line/1 empty']],
    [
      'the same seat twice, by the lines an editor counts',
      `${HEADER}\n"A\nB",1,1,T,0,0\n\n"A\nB",1,1,T,9,0\n`,
      ['/line/5/seat repeated'],
    ],
    [
      'a section that stands and does not',
      `${HEADER},standing\nA,1,1,T,0,0,yes\nA,1,2,T,0,0,\nA,1,3,T,0,0,maybe\n`,
      ['/line/4/standing choice', '/line/3/standing mixed'],
    ],
    [
      'a broken quote, and nothing it may have swallowed',
      `${HEADER}\nA,1,1,T,left,0\nA,1,"2"x,T,0,0\nA,1,"3",T,left,0\nA,1,4,T,left,0\n`,
      ['/line/3 malformed', '/line/2/x number'],
    ],
    ['a quote that never ends', `${HEADER}\nA,1,"1,T,0,0\n`, ['/line/2 malformed']],
  ])('refuses %s', (_what, csv, expected) => {
    expect(read(csv).faults).toEqual(expected);
  });

  test('refuses more lines than seats may be, more sections and tiers than a plan may have', () => {
    const lines = (count: number, line: (i: number) => string) =>
      [HEADER, ...Array.from({ length: count }, (_, i) => line(i))].join('\n');
    const many = lines(SEATS_MAX + 1, (i) => `A,1,${i},T,${i},0`);
    expect(read(many).faults).toEqual([`/line/${SEATS_MAX + 2} long`]);
    expect(read(lines(2_001, (i) => `${i},1,1,T,0,0`)).faults).toEqual(['/line/2002/section long']);
    expect(read(lines(201, (i) => `A,1,${i},${i},${i},0`)).faults).toEqual(['/line/202/tier long']);
    expect(read(`${HEADER}\n${','.repeat(VALUES_MAX)}`).faults).toEqual(['/line/1 long']);
  });
});
