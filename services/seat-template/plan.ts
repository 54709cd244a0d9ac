/**
 * Reads a seating plan in the open pretix format and names everything that is wrong with it. A plan
 * is kept as it came: fields this project does not know are neither refused nor dropped.
 *
 * Always true of a plan without faults: it has 1 to 100,000 seats, every `seat_guid` once, every
 * seat a finite position and a category of the plan. Pure: no I/O, no clock.
 */
import {
  check,
  emptyText,
  type Faults,
  type Field,
  isObject,
  list,
  number,
  object,
  optional,
  text,
} from './rules.ts';

export interface PlanPosition {
  readonly x: number;
  readonly y: number;
}
export interface PlanSeat {
  readonly seat_guid: string;
  readonly seat_number: string;
  /** Relative to its row, which is relative to its zone. */
  readonly position: PlanPosition;
  readonly category: string;
}
export interface PlanRow {
  readonly row_number: string;
  /** How people call the row; `%s` stands for `row_number`. */
  readonly row_label?: string | null;
  /** How people call its seats; `%s` stands for `seat_number`. */
  readonly seat_label?: string | null;
  readonly position?: PlanPosition;
  readonly seats: readonly PlanSeat[];
}
export interface PlanZone {
  readonly name?: string;
  readonly zone_id?: string;
  readonly position: PlanPosition;
  readonly rows: readonly PlanRow[];
}
export interface SeatingPlan {
  readonly name: string;
  readonly categories: readonly { readonly name: string; readonly color?: string }[];
  readonly zones: readonly PlanZone[];
  readonly size: { readonly width: number; readonly height: number };
}

export const SEATS_MAX = 100_000;
export const CATEGORIES_MAX = 200;
export const ZONES_MAX = 2_000;
export const COORDINATE_MAX = 10_000_000;

const label: Field = { ...emptyText(190), nullable: true, optional: true } as Field;
const mark: Field = optional(emptyText(190));
const coordinate = number(-COORDINATE_MAX, COORDINATE_MAX);
const length = number(0, COORDINATE_MAX);

/** What a seat, wherever it comes from, may say of itself. */
export const SEAT_NUMBER = emptyText(64);
export const ROW_NUMBER = emptyText(64);
export const CATEGORY_NAME = text(64);
export const ZONE_NAME_MAX = 190;

const POSITION = object({ x: coordinate, y: coordinate });
const SEAT = object({
  seat_guid: text(1_000),
  seat_number: SEAT_NUMBER,
  position: POSITION,
  category: CATEGORY_NAME,
  radius: optional(length),
});
const ROW = object({
  row_number: ROW_NUMBER,
  row_label: label,
  seat_label: label,
  position: optional(POSITION),
  seats: list(SEAT, Number.POSITIVE_INFINITY),
});
const AREA = object({ position: optional(POSITION) });
const ZONE = object({
  name: mark,
  zone_id: mark,
  position: POSITION,
  rows: list(ROW, SEATS_MAX),
  areas: optional(list(AREA, 10_000)),
});
const PLAN = object({
  name: emptyText(190),
  categories: list(object({ name: CATEGORY_NAME, color: mark }), CATEGORIES_MAX, 1),
  zones: list(ZONE, ZONES_MAX, 1),
  size: object({ width: length, height: length }),
});

/** Told apart by whoever does not see colours well, too (Okabe and Ito). */
const COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'];
/** Categories for tiers that came without colours. */
export const coloured = (tiers: readonly string[]): { name: string; color: string }[] =>
  tiers.map((name, i) => ({ name, color: COLORS[i % COLORS.length]! }));

/** The section a zone becomes, before it is made unique: its name, else its id, else its place. */
export const zoneName = (zone: PlanZone, index: number): string =>
  trimmed(zone.name) || trimmed(zone.zone_id) || `Zone ${index + 1}`;
const trimmed = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

/**
 * Everything wrong with a plan and with the zones named as standing.
 * @param at JSON pointer of the plan in the request; `standing` is named at its sibling.
 */
export function readPlan(
  input: unknown,
  standing: readonly unknown[],
  faults: Faults,
  at = '/plan',
): SeatingPlan | undefined {
  const before = faults.count;
  check(input, PLAN, at, faults);
  if (isObject(input)) {
    checkCategories(input, faults, at);
    checkSeats(input, faults, at);
    checkStanding(input, standing, faults);
  }
  return faults.count === before ? (input as unknown as SeatingPlan) : undefined;
}

type Loose = Readonly<Record<string, unknown>>;
const listOf = (value: unknown): Loose[] => (Array.isArray(value) ? value : []);

function checkCategories(plan: Loose, faults: Faults, at: string): void {
  const seen = new Set<unknown>();
  listOf(plan.categories).forEach((category, i) => {
    if (!isObject(category) || typeof category.name !== 'string') return;
    if (seen.has(category.name))
      faults.add(`${at}/categories/${i}/name`, 'repeated', 'another category has this name');
    seen.add(category.name);
  });
}

function checkSeats(plan: Loose, faults: Faults, at: string): void {
  const known = new Set(listOf(plan.categories).map((category) => category?.name));
  const guids = new Map<string, number>();
  const places: number[] = []; // of the n-th guid: zone, row, seat
  const pointer = (z: number, r: number, s: number) => `${at}/zones/${z}/rows/${r}/seats/${s}`;
  let count = 0;
  listOf(plan.zones).forEach((zone, z) => {
    listOf(zone?.rows).forEach((row, r) => {
      const seats = listOf(row?.seats);
      count += seats.length;
      for (let s = 0; s < seats.length; s++) {
        const seat = seats[s];
        if (!isObject(seat)) continue;
        if (typeof seat.category === 'string' && !known.has(seat.category))
          faults.add(`${pointer(z, r, s)}/category`, 'unknown', 'names no category of the plan');
        if (typeof seat.seat_guid !== 'string') continue;
        const first = guids.get(seat.seat_guid);
        if (first === undefined) {
          guids.set(seat.seat_guid, places.length);
          places.push(z, r, s);
          continue;
        }
        const other = pointer(places[first]!, places[first + 1]!, places[first + 2]!);
        faults.add(`${pointer(z, r, s)}/seat_guid`, 'repeated', `is also the guid of ${other}`);
      }
    });
  });
  if (count === 0) faults.add(`${at}/zones`, 'empty', 'the plan has no seat');
  if (count > SEATS_MAX)
    faults.add(`${at}/zones`, 'long', `the plan has ${count} seats, more than ${SEATS_MAX}`);
}

function checkStanding(plan: Loose, standing: readonly unknown[], faults: Faults): void {
  const zones = listOf(plan.zones).map((zone) =>
    isObject(zone) ? zone : {},
  ) as unknown as PlanZone[];
  const names = new Set(zones.map(zoneName));
  const seen = new Set<string>();
  if (standing.length > ZONES_MAX) faults.add('/standing', 'long', `holds more than ${ZONES_MAX}`);
  for (const [i, given] of standing.slice(0, ZONES_MAX).entries()) {
    const name = typeof given === 'string' ? given.trim() : undefined;
    if (name === undefined) faults.add(`/standing/${i}`, 'type', 'must be a string');
    else if (!names.has(name)) faults.add(`/standing/${i}`, 'unknown', 'names no zone of the plan');
    else if (seen.has(name)) faults.add(`/standing/${i}`, 'repeated', 'is named before');
    else seen.add(name);
  }
}
