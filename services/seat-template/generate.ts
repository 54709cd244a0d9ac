/**
 * Draws seating plans in the pretix format from a short description: blocks of rows, straight or
 * bent round a stage, with aisles. Pure: the same description gives the same plan, guid for guid.
 */
import type { PlanRow, PlanSeat, PlanZone, SeatingPlan } from './plan.ts';

/** How seats of a row are numbered from left to right, as for a row of six. */
const NUMBERINGS = {
  /** 1 2 3 4 5 6 */
  plain: (plain: number[]) => plain,
  /** 6 5 4 3 2 1 */
  reverse: (plain: number[]) => plain.toReversed(),
  /** 5 3 1 2 4 6: 单双号, odd numbers on the left */
  'odd-even': (plain: number[]) => [...plain.filter(odd).toReversed(), ...plain.filter(even)],
  /** 6 4 2 1 3 5 */
  'even-odd': (plain: number[]) => [...plain.filter(even).toReversed(), ...plain.filter(odd)],
} as const;
const odd = (n: number) => n % 2 === 1;
const even = (n: number) => n % 2 === 0;
export type Numbering = keyof typeof NUMBERINGS;
export const NUMBERING_NAMES = Object.keys(NUMBERINGS) as Numbering[];

/** Rows that lie side by side in the plane, from `x`, `y` downwards. */
export interface StraightBlock {
  readonly shape: 'straight';
  readonly x: number;
  readonly y: number;
  /** Degrees clockwise by which the whole block is turned round `x`, `y`. */
  readonly rotation?: number;
}
/** Rows on circles round a centre, from `radius` outwards, the middle at `angle` degrees. */
export interface CurvedBlock {
  readonly shape: 'curved';
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** 90 looks down the plan, where y grows. */
  readonly angle: number;
}
export interface BlockSpec {
  readonly name: string;
  readonly place: StraightBlock | CurvedBlock;
  readonly rows: number;
  /** Seats of row `r` (0 = nearest the stage). */
  readonly seats: (row: number) => number;
  readonly category: (row: number) => string;
  readonly rowName?: (row: number) => string;
  readonly numbering?: Numbering;
  /** How people call a row and its seats; `%s` stands for the number. */
  readonly rowLabel?: string;
  readonly seatLabel?: string;
  /** After how many seats of a row from the left an aisle lies. */
  readonly aisles?: (row: number) => readonly number[];
  readonly pitch?: number;
  readonly rowPitch?: number;
  /** How many seats an aisle is wide. */
  readonly aisleWidth?: number;
}
export interface PlanSpec {
  readonly name: string;
  readonly categories: readonly { readonly name: string; readonly color: string }[];
  readonly blocks: readonly BlockSpec[];
  readonly margin?: number;
}

export const PITCH = 24;
export const ROW_PITCH = 32;
export const AISLE_WIDTH = 2;
const MARGIN = 60;

/** Draws a plan; its size follows from where its seats lie. */
export function generatePlan(spec: PlanSpec): SeatingPlan {
  const zones = spec.blocks.map((block, b) => zoneOf(block, b));
  const margin = spec.margin ?? MARGIN;
  const low = { x: Number.POSITIVE_INFINITY, y: Number.POSITIVE_INFINITY };
  const high = { x: Number.NEGATIVE_INFINITY, y: Number.NEGATIVE_INFINITY };
  for (const zone of zones)
    for (const row of zone.rows)
      for (const { position } of row.seats) {
        const x = position.x + row.position!.x + zone.position.x;
        const y = position.y + row.position!.y + zone.position.y;
        low.x = Math.min(low.x, x);
        low.y = Math.min(low.y, y);
        high.x = Math.max(high.x, x);
        high.y = Math.max(high.y, y);
      }
  const shift = { x: margin - low.x, y: margin - low.y };
  return {
    name: spec.name,
    categories: spec.categories,
    zones: zones.map((zone) => ({
      ...zone,
      position: {
        x: tenth(zone.position.x + shift.x),
        y: tenth(zone.position.y + shift.y),
      },
    })),
    size: {
      width: Math.ceil(high.x - low.x + 2 * margin),
      height: Math.ceil(high.y - low.y + 2 * margin),
    },
  };
}

type DrawnRow = PlanRow & { readonly row_number_position: 'both' };
type DrawnZone = PlanZone & { readonly areas: readonly unknown[] };

function zoneOf(block: BlockSpec, index: number): DrawnZone {
  const rows = Array.from({ length: block.rows }, (_, r) => rowOf(block, index, r));
  const { x, y } = block.place;
  return { name: block.name, zone_id: `z${index + 1}`, position: { x, y }, rows, areas: [] };
}

function rowOf(block: BlockSpec, blockIndex: number, row: number): DrawnRow {
  const count = block.seats(row);
  const along = placesAlong(block, row, count);
  const plain = Array.from({ length: count }, (_, i) => i + 1);
  const numbers = NUMBERINGS[block.numbering ?? 'plain'](plain);
  const rowNumber = block.rowName?.(row) ?? String(row + 1);
  const down = row * (block.rowPitch ?? ROW_PITCH);
  return {
    row_number: rowNumber,
    ...(block.rowLabel !== undefined && { row_label: block.rowLabel }),
    ...(block.seatLabel !== undefined && { seat_label: block.seatLabel }),
    row_number_position: 'both',
    position: block.place.shape === 'straight' ? turned(block.place, 0, down) : { x: 0, y: 0 },
    seats: along.map(
      (distance, i): PlanSeat => ({
        seat_guid: `z${blockIndex + 1}-r${row + 1}-s${i + 1}`,
        seat_number: String(numbers[i]),
        position: positionOf(block.place, down, distance),
        category: block.category(row),
      }),
    ),
  };
}

/** How far each seat is from the middle of its row, aisles counted. */
function placesAlong(block: BlockSpec, row: number, count: number): number[] {
  const pitch = block.pitch ?? PITCH;
  const aisles = block.aisles?.(row) ?? [];
  const wide = (block.aisleWidth ?? AISLE_WIDTH) * pitch;
  const from = Array.from(
    { length: count },
    (_, i) => i * pitch + wide * aisles.filter((after) => after <= i).length,
  );
  const middle = (from.at(-1) ?? 0) / 2;
  return from.map((distance) => distance - middle);
}

/** Where a seat stands relative to its row; on a circle, distances are along the arc. */
function positionOf(place: BlockSpec['place'], down: number, along: number) {
  if (place.shape === 'straight') return turned(place, along, 0);
  const radius = place.radius + down;
  const angle = (place.angle * Math.PI) / 180 - along / radius;
  return { x: tenth(radius * Math.cos(angle)), y: tenth(radius * Math.sin(angle)) };
}

function turned({ rotation = 0 }: StraightBlock, along: number, down: number) {
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { x: tenth(along * cos - down * sin), y: tenth(along * sin + down * cos) };
}

const tenth = (value: number): number => Math.round(value * 10) / 10 + 0;
