/** How a layout is packed for the arbiter. Pure: no server is asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordOf } from '../../contracts/errors.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { type PackedPlan, packPlan } from '../../lua/plan.ts';
import { drawnHall } from './hall.ts';
import { pricesOf } from './stage.ts';

const packed = (layout: LayoutColumns) => packPlan(layout, pricesOf(layout));

const recordAt = ({ plan, planWidth }: PackedPlan, seat: number) =>
  plan
    .subarray(seat * planWidth, (seat + 1) * planWidth)
    .toString('utf8')
    .replace(/\0+$/, '');
const boundsOf = ({ segments }: PackedPlan) =>
  segments.match(/.{15}/g)!.map((record) => record.trim().split(' ').map(Number));
const fieldsOf = ({ tiers }: PackedPlan) =>
  Object.fromEntries(tiers.flatMap((value, i) => (i % 2 ? [] : [[value, tiers[i + 1]]])));

describe('a packed plan', () => {
  it('marks seats free and gaps as gaps', () => {
    const { seats, span, seatCount, left } = packed(drawnHall(['AA BB', 'A']));
    expect(seats).toBe('00-00-0');
    expect({ span, seatCount, left }).toEqual({ span: 7, seatCount: 5, left: [3, 2] });
  });

  it('says of a seat its tier, segment, the segment’s ends, its price and its JSON', () => {
    const plan = packed(drawnHall(['AABB']));
    const [tier, segment, first, last, price, ...json] = recordAt(plan, 3).split(' ');
    expect([tier, segment, first, last, price]).toEqual(['1', '1', '2', '3', '200']);
    expect(JSON.parse(`{"seat":3${json.join(' ')}`)).toEqual({
      ...{ seat: 3, label: 'Row 1 Seat 4', tier: 'B', priceFen: 200 },
    });
  });

  it('ends every record with a NUL, the longest too', () => {
    const plan = packed({ ...drawnHall(['AAA']), label: ['x', '一二三四五六七八九十', 'y'] });
    for (let seat = 0; seat < 3; seat++) expect(plan.plan[(seat + 1) * plan.planWidth - 1]).toBe(0);
    expect(recordAt(plan, 1)).toContain('一二三四五六七八九十');
  });

  it('orders segments by tier, then from the stage and its middle outward', () => {
    const plan = packed(drawnHall(['BB AAAA AA', 'AA AAAA AA']));
    expect(boundsOf(plan)).toEqual([
      ...[
        [3, 6],
        [14, 17],
        [8, 9],
        [11, 12],
        [19, 20],
      ],
      [0, 1],
    ]);
    expect(plan.runs).toBe('442222');
    expect(fieldsOf(plan)).toMatchObject({ 'tier:A': '0 0 4', 'tier:B': '1 5 5' });
  });

  it('counts a free run to nine', () => {
    expect(
      ['A'.repeat(8), 'A'.repeat(9), 'A'.repeat(40)].map((row) => packed(drawnHall([row])).runs),
    ).toEqual(['8', '9', '9']);
  });

  it('gathers places without neighbours into blocks of at most 64', () => {
    const plan = packed(drawnHall([Array(150).fill('A').join(' ')]));
    expect(boundsOf(plan).toSorted(([a], [b]) => a! - b!)).toEqual([
      ...[
        [0, 126],
        [128, 254],
        [256, 298],
      ],
    ]);
    expect(plan.runs).toBe('111');
  });

  it('gathers no places across a tier, a section, or a row of neighbours', () => {
    const hall = drawnHall(['A A B AA A', 'A'], ['Left', 'Right']);
    expect(boundsOf(packed(hall)).toSorted(([a], [b]) => a! - b!)).toEqual([
      ...[
        [0, 2],
        [4, 4],
        [6, 7],
        [9, 9],
        [11, 11],
      ],
    ]);
  });

  it('lists the segments of each section, best first; sections of one name are one', () => {
    const hall = drawnHall(['AA', 'AA', 'AA'], ['Left', 'Right', 'Left']);
    const twice = {
      ...hall,
      sections: ['Left', 'Right', 'Left'],
      rows: hall.rows.map((row, i) => ({ ...row, section: i })),
    };
    for (const layout of [hall, twice])
      expect(fieldsOf(packed(layout))).toMatchObject({
        ...{ 'section:Left': '0', 'within:0:0': '000000000002', 'within:0:1': '000001' },
      });
  });

  it('is refused with every tier that has no price, and every limit it passes', () => {
    const hall = { ...drawnHall(['AABB']), label: ['x', 'x', 'x', 'x'.repeat(600)] };
    try {
      packPlan(hall, { A: -1 });
      expect.fail('packed');
    } catch (error) {
      expect(wordOf(error)).toBe('VALIDATION_FAILED');
      const { errors } = (error as { data: { errors: { pointer: string }[] } }).data;
      expect(errors.map(({ pointer }) => pointer)).toEqual(['/tiers', '/tiers', '/plan']);
    }
  });

  it('is a bug when a layout numbers a seat twice', () => {
    expect(() => packed({ ...drawnHall(['AA']), seat: [1, 1] })).toThrow(/once each/);
  });

  it('gives every seat to exactly one segment of its tier, whatever the hall', () => {
    const row = fc.string({ unit: fc.constantFrom('A', 'B', 'C', ' '), maxLength: 30 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
        const hall = drawnHall(rows);
        if (hall.seatCount === 0) return;
        const plan = packed(hall);
        const bounds = boundsOf(plan);
        hall.seat.forEach((seat, i) => {
          const [tier, segment, first, last] = recordAt(plan, seat).split(' ').map(Number);
          expect(tier).toBe(hall.tier[i]);
          expect([first, last]).toEqual(bounds[segment!]);
          expect(bounds.filter(([a, b]) => a! <= seat && seat <= b!)).toHaveLength(1);
        });
        const isGap = (seat: number) => plan.seats[seat] === '-';
        for (let seat = 0; seat < plan.span; seat++)
          expect(recordAt(plan, seat) === '').toBe(isGap(seat));
      }),
    );
  });
});
