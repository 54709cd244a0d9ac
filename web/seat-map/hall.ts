/**
 * The hall as columns: everything the map asks of a layout, in typed arrays, made once.
 *
 * A seat has its number (the offset of the arbiter, with gaps) and its place: its position in these
 * columns, which is sorted by section. Inside the module only places are spoken of.
 */
import type { Layout, LayoutColumns } from '../../contracts/layout.ts';

/** A rectangle of the hall, in units of the layout. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Section extends Box {
  readonly name: string;
  /** Its seats are the places `from` … `to - 1`. */
  readonly from: number;
  readonly to: number;
}

export interface Row extends Box {
  readonly name: string;
  readonly section: number;
  readonly from: number;
  readonly to: number;
}

export interface Hall {
  readonly count: number;
  /** Seat number of a place. */
  readonly seat: Int32Array;
  /** Place of a seat number, -1 for a gap. */
  readonly placeOf: Int32Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly tier: Uint8Array;
  readonly row: Uint16Array;
  readonly section: Uint16Array;
  /** What stands on the seat when it is large enough: its number in the row. */
  readonly mark: readonly string[];
  readonly tiers: readonly string[];
  readonly sections: readonly Section[];
  readonly rows: readonly Row[];
  /** The usual distance between two neighbours: a seat is drawn a little smaller than this. */
  readonly pitch: number;
  /** Where the stage is drawn: above the first seats, since seat plans are drawn that way up. */
  readonly stage: Box;
  /** Everything that is drawn, the stage too. */
  readonly bounds: Box;
}

const NOTHING: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };

/** The last number of a label: `7` of `VIP 12排7座`. */
const markOf = (label: string): string => label.match(/\d+(?=\D*$)/)?.[0] ?? label.slice(0, 3);

/** Both forms of `GET /sessions/:id/layout` are welcome. */
export function hallOf(layout: Layout | LayoutColumns): Hall {
  const columns = 'seat' in layout ? layout : columnsOf(layout);
  const { rows: rowNames, sections: sectionNames } = columns;
  // The order of the seats inside a row is kept, and with it what is drawn over what.
  const order = columns.seat
    .map((_, i) => i)
    .sort((a, b) => {
      const [rowA, rowB] = [columns.row[a]!, columns.row[b]!];
      return rowNames[rowA]!.section - rowNames[rowB]!.section || rowA - rowB || a - b;
    });
  const pick = (column: readonly number[]) => order.map((i) => column[i]!);
  const seat = Int32Array.from(pick(columns.seat));
  const placeOf = new Int32Array(seat.reduce((most, number) => Math.max(most, number), -1) + 1);
  placeOf.fill(-1);
  seat.forEach((number, place) => {
    placeOf[number] = place;
  });
  const x = Float32Array.from(pick(columns.x));
  const y = Float32Array.from(pick(columns.y));
  const row = Uint16Array.from(pick(columns.row));
  const section = Uint16Array.from(row, (r) => rowNames[r]!.section);
  const pitch = pitchOf(x, y, row, columns.size.width);
  const rows = boxesOf(rowNames.length, row, x, y).map((box, r) => ({ ...rowNames[r]!, ...box }));
  const sections = boxesOf(sectionNames.length, section, x, y).map((box, s) => ({
    ...box,
    name: sectionNames[s]!,
  }));
  const stage = stageOf(sections, pitch);
  return {
    count: seat.length,
    seat,
    placeOf,
    x,
    y,
    tier: Uint8Array.from(pick(columns.tier)),
    row,
    section,
    mark: order.map((i) => markOf(columns.label[i]!)),
    tiers: columns.tiers,
    sections,
    rows: rows.map(({ row: name, ...rest }) => ({ name, ...rest })),
    pitch,
    stage,
    bounds: grown(sections.reduce(union, stage), pitch * 2),
  };
}

export function grown({ left, top, right, bottom }: Box, by: number): Box {
  return { left: left - by, top: top - by, right: right + by, bottom: bottom + by };
}

const union = (a: Box, b: Box): Box => ({
  left: Math.min(a.left, b.left),
  top: Math.min(a.top, b.top),
  right: Math.max(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
});

function columnsOf(layout: Layout): LayoutColumns {
  const { layoutVersion, seatCount, size, sections } = layout;
  const rows = sections.flatMap(({ rows }, section) => rows.map(({ row }) => ({ section, row })));
  const perRow = sections.flatMap((section) => section.rows);
  const seats = perRow.flatMap(({ seats }, row) => seats.map((seat) => ({ ...seat, row })));
  const tiers = [...new Set(seats.map(({ tier }) => tier))];
  const tierOf = new Map(tiers.map((tier, t) => [tier, t]));
  return {
    layoutVersion,
    seatCount,
    size,
    tiers,
    sections: sections.map(({ section }) => section),
    rows,
    seat: seats.map(({ seat }) => seat),
    label: seats.map(({ label }) => label),
    x: seats.map(({ x }) => x),
    y: seats.map(({ y }) => y),
    tier: seats.map(({ tier }) => tierOf.get(tier)!),
    row: seats.map(({ row }) => row),
  };
}

/** The box and the stretch of places of each group, given the group of each place. */
function boxesOf(count: number, groups: Uint16Array, x: Float32Array, y: Float32Array) {
  const boxes = Array.from({ length: count }, () => ({ ...NOTHING, from: 0, to: 0 }));
  groups.forEach((group, place) => {
    const box = boxes[group]!;
    const point = { left: x[place]!, right: x[place]!, top: y[place]!, bottom: y[place]! };
    if (box.to === 0) box.from = place;
    Object.assign(box, union(box, point), { to: place + 1 });
  });
  return boxes;
}

/** The lower quartile of the distances between seats that follow each other in a row. */
function pitchOf(x: Float32Array, y: Float32Array, row: Uint16Array, width: number): number {
  const distances: number[] = [];
  for (let place = 1; place < x.length; place++) {
    if (row[place] !== row[place - 1]) continue;
    const distance = Math.hypot(x[place]! - x[place - 1]!, y[place]! - y[place - 1]!);
    if (distance > 0) distances.push(distance);
  }
  const usual = distances.sort((a, b) => a - b)[Math.floor(distances.length / 4)];
  return usual ?? (width / 20 || 1);
}

function stageOf(sections: readonly Box[], pitch: number): Box {
  const seats = sections.reduce(union, NOTHING);
  if (seats.left > seats.right) return { left: 0, top: 0, right: 1, bottom: 1 };
  const middle = (seats.left + seats.right) / 2;
  const half = Math.max((seats.right - seats.left) * 0.2, pitch * 3);
  const height = Math.max(half * 0.22, pitch * 2);
  const bottom = seats.top - pitch * 3;
  return { left: middle - half, right: middle + half, top: bottom - height, bottom };
}
