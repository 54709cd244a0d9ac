/**
 * A seating plan as a table: one line per seat, columns by name, in Chinese or English, the way a
 * spreadsheet saves it. It becomes the same plan a pretix file would give, so that everything after
 * it is one road. Every fault is named by the line of the file it stands in.
 */
import { parse } from 'csv-parse/sync';
import {
  CATEGORIES_MAX,
  CATEGORY_NAME,
  COORDINATE_MAX,
  coloured,
  type PlanRow,
  type PlanSeat,
  type PlanZone,
  ROW_NUMBER,
  SEAT_NUMBER,
  SEATS_MAX,
  type SeatingPlan,
  ZONE_NAME_MAX,
  ZONES_MAX,
} from './plan.ts';
import { check, type Faults, strict, text } from './rules.ts';
import { VALUES_MAX } from './text.ts';

/** The columns, and what people call them; spaces and case do not count. */
const COLUMNS = {
  section: ['zone', 'area', 'block', '区', '区域', '分区', '看台', '看台区', '区名'],
  row: ['row_number', 'rownumber', '排', '排号', '行', '行号'],
  seat: ['seat_number', 'seatnumber', 'number', '座', '座号', '座位', '座位号', '号'],
  tier: ['category', 'price_tier', '票档', '档位', '票价档', '等级', '类别', '价位'],
  x: ['横坐标', 'x坐标', '坐标x'],
  y: ['纵坐标', 'y坐标', '坐标y'],
  standing: ['站席', '站票', '站区'],
} as const;
type Column = keyof typeof COLUMNS;
const OPTIONAL: ReadonlySet<Column> = new Set(['standing']);
const NAMES = Object.keys(COLUMNS) as Column[];
const COLUMN_OF: ReadonlyMap<string, Column> = new Map(
  NAMES.flatMap((name) => [name, ...COLUMNS[name]].map((called) => [called, name] as const)),
);
/** What a cell of the standing column says. */
const YES = new Set(['1', 'true', 'yes', 'y', '是', '站']);
const NO = new Set(['', '0', 'false', 'no', 'n', '否', '坐']);

const DELIMITERS = [',', ';', '\t'] as const;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const CELLS = strict({
  section: text(ZONE_NAME_MAX),
  row: ROW_NUMBER,
  seat: SEAT_NUMBER,
  tier: CATEGORY_NAME,
});

/** One line of the file, by the number an editor shows where it begins. */
interface Line {
  readonly number: number;
  readonly cells: readonly string[];
}
interface Placed extends PlanSeat {
  readonly line: number;
  readonly section: string;
  readonly row: string;
  readonly standing: boolean;
}
export interface TablePlan {
  readonly plan: SeatingPlan;
  readonly standing: readonly string[];
}

/** The plan a CSV text says, or undefined with its faults added, at `/line/<n>/<column>`. */
export function planOfCsv(csv: string, name: string, faults: Faults): TablePlan | undefined {
  const before = faults.count;
  const [header, ...lines] = linesOf(csv, faults);
  if (!header) {
    if (faults.count === before) faults.add('/line/1', 'empty', 'the file has no line');
    return undefined;
  }
  const columns = columnsIn(header, faults);
  if (!columns) return undefined;
  const seats = lines
    .slice(0, SEATS_MAX)
    .map((line) => seatOf(line, columns, faults))
    .filter((seat) => seat !== undefined);
  checkTogether(seats, faults);
  if (lines.length === 0 && faults.count === before)
    faults.add(`/line/${header.number}`, 'empty', 'no seat follows');
  const beyond = lines[SEATS_MAX];
  if (beyond) faults.add(`/line/${beyond.number}`, 'long', `has more seats than ${SEATS_MAX}`);
  return faults.count === before ? assemble(name, seats) : undefined;
}

interface Parsed {
  readonly record: string[];
  readonly info: { readonly lines: number };
  readonly raw: string;
}

/**
 * The lines that say anything. What follows a line with a broken quote cannot be told from what is
 * inside of it: there reading ends.
 */
function linesOf(csv: string, faults: Faults): Line[] {
  const delimiter = delimiterOf(csv);
  if (cellsIn(csv, delimiter) > VALUES_MAX) {
    faults.add('/line/1', 'long', `the file has more than ${VALUES_MAX} cells`);
    return [];
  }
  let broken: { line: number; detail: string } | undefined;
  const parsed = parse(csv, {
    bom: true,
    delimiter,
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      const line = (error as { lines?: number } | undefined)?.lines ?? 1;
      broken ??= { line, detail: error?.message ?? 'cannot be read' };
    },
  }) as unknown as Parsed[];
  const end = broken?.line ?? Number.POSITIVE_INFINITY;
  const lines = parsed
    .filter(({ info }) => info.lines < end)
    .map(({ record, info, raw }) => ({
      number: info.lines - (raw.trim().match(/\r\n|\r|\n/g)?.length ?? 0),
      cells: record.map((cell) => cell.trim()),
    }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  if (broken) faults.add(`/line/${broken.line}`, 'malformed', broken.detail);
  return lines;
}

/** The delimiter that stands most in the first line. */
function delimiterOf(csv: string): string {
  const first = csv.slice(0, 10_000).trimStart().split(/\r|\n/, 1)[0]!;
  const count = (delimiter: string) => first.split(delimiter).length;
  return DELIMITERS.reduce((best, other) => (count(other) > count(best) ? other : best));
}

function cellsIn(csv: string, delimiter: string): number {
  const [ends, next] = ['\n'.charCodeAt(0), delimiter.charCodeAt(0)];
  let cells = 1;
  for (let i = 0; i < csv.length; i++) {
    const code = csv.charCodeAt(i);
    if (code === ends || code === next) cells++;
  }
  return cells;
}

/** Which column each cell of a line belongs to. */
function columnsIn({ number, cells }: Line, faults: Faults): Column[] | undefined {
  const before = faults.count;
  const at = (column: string) => `/line/${number}/${column.slice(0, 100)}`;
  const columns = cells.map((cell) => COLUMN_OF.get(cell.replace(/\s+/g, '').toLowerCase()));
  for (const name of NAMES) {
    const times = columns.filter((column) => column === name).length;
    if (times === 0 && !OPTIONAL.has(name)) faults.add(at(name), 'required', 'has no such column');
    if (times > 1) faults.add(at(name), 'repeated', 'stands more than once');
  }
  columns.forEach((column, c) => {
    if (column === undefined) faults.add(at(cells[c]!), 'unknown', 'is no column of a plan');
  });
  return faults.count === before ? (columns as Column[]) : undefined;
}

function seatOf({ number, cells }: Line, columns: Column[], faults: Faults): Placed | undefined {
  const before = faults.count;
  const at = `/line/${number}`;
  if (cells.length !== columns.length)
    faults.add(at, 'malformed', `has ${cells.length} cells, not ${columns.length}`);
  const cell = (column: Column) => cells[columns.indexOf(column)] ?? '';
  const [section, row, seat, tier] = (['section', 'row', 'seat', 'tier'] as const).map(cell) as [
    string,
    string,
    string,
    string,
  ];
  check({ section, row, seat, tier }, CELLS, at, faults);
  const position = { x: coordinate(cell('x')), y: coordinate(cell('y')) };
  for (const axis of ['x', 'y'] as const)
    if (Number.isNaN(position[axis])) faults.add(`${at}/${axis}`, 'number', 'is no number');
    else if (Math.abs(position[axis]) > COORDINATE_MAX)
      faults.add(`${at}/${axis}`, 'range', `must be within ${COORDINATE_MAX}`);
  const stands = cell('standing').toLowerCase();
  if (!YES.has(stands) && !NO.has(stands))
    faults.add(`${at}/standing`, 'choice', 'must be yes or no');
  if (faults.count > before) return undefined;
  return {
    line: number,
    section,
    row,
    standing: YES.has(stands),
    seat_guid: guidOf(section, row, seat),
    seat_number: seat,
    position,
    category: tier,
  };
}

const coordinate = (cell: string): number => (NUMBER.test(cell) ? Number(cell) : Number.NaN);

const guidOf = (section: string, row: string, seat: string): string =>
  JSON.stringify([section, row, seat]);

/** What only shows when lines are held against each other. */
function checkTogether(seats: readonly Placed[], faults: Faults): void {
  const guids = new Map<string, number>();
  const sections = new Map<string, Placed>();
  const tiers = new Set<string>();
  for (const seat of seats) {
    const at = `/line/${seat.line}`;
    const twin = guids.get(seat.seat_guid);
    if (twin === undefined) guids.set(seat.seat_guid, seat.line);
    else faults.add(`${at}/seat`, 'repeated', `the same seat is on line ${twin}`);
    const first = sections.get(seat.section);
    if (!first) {
      if (sections.size === ZONES_MAX)
        faults.add(`${at}/section`, 'long', `there are more sections than ${ZONES_MAX}`);
      sections.set(seat.section, seat);
    } else if (first.standing !== seat.standing)
      faults.add(`${at}/standing`, 'mixed', `line ${first.line} says otherwise of this section`);
    if (!tiers.has(seat.category) && tiers.size === CATEGORIES_MAX)
      faults.add(`${at}/tier`, 'long', `there are more tiers than ${CATEGORIES_MAX}`);
    tiers.add(seat.category);
  }
}

function assemble(name: string, seats: readonly Placed[]): TablePlan {
  const tiers = [...new Set(seats.map(({ category }) => category))];
  const highest = (of: 'x' | 'y') =>
    seats.reduce((high, { position }) => Math.max(high, position[of]), 0);
  const standing = new Set(seats.filter((seat) => seat.standing).map(({ section }) => section));
  const plan = {
    name,
    categories: coloured(tiers),
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
  return { plan, standing: [...standing] };
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
