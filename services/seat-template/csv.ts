/**
 * A seating plan as a table: one line per seat, columns `section, row, seat, tier, x, y` by name.
 * It becomes the same plan a pretix file would give, so that everything after it is one road.
 */
import { parse } from 'csv-parse/sync';
import type { Faults, PlanRow, PlanSeat, PlanZone, SeatingPlan } from './plan.ts';

const COLUMNS = ['section', 'row', 'seat', 'tier', 'x', 'y'] as const;
type Line = Readonly<Record<(typeof COLUMNS)[number], string>>;

const COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'];

/**
 * The plan a CSV file says, or undefined with its faults added, at `/line/<n>/<column>`.
 * Names and numbers are judged later, as those of every plan are.
 */
export function planOfCsv(csv: string, name: string, faults: Faults): SeatingPlan | undefined {
  const table = tableOf(csv, faults);
  if (!table) return undefined;
  const [header = [], ...lines] = table;
  const known = header.map((column) => column.trim().toLowerCase());
  const missing = COLUMNS.filter((column) => !known.includes(column));
  const extra = known.filter((column) => !COLUMNS.includes(column as keyof Line));
  for (const column of missing) faults.add(`/line/1/${column}`, 'required', 'has no such column');
  for (const column of extra) faults.add(`/line/1/${column}`, 'unknown', 'is no column of a plan');
  if (missing.length > 0 || extra.length > 0) return undefined;
  const seats = lines.map((cells, i) => {
    const line = Object.fromEntries(known.map((column, c) => [column, (cells[c] ?? '').trim()]));
    return seatOf(line as Line, i + 2, faults);
  });
  return faults.all.length > 0 ? undefined : assemble(name, seats);
}

function tableOf(csv: string, faults: Faults): string[][] | undefined {
  try {
    return parse(csv, { bom: true, skip_empty_lines: true, relax_column_count: false });
  } catch (error) {
    const { lines, message } = error as Error & { lines?: number };
    faults.add(`/line/${lines ?? 1}`, 'malformed', message);
    return undefined;
  }
}

interface Placed extends PlanSeat {
  readonly section: string;
  readonly row: string;
}

function seatOf(line: Line, number: number, faults: Faults): Placed {
  for (const column of ['section', 'tier'] as const)
    if (line[column] === '') faults.add(`/line/${number}/${column}`, 'empty', 'must not be empty');
  const coordinate = (column: 'x' | 'y') => {
    const value = line[column] === '' ? Number.NaN : Number(line[column]);
    if (!Number.isFinite(value)) faults.add(`/line/${number}/${column}`, 'number', 'is no number');
    return value;
  };
  return {
    section: line.section,
    row: line.row,
    seat_guid: JSON.stringify([line.section, line.row, line.seat]),
    seat_number: line.seat,
    position: { x: coordinate('x'), y: coordinate('y') },
    category: line.tier,
  };
}

function assemble(name: string, seats: readonly Placed[]): SeatingPlan {
  const tiers = [...new Set(seats.map(({ category }) => category))];
  const highest = (of: 'x' | 'y') =>
    seats.reduce((high, { position }) => Math.max(high, position[of]), 0);
  return {
    name,
    categories: tiers.map((tier, i) => ({ name: tier, color: COLORS[i % COLORS.length]! })),
    zones: Array.from(
      grouped(seats, 'section'),
      ([section, inSection]): PlanZone => ({
        name: section,
        position: { x: 0, y: 0 },
        rows: Array.from(
          grouped(inSection, 'row'),
          ([row, inRow]): PlanRow => ({
            row_number: row,
            position: { x: 0, y: 0 },
            seats: inRow.map(({ seat_guid, seat_number, position, category }) => ({
              seat_guid,
              seat_number,
              position,
              category,
            })),
          }),
        ),
      }),
    ),
    size: { width: highest('x'), height: highest('y') },
  };
}

function grouped(seats: readonly Placed[], by: 'section' | 'row'): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const seat of seats) {
    const group = groups.get(seat[by]);
    if (group) group.push(seat);
    else groups.set(seat[by], [seat]);
  }
  return groups;
}
