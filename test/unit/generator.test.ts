/** The plan generator and the demo halls: plans like any other, drawn by rule. */
import { describe, expect, test } from 'vitest';
import { concertHall, type DemoPlan, stadium, theatre } from '../../bin/demo-plans.ts';
import { type BlockSpec, generatePlan } from '../../services/seat-template/generate.ts';
import { layoutOfPlan } from '../../services/seat-template/layout.ts';
import { Faults, readPlan } from '../../services/seat-template/plan.ts';

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
    expect(numbers('odd-even')).toEqual(['5', '3', '1', '2', '4', '6']);
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
