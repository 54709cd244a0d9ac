/**
 * Halls of every shape for property tests: each plan with the runs of neighbours that it was built
 * from. Sections are turned, scaled, moved and bent; rows have aisles and holes where a wheelchair
 * stands; positions are split at random between zone, row and seat; rows list seats in any order.
 */
import fc from 'fast-check';
import type { SeatingPlan } from '../../services/seat-template/plan.ts';

export interface Hall {
  readonly plan: SeatingPlan;
  readonly standing: readonly string[];
  /** Seat guids side by side, each run from one end to the other. */
  readonly runs: readonly (readonly string[])[];
}

/** What the format does not know, anywhere in a plan. */
const unknown = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 6 }).map((key) => `x-${key}`),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 2 },
);
const anyText = fc.string({ unit: 'grapheme', maxLength: 12 });

const anyRow = fc.record({
  count: fc.integer({ min: 1, max: 24 }),
  /** After which seats there is room, and how many seats wide it is. */
  gaps: fc.array(fc.tuple(fc.nat(24), fc.double({ min: 1, max: 6, noNaN: true })), {
    maxLength: 3,
  }),
  shift: fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })),
  order: fc.array(fc.nat(1_000), { minLength: 24, maxLength: 24 }),
  name: fc.constantFrom('1', '2', 'A', ''),
  more: unknown,
});
/** What tells how wide a seat of the section is. */
const PLAIN_ROW = { count: 12, gaps: [], shift: [0, 0], order: [], name: '0', more: {} };

const anySection = fc.record({
  name: fc.option(anyText, { nil: undefined }),
  rows: fc.array(anyRow, { minLength: 1, maxLength: 6 }),
  pitch: fc.constantFrom(0.002, 0.5, 18, 24, 1_000),
  rowPitch: fc.double({ min: 0.9, max: 2, noNaN: true }),
  /** Radians along each pitch. */
  bend: fc.constantFrom(0, 0, 0.01, 0.05),
  turn: fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
  at: fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: -5_000, max: 5_000 })),
  stands: fc.boolean(),
  numbering: fc.constantFrom('plain', 'same', 'odd-even', 'words'),
  more: unknown,
});
type Section = typeof anySection extends fc.Arbitrary<infer Value> ? Value : never;
type Row = Section['rows'][number];

/** Where the seats of a row are along it, in pitches, and after which a run ends. */
function along({ count, gaps: wished }: Row): { at: number[]; ends: Set<number> } {
  // With more gaps than seats beside each other nobody could tell which is which.
  const gaps = wished.slice(0, Math.floor(count / 4));
  const ends = new Set<number>();
  let here = 0;
  const at = Array.from({ length: count }, (_, i) => {
    const wide = gaps.filter(([after]) => after === i).reduce((sum, [, width]) => sum + width, 0);
    if (wide > 0 && i > 0) ends.add(i - 1);
    here += i === 0 ? 0 : 1 + wide;
    return here;
  });
  return { at, ends };
}

function numberOf(numbering: Section['numbering'], i: number, count: number): string {
  if (numbering === 'same') return '1';
  if (numbering === 'words') return ['左', '右', 'x', ''][i % 4]!;
  if (numbering === 'plain') return String(i + 1);
  const middle = Math.ceil(count / 2);
  return String(i < middle ? 2 * (middle - i) - 1 : 2 * (i - middle + 1));
}

/** A point of a section that is bent, turned, scaled. */
function placed(section: Section, x: number, y: number): { x: number; y: number } {
  const { bend, pitch, turn } = section;
  // The first row lies on a circle of one pitch per `bend`, further rows outside of it.
  const radius = bend === 0 ? 0 : 1 / bend;
  const [u, v] =
    bend === 0
      ? [x, y]
      : [
          (radius + y) * Math.sin(x / (radius + y)),
          (radius + y) * Math.cos(x / (radius + y)) - radius,
        ];
  return {
    x: pitch * (u * Math.cos(turn) - v * Math.sin(turn)),
    y: pitch * (u * Math.sin(turn) + v * Math.cos(turn)),
  };
}

function zoneOf(section: Section, z: number, runs: string[][]) {
  const [zx, zy] = section.at;
  const rows = [...section.rows, PLAIN_ROW as unknown as Row].map((row, r) => {
    const { at, ends } = along(row);
    const middle = at.at(-1)! / 2;
    const [rx, ry] = row.shift;
    let run: string[] = [];
    const seats = at.map((distance, i) => {
      const seat_guid = `${z}/${r}/${i}`;
      run.push(seat_guid);
      if (section.stands || ends.has(i) || i === at.length - 1) {
        runs.push(run);
        run = [];
      }
      const { x, y } = placed(section, distance - middle, r * section.rowPitch);
      return {
        seat_guid,
        seat_number: numberOf(section.numbering, i, at.length),
        position: { x: x - rx, y: y - ry },
        category: (i + r) % 2 === 0 ? 'A' : 'B',
        ...(i % 5 === 0 && row.more),
      };
    });
    const listed = seats.map((_, i) => i).sort((a, b) => (row.order[a] ?? a) - (row.order[b] ?? b));
    return {
      row_number: row.name,
      position: { x: rx, y: ry },
      seats: listed.map((i) => seats[i]!),
      ...row.more,
    };
  });
  return {
    ...(section.name !== undefined && { name: section.name }),
    position: { x: zx, y: zy },
    rows,
    areas: [
      { shape: 'text', position: { x: 0, y: 0 }, text: { text: '舞台 Stage' }, rotation: 90 },
    ],
    ...section.more,
  };
}

export const anyHall: fc.Arbitrary<Hall> = fc
  .record({
    sections: fc.array(anySection, { minLength: 1, maxLength: 4 }),
    more: unknown,
    name: anyText,
  })
  .map(({ sections, more, name }) => {
    const runs: string[][] = [];
    // A section that stands needs a name of its own to be called by.
    const named = sections.map((section, s) => ({
      ...section,
      ...(section.stands && { name: `Floor ${s}` }),
    }));
    const plan = {
      name,
      categories: [{ name: 'A', color: '#a00' }, { name: 'B' }, { name: '空 none' }],
      zones: named.map((section, s) => zoneOf(section, s, runs)),
      size: { width: 900, height: 900 },
      ...more,
    };
    const standing = named.filter(({ stands }) => stands).map((section) => section.name!);
    return { plan, standing, runs };
  });
