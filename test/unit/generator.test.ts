/** The plan generator and the demo halls: plans like any other, drawn by rule. */
import { describe, expect, test } from 'vitest';
import { concertHall, type DemoPlan, stadium, theatre } from '../../bin/demo-plans.ts';
import { type BlockSpec, generatePlan } from '../../services/seat-template/generate.ts';
import { layoutOfPlan } from '../../services/seat-template/layout.ts';
import { readPlan } from '../../services/seat-template/plan.ts';
import { planOfRecipe } from '../../services/seat-template/recipe.ts';
import { Faults } from '../../services/seat-template/rules.ts';

const block = (more: Partial<BlockSpec> = {}): BlockSpec => ({
  name: 'Hall',
  place: { shape: 'straight', x: 0, y: 0 },
  rows: 1,
  seats: () => 6,
  category: () => 'A',
  ...more,
});
const draw = (...blocks: BlockSpec[]) =>
  generatePlan({ name: 'Drawn', categories: [{ name: 'A', color: '#fff' }], blocks });
const runLengths = (plan: ReturnType<typeof draw>, standing: readonly string[] = []) => {
  const { seat } = layoutOfPlan(plan, standing);
  const runs: number[] = [];
  seat.forEach((number, i) => {
    if (i > 0 && number === seat[i - 1]! + 1) runs.push(runs.pop()! + 1);
    else runs.push(1);
  });
  return runs;
};

describe('the generator', () => {
  test('breaks rows at aisles, straight or bent', () => {
    const curved = { shape: 'curved', x: 0, y: 0, radius: 300, angle: 90 } as const;
    expect(runLengths(draw(block({ aisles: () => [2] })))).toEqual([2, 4]);
    expect(runLengths(draw(block({ place: curved, aisles: () => [2, 4] })))).toEqual([2, 2, 2]);
  });

  test('numbers seats as halls do', () => {
    const numbers = (numbering: BlockSpec['numbering']) =>
      draw(block({ numbering })).zones[0]!.rows[0]!.seats.map((seat) => seat.seat_number);
    expect(numbers('plain')).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(numbers('reverse')).toEqual(['6', '5', '4', '3', '2', '1']);
    expect(numbers('odd-even')).toEqual(['5', '3', '1', '2', '4', '6']);
    expect(numbers('even-odd')).toEqual(['6', '4', '2', '1', '3', '5']);
  });

  test('keeps every seat inside the size it says', () => {
    const { zones, size } = theatre().plan;
    for (const zone of zones)
      for (const row of zone.rows)
        for (const { position } of row.seats) {
          const x = zone.position.x + row.position!.x + position.x;
          const y = zone.position.y + row.position!.y + position.y;
          expect(x >= 0 && x <= size.width && y >= 0 && y <= size.height).toBe(true);
        }
  });
});

describe('a recipe', () => {
  const drawn = (generate: unknown) => {
    const faults = new Faults();
    const plan = planOfRecipe(generate, 'Drawn', faults);
    return { plan, faults: faults.all.map(({ pointer, code }) => `${pointer} ${code}`) };
  };
  const section = (more: object = {}) => ({ name: 'Hall', tier: 'A', rows: 2, seats: 6, ...more });

  test('needs only names and numbers: sections stand below each other', () => {
    const { plan, faults } = drawn({ sections: [section(), section({ name: 'Back', tier: 'B' })] });
    expect(faults).toEqual([]);
    expect(plan!.categories).toEqual([
      { name: 'A', color: '#e69f00' },
      { name: 'B', color: '#56b4e9' },
    ]);
    const [hall, back] = plan!.zones;
    expect(back!.position.y).toBeGreaterThan(hall!.position.y + hall!.rows[1]!.position!.y);
    expect(runLengths(plan!)).toEqual([6, 6, 6, 6]);
  });

  test('says all a hall may be: tiers by row, growing rows, aisles, Chinese names', () => {
    const { plan, faults } = drawn({
      categories: [{ name: 'A' }, { name: 'B', color: '#123456' }, { name: 'Unused' }],
      sections: [
        section({
          rows: 28,
          seatsMore: 2,
          tiers: [{ fromRow: 3, tier: 'B' }],
          aisles: [2],
          numbering: 'odd-even',
          rowNames: 'letters',
          rowLabel: '%s排',
          seatLabel: '%s座',
          shape: 'curved',
          radius: 400,
        }),
      ],
    });
    expect(faults).toEqual([]);
    expect(plan!.categories[1]).toEqual({ name: 'B', color: '#123456' });
    const { rows } = plan!.zones[0]!;
    expect(rows.map((r) => r.row_number).slice(24)).toEqual(['Y', 'Z', 'AA', 'AB']);
    expect(rows.map(({ seats }) => seats[0]!.category).slice(0, 4)).toEqual(['A', 'A', 'B', 'B']);
    expect(layoutOfPlan(plan!).label.slice(0, 3)).toEqual([
      'Hall A排-5座',
      'Hall A排-3座',
      'Hall A排-1座',
    ]);
    expect(runLengths(plan!).slice(0, 4)).toEqual([2, 4, 2, 6]);
  });

  test('gives the same plan again, and turned the same neighbours', () => {
    const turned = (rotation: number) => ({ sections: [section({ rotation, aisles: [4] })] });
    expect(drawn(turned(33))).toEqual(drawn(turned(33)));
    for (const rotation of [33, 90, -120])
      expect(runLengths(drawn(turned(rotation)).plan!).toSorted()).toEqual([2, 2, 4, 4]);
  });

  test.each([
    ['nothing', undefined, [' type']],
    ['no section', { sections: [] }, ['/sections empty']],
    [
      'every wrong field',
      { stage: 1, sections: [section({ rows: 0, seats: 1.5, numbering: 'x', colour: 'red' })] },
      [
        '/sections/0/rows range',
        '/sections/0/seats integer',
        '/sections/0/numbering choice',
        '/sections/0/colour unknownField',
        '/stage unknownField',
      ],
    ],
    [
      'what does not go together',
      {
        categories: [{ name: 'B' }],
        sections: [
          section({ seatsMore: -6, radius: 5 }),
          section({ shape: 'curved', rotation: 5, tiers: [{ fromRow: 1, tier: 'C' }] }),
          section({ shape: 'curved', radius: 20 }),
        ],
      },
      [
        '/sections/0/radius unknownField',
        '/sections/0/seatsMore range',
        '/sections/1/rotation unknownField',
        '/sections/1/radius required',
        '/sections/1/radius range',
        '/sections/2/radius range',
        '/sections/0/tier unknown',
        '/sections/1/tier unknown',
        '/sections/1/tiers/0/tier unknown',
        '/sections/2/tier unknown',
      ],
    ],
    [
      'more seats than the arbiter may hold, without drawing them',
      { sections: Array.from({ length: 1_000 }, () => section({ rows: 1_000, seats: 10_000 })) },
      ['/sections long'],
    ],
  ])('is refused with %s', (_what, generate, expected) => {
    expect(drawn(generate).faults).toEqual(expected.map((fault) => `/generate${fault}`));
  });

  test('draws the biggest hall there may be', () => {
    const { plan } = drawn({ sections: [section({ rows: 1_000, seats: 100 })] });
    const faults = new Faults();
    expect(readPlan(plan, [], faults)).toBeDefined();
    expect(new Set(runLengths(plan!))).toEqual(new Set([100]));
  });
});

describe('the demo halls', () => {
  const halls: [string, () => DemoPlan, number, number][] = [
    ['the theatre', theatre, 600, 900],
    ['the concert hall', concertHall, 1_100, 1_100],
    ['the stadium', stadium, 60_000, 60_000],
  ];
  test.each(halls)('%s is a plan without faults of the size it claims', (_name, hall, min, max) => {
    const { plan, standing } = hall();
    const faults = new Faults();
    expect(readPlan(plan, standing, faults)).toBeDefined();
    const { seatCount } = layoutOfPlan(plan, standing);
    expect(seatCount).toBeGreaterThanOrEqual(min);
    expect(seatCount).toBeLessThanOrEqual(max);
    expect(JSON.stringify(hall().plan)).toBe(JSON.stringify(plan));
  });

  test('rows are broken at their aisles and nowhere else', () => {
    const { plan } = theatre();
    const expected = plan.zones.flatMap(({ name, rows }) =>
      rows.flatMap(({ seats }, r) =>
        name === '池座' ? [8, 12 + r, 8] : [18 + r, seats.length - 18 - r],
      ),
    );
    expect(runLengths(plan)).toEqual(expected);
    expect(new Set(runLengths(stadium().plan))).toEqual(new Set([15, 25]));
  });

  test('only the floor of the concert hall stands', () => {
    const { plan, standing } = concertHall();
    const runs = runLengths(plan, standing);
    expect(runs.filter((length) => length === 1)).toHaveLength(900);
  });
});
