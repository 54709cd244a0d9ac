/** Plans become layouts: who gets which number, and who is whose neighbour. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { layoutOf } from '../../contracts/layout.ts';
import { REACH } from '../../services/seat-template/chains.ts';
import { generatePlan } from '../../services/seat-template/generate.ts';
import { LABEL_BYTES_MAX, layoutOfPlan } from '../../services/seat-template/layout.ts';
import { readPlan, type SeatingPlan } from '../../services/seat-template/plan.ts';
import { Faults } from '../../services/seat-template/rules.ts';

type Place = readonly [x: number, y: number];
type RowSpec = { places: readonly Place[]; numbers?: readonly string[]; more?: object };

/** A plan of one zone, each row given by where its seats stand. */
const planOf = (rows: readonly RowSpec[], more: object = {}): SeatingPlan => ({
  name: 'Test',
  categories: [{ name: 'A' }],
  zones: [
    {
      name: 'Hall',
      position: { x: 0, y: 0 },
      rows: rows.map(({ places, numbers, more: rowMore }, r) => ({
        row_number: String(r + 1),
        position: { x: 0, y: 0 },
        seats: places.map(([x, y], s) => ({
          seat_guid: `${r}-${s}`,
          seat_number: numbers?.[s] ?? String(s + 1),
          position: { x, y },
          category: 'A',
        })),
        ...rowMore,
      })),
      ...more,
    },
  ],
  size: { width: 1_000, height: 1_000 },
});
const line = (from: number, count: number, pitch = 20): Place[] =>
  Array.from({ length: count }, (_, i) => [from + i * pitch, 0] as const);

/** Runs of consecutive numbers, each as the labels of its seats without the section. */
const runsOf = (layout: LayoutColumns): string[] => {
  const runs: string[][] = [];
  layout.seat.forEach((seat, i) => {
    if (i === 0 || seat !== layout.seat[i - 1]! + 1) runs.push([]);
    runs.at(-1)!.push(layout.label[i]!.replace(/^Hall /, ''));
  });
  return runs.map((run) => run.join(' '));
};
const runsOfRow = (places: readonly Place[], around: readonly RowSpec[] = []) =>
  runsOf(layoutOfPlan(planOf([{ places }, ...around]))).filter((run) => /^1-/.test(run));

describe('neighbours', () => {
  test('follow from where seats stand, not from their numbers or their order in the file', () => {
    const layout = layoutOfPlan(
      planOf([
        {
          places: [
            [40, 0],
            [0, 0],
            [60, 0],
            [20, 0],
          ],
          numbers: ['2', '9', '7', 'X'],
        },
      ]),
    );
    expect(runsOf(layout)).toEqual(['1-9 1-X 1-2 1-7']);
  });

  test('end at an aisle or a pillar', () => {
    expect(runsOfRow([...line(0, 4), ...line(140, 3)])).toEqual(['1-1 1-2 1-3 1-4', '1-5 1-6 1-7']);
    expect(runsOfRow([...line(0, 3), ...line(72, 3)])).toEqual(['1-1 1-2 1-3', '1-4 1-5 1-6']);
    expect(runsOfRow([...line(0, 3), ...line(70, 3)])).toEqual(['1-1 1-2 1-3 1-4 1-5 1-6']);
  });

  test('are found in upright columns of one row that is listed out of order', () => {
    const left = Array.from({ length: 5 }, (_, i) => [0, i * 22] as const);
    const right = Array.from({ length: 5 }, (_, i) => [800, i * 22] as const);
    const places = [left[3]!, right[0]!, left[0]!, right[4]!, left[1]!, right[2]!, left[4]!].concat(
      [right[1]!, left[2]!, right[3]!],
    );
    expect(runsOfRow(places)).toEqual(['1-3 1-5 1-9 1-1 1-7', '1-2 1-8 1-6 1-10 1-4']);
  });

  test('are found along a bent row, all the way round', () => {
    const bent = Array.from({ length: 40 }, (_, i): Place => {
      const angle = (i / 40) * Math.PI * 1.5;
      return [200 * Math.cos(angle), 200 * Math.sin(angle)];
    });
    expect(runsOfRow(bent)[0]!.split(' ')).toHaveLength(40);
  });

  test('never form a ring: a round table is cut once', () => {
    const round = Array.from({ length: 12 }, (_, i): Place => {
      const angle = (i / 12) * 2 * Math.PI;
      return [50 * Math.cos(angle), 50 * Math.sin(angle)];
    });
    expect(runsOfRow(round)).toHaveLength(1);
  });

  test('of a block that is one row in the plan do not run round its corners', () => {
    const block = [0, 30, 60].flatMap((y) => line(0, 5).map(([x]): Place => [x, y]));
    expect(runsOfRow(block)).toEqual([
      '1-1 1-2 1-3 1-4 1-5',
      '1-6 1-7 1-8 1-9 1-10',
      '1-11 1-12 1-13 1-14 1-15',
    ]);
  });

  test('two seats of a row far apart are judged by the rows around them', () => {
    const around = Array.from({ length: 4 }, (_, r) => ({
      places: line(0, 6).map(([x]): Place => [x, 40 * (r + 1)]),
    }));
    expect(
      runsOfRow(
        [
          [0, 0],
          [300, 0],
        ],
        around,
      ),
    ).toEqual(['1-1', '1-2']);
    expect(
      runsOfRow(
        [
          [0, 0],
          [20, 0],
        ],
        around,
      ),
    ).toEqual(['1-1 1-2']);
  });

  test('seats on the same spot have none there', () => {
    expect(
      runsOfRow([
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    ).toHaveLength(3);
  });

  test('a standing zone has none', () => {
    const layout = layoutOfPlan(planOf([{ places: line(0, 4) }]), ['Hall']);
    expect(layout.seat).toEqual([0, 2, 4, 6]);
  });
});

describe('a layout', () => {
  test('stands seats relative to their row, and rows relative to their zone', () => {
    const layout = layoutOfPlan(
      planOf([{ places: [[1, 2]], more: { position: { x: 10, y: 20 } } }], {
        position: { x: 100.1, y: 200.2 },
      }),
    );
    expect([layout.x, layout.y]).toEqual([[111.1], [222.2]]);
  });

  test('names seats by section, row and number, by the labels of the row when it has some', () => {
    const plan = planOf([
      { places: line(0, 2) },
      { places: line(0, 1), more: { row_label: '%s排', seat_label: '%s座' } },
      { places: line(0, 1), more: { row_label: null, seat_label: '' } },
    ]);
    const { label } = layoutOfPlan(plan);
    expect(label).toEqual(['Hall 1-1', 'Hall 1-2', 'Hall 2排-1座', 'Hall 3-1']);
  });

  test('tells zones and seats of one name apart, and keeps labels short', () => {
    const zone = planOf([{ places: line(0, 2), numbers: ['1', '1'] }]).zones[0]!;
    const long = { ...zone, name: '很长的区域名称'.repeat(20) };
    const guids = (z: typeof zone, tag: string) => ({
      ...z,
      rows: z.rows.map((r) => ({
        ...r,
        seats: r.seats.map((s) => ({ ...s, seat_guid: tag + s.seat_guid })),
      })),
    });
    const plan = {
      ...planOf([]),
      zones: [guids(zone, 'a'), guids(zone, 'b'), guids(long, 'c')],
    };
    const { sections, label } = layoutOfPlan(plan);
    expect(sections.slice(0, 2)).toEqual(['Hall', 'Hall (2)']);
    expect(label.slice(0, 4)).toEqual([
      'Hall 1-1',
      'Hall 1-1 #2',
      'Hall (2) 1-1',
      'Hall (2) 1-1 #2',
    ]);
    expect(new Set(label).size).toBe(label.length);
    for (const text of label) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LABEL_BYTES_MAX);
  });

  test('lists only tiers with seats, in the order of the plan', () => {
    const plan = {
      ...planOf([{ places: line(0, 1) }]),
      categories: [{ name: 'B' }, { name: 'A' }],
    };
    expect(layoutOfPlan(plan).tiers).toEqual(['A']);
  });

  test('has a version that follows its content: the same again, another for another', () => {
    const one = layoutOfPlan(planOf([{ places: line(0, 3) }]));
    expect(layoutOfPlan(planOf([{ places: line(0, 3) }])).layoutVersion).toBe(one.layoutVersion);
    const other = layoutOfPlan(planOf([{ places: line(1, 3) }]));
    expect(other.layoutVersion).not.toBe(one.layoutVersion);
  });

  test('unfolds to sections and rows that hold every seat', () => {
    const columns = layoutOfPlan(planOf([{ places: line(0, 3) }, { places: line(0, 2) }]));
    const { sections } = layoutOf(columns);
    expect(sections.map(({ section, rows }) => [section, rows.map((r) => r.seats.length)])).toEqual(
      [['Hall', [3, 2]]],
    );
  });
});

/** Rows with jitter, aisles, gaps, bends and shuffled order. */
const anyRow = fc
  .record({
    count: fc.integer({ min: 1, max: 30 }),
    pitch: fc.integer({ min: 5, max: 60 }),
    bend: fc.double({ min: 0, max: 0.08, noNaN: true }),
    jumps: fc.array(fc.nat(29), { maxLength: 3 }),
    jitter: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 30, maxLength: 30 }),
    seed: fc.nat(),
  })
  .map(({ count, pitch, bend, jumps, jitter, seed }): RowSpec => {
    let [x, y, angle] = [0, 0, 0];
    const places = Array.from({ length: count }, (_, i): Place => {
      const step = jumps.includes(i) ? pitch * 4 : pitch;
      x += step * Math.cos(angle);
      y += step * Math.sin(angle);
      angle += bend;
      return [x + jitter[i]!, y];
    });
    const order = places
      .map((_, i) => i)
      .sort((a, b) => ((a * 7919 + seed) % 31) - ((b * 7919 + seed) % 31));
    return { places: order.map((i) => places[i]!) };
  });
const anyPlan = fc.record({
  plan: fc.array(anyRow, { minLength: 1, maxLength: 6 }).map((rows) => planOf(rows)),
  standing: fc.boolean(),
});

const median = (values: number[]) => values.sort((a, b) => a - b)[(values.length - 1) >> 1]!;

describe('whatever the plan', () => {
  test('every seat has exactly one number, ascending, with gaps of one between runs', () => {
    fc.assert(
      fc.property(anyPlan, ({ plan, standing }) => {
        const layout = layoutOfPlan(plan, standing ? ['Hall'] : []);
        const seats = plan.zones.flatMap(({ rows }) => rows.flatMap((row) => row.seats));
        expect(layout.seatCount).toBe(seats.length);
        expect(new Set(layout.label).size).toBe(seats.length);
        const places = layout.x.map((x, i) => `${x} ${layout.y[i]}`).sort();
        const given = seats.map(
          ({ position: { x, y } }) =>
            `${Math.round(x * 1e3) / 1e3 + 0} ${Math.round(y * 1e3) / 1e3 + 0}`,
        );
        expect(places).toEqual(given.sort());
        expect(layout.seat[0]).toBe(0);
        layout.seat.forEach((seat, i) => {
          const step = i === 0 ? 1 : seat - layout.seat[i - 1]!;
          expect([1, 2]).toContain(step);
          if (standing && i > 0) expect(step).toBe(2);
        });
      }),
    );
  });

  test('two consecutive numbers are one row’s and near each other', () => {
    fc.assert(
      fc.property(anyPlan, ({ plan }) => {
        const layout = layoutOfPlan(plan);
        const away = (i: number, j: number) =>
          Math.hypot(layout.x[i]! - layout.x[j]!, layout.y[i]! - layout.y[j]!);
        const indexes = layout.seat.map((_, i) => i);
        const nearest = indexes.map((i) =>
          Math.min(
            ...indexes
              .filter((j) => j !== i && layout.row[j] === layout.row[i])
              .map((j) => away(i, j) || Number.POSITIVE_INFINITY),
          ),
        );
        const typical = median(nearest.filter(Number.isFinite));
        for (const i of indexes.slice(1)) {
          if (layout.seat[i] !== layout.seat[i - 1]! + 1) continue;
          expect(layout.row[i]).toBe(layout.row[i - 1]);
          const own = median(
            nearest.filter((d, j) => layout.row[j] === layout.row[i] && Number.isFinite(d)),
          );
          expect(away(i, i - 1)).toBeLessThanOrEqual(Math.max(own, typical) * REACH * 1.001);
        }
      }),
    );
  });

  test('the same plan gives the same layout, in whatever order a row lists its seats', () => {
    fc.assert(
      fc.property(anyPlan, ({ plan }) => {
        const reversed = {
          ...plan,
          zones: plan.zones.map((zone) => ({
            ...zone,
            rows: zone.rows.map((row) => ({ ...row, seats: row.seats.toReversed() })),
          })),
        };
        const [one, other] = [layoutOfPlan(plan), layoutOfPlan(reversed)];
        expect(layoutOfPlan(plan)).toEqual(one);
        expect(other.seat).toEqual(one.seat);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a big plan', () => {
  const drawn = (rows: number, seats: number) =>
    generatePlan({
      name: 'Big',
      categories: [{ name: 'A', color: '#fff' }],
      blocks: [
        {
          name: 'Hall',
          place: { shape: 'straight', x: 0, y: 0 },
          rows,
          seats: () => seats,
          category: () => 'A',
        },
      ],
    });
  /** CPU time, because the wall's depends on who else is running. */
  const cost = (plan: SeatingPlan) => {
    const runs = Array.from({ length: 3 }, () => {
      const before = process.threadCpuUsage();
      layoutOfPlan(plan);
      return process.threadCpuUsage(before).user;
    });
    return Math.min(...runs);
  };

  test('of ten times the seats costs about ten times as much, be it many rows or one', () => {
    cost(drawn(20, 100));
    const few = cost(drawn(20, 100));
    expect(cost(drawn(200, 100)) / few).toBeLessThan(60);
    expect(cost(drawn(1, 20_000)) / few).toBeLessThan(70);
  });
});

const REAL = resolve(
  process.env.SEATING_PLAN_DIR ?? resolve(import.meta.dirname, '../../../shared/data'),
  'concert-hall-1115.seating-plan.json',
);

describe('a real hall', () => {
  test('of 1,115 places imports, its columns and rows unbroken', (context) => {
    if (!existsSync(REAL)) context.skip(`no plan at ${REAL}: set SEATING_PLAN_DIR to its folder`);
    const faults = new Faults();
    const plan = readPlan(JSON.parse(readFileSync(REAL, 'utf8')), ['Dance parterre'], faults)!;
    expect(faults.all).toEqual([]);
    const layout = layoutOfPlan(plan, ['Dance parterre']);
    expect(layout.seatCount).toBe(1_115);
    const lengths = new Map<string, number[]>();
    layout.seat.forEach((seat, i) => {
      const section = layout.sections[layout.rows[layout.row[i]!]!.section]!;
      const runs = lengths.get(section) ?? [];
      lengths.set(section, runs);
      if (runs.length === 0 || seat !== layout.seat[i - 1]! + 1) runs.push(1);
      else runs.push(runs.pop()! + 1);
    });
    expect(lengths.get('Dance parterre')).toEqual(Array(900).fill(1));
    expect(lengths.get('VIP 4')).toEqual([40]);
    expect(lengths.get('VIP 1')).toEqual([18, 18, 18, 18]);
    expect(lengths.get('Super VIP')).toEqual([18, 18]);
  });
});
