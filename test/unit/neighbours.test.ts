/** Halls whose neighbours are known because they were built from them, whatever their geometry. */
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeBody } from '../../services/seat-template/body.ts';
import { layoutOfPlan } from '../../services/seat-template/layout.ts';
import { readPlan } from '../../services/seat-template/plan.ts';
import { Faults } from '../../services/seat-template/rules.ts';
import { anyHall, type Hall } from './halls.ts';

const runs = Number(process.env.HALLS ?? 300);

/** The runs of a layout as guids: its seats are found by their tier and where they stand. */
function runsOf({ plan, standing }: Hall): string[][] {
  const named = {
    ...plan,
    zones: plan.zones.map((zone) => ({
      ...zone,
      rows: zone.rows.map((row) => ({
        ...row,
        row_number: '',
        seats: row.seats.map((seat) => ({ ...seat, seat_number: ` ${seat.seat_guid}` })),
      })),
    })),
  };
  const { seat, label } = layoutOfPlan(named, standing);
  const found: string[][] = [];
  seat.forEach((number, i) => {
    if (i === 0 || number !== seat[i - 1]! + 1) found.push([]);
    found.at(-1)!.push(label[i]!.split(' ').at(-1)!);
  });
  return found;
}
/** A run is the same from either end. */
const known = (list: readonly (readonly string[])[]) =>
  list.map((run) => [run.join(' '), run.toReversed().join(' ')].sort()[0]).sort();

describe('whatever the hall', () => {
  test('who sits side by side is who was put side by side', () => {
    fc.assert(
      fc.property(anyHall, (hall) => {
        expect(known(runsOf(hall))).toEqual(known(hall.runs));
      }),
      { numRuns: runs },
    );
  });
  test('it has no fault, and comes back letter for letter', () => {
    fc.assert(
      fc.property(anyHall, fc.nat(3), ({ plan, standing }, indent) => {
        const faults = new Faults();
        readPlan(plan, standing, faults);
        expect(faults.all).toEqual([]);
        const text = JSON.stringify({ name: 'x', plan, standing }, null, indent);
        const { body, faults: none } = judgeBody(Buffer.from(text), {}, ['plan']);
        expect(none).toEqual([]);
        const kept = gunzipSync(body.columns!.plan).toString();
        expect(text.includes(kept)).toBe(true);
        expect(JSON.parse(kept)).toEqual(JSON.parse(JSON.stringify(plan)));
        const seats = plan.zones.flatMap(({ rows }) => rows.flatMap((row) => row.seats));
        expect(body.columns!.seatCount).toBe(seats.length);
      }),
      { numRuns: runs },
    );
  });
});
