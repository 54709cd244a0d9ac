/**
 * Reads a seating plan in the open pretix format and names everything that is wrong with it. A plan
 * is kept as it came: fields this project does not know are neither refused nor dropped.
 *
 * Always true of a plan without faults: it has 1 to 100,000 seats, every `seat_guid` once, every
 * seat a finite position and a category of the plan. Pure: no I/O, no clock.
 */
import type { Fault } from '../../contracts/errors.ts';

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
/** More faults than this are counted, not listed. */
export const FAULTS_MAX = 1_000;
const COORDINATE_MAX = 10_000_000;
/** How deep a value the format does not know may nest; a deeper one could not be written again. */
const DEPTH_MAX = 64;

type Rule =
  | { readonly type: 'text'; readonly max: number; readonly empty?: true; readonly nullable?: true }
  | { readonly type: 'number'; readonly min: number; readonly max: number }
  | { readonly type: 'list'; readonly of: Rule; readonly max: number; readonly min?: number }
  | { readonly type: 'object'; readonly fields: Readonly<Record<string, Field>> };
type Field = Rule & { readonly optional?: true };

const text = (max: number): Field => ({ type: 'text', max });
const label: Field = { type: 'text', max: 190, empty: true, nullable: true, optional: true };
const mark: Field = { type: 'text', max: 190, empty: true, optional: true };
const coordinate: Rule = { type: 'number', min: -COORDINATE_MAX, max: COORDINATE_MAX };
const length: Rule = { type: 'number', min: 0, max: COORDINATE_MAX };
const object = (fields: Readonly<Record<string, Field>>): Field => ({ type: 'object', fields });
const list = (of: Rule, max: number, min = 0): Field => ({ type: 'list', of, max, min });
const optional = (rule: Field): Field => ({ ...rule, optional: true });

const POSITION = object({ x: coordinate, y: coordinate });
const SEAT = object({
  seat_guid: text(190),
  seat_number: { ...text(32), empty: true } as Field,
  position: POSITION,
  category: text(64),
  radius: optional(length),
});
const ROW = object({
  row_number: { ...text(32), empty: true } as Field,
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
  name: { ...text(190), empty: true } as Field,
  categories: list(object({ name: text(64), color: mark }), 200, 1),
  zones: list(ZONE, 2_000, 1),
  size: object({ width: length, height: length }),
});

/** Gathers faults up to a bound, and counts the rest. */
export class Faults {
  readonly #list: Fault[] = [];
  #more = 0;

  add(pointer: string, code: string, detail: string): void {
    if (this.#list.length < FAULTS_MAX) this.#list.push({ pointer, code, detail });
    else this.#more++;
  }

  /** Every fault in the order found; when some did not fit, a last one says how many. */
  get all(): Fault[] {
    if (this.#more === 0) return [...this.#list];
    const detail = `${this.#more} more faults are not listed`;
    return [...this.#list, { pointer: '', code: 'more', detail }];
  }
}

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
  standing: readonly string[],
  faults: Faults,
  at = '/plan',
): SeatingPlan | undefined {
  const before = faults.all.length;
  check(input, PLAN, at, faults);
  if (isObject(input)) {
    checkCategories(input, faults, at);
    checkSeats(input, faults, at);
    checkStanding(input, standing, faults);
  }
  return faults.all.length === before ? (input as unknown as SeatingPlan) : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const escaped = (key: string) => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');

/** Adds what a value does against its rule; knows nothing of what values mean together. */
function check(value: unknown, rule: Rule, at: string, faults: Faults): void {
  switch (rule.type) {
    case 'text':
      checkText(value, rule, at, faults);
      break;
    case 'number':
      if (typeof value !== 'number') faults.add(at, 'type', 'must be a number');
      else if (!Number.isFinite(value)) faults.add(at, 'finite', 'must be a finite number');
      else if (value < rule.min || value > rule.max)
        faults.add(at, 'range', `must be from ${rule.min} to ${rule.max}`);
      break;
    case 'list':
      checkList(value, rule, at, faults);
      break;
    case 'object':
      checkObject(value, rule.fields, at, faults);
  }
}

function checkList(value: unknown, rule: Rule & { type: 'list' }, at: string, faults: Faults) {
  if (!Array.isArray(value)) faults.add(at, 'type', 'must be a list');
  else if (value.length > rule.max) faults.add(at, 'long', `holds more than ${rule.max}`);
  else if (value.length < (rule.min ?? 0)) faults.add(at, 'empty', 'must not be empty');
  else for (let i = 0; i < value.length; i++) check(value[i], rule.of, `${at}/${i}`, faults);
}

function checkText(value: unknown, rule: Rule & { type: 'text' }, at: string, faults: Faults) {
  if (value === null && rule.nullable) return;
  if (typeof value !== 'string') {
    faults.add(at, 'type', 'must be a string');
    return;
  }
  if (value.length > rule.max) faults.add(at, 'long', `is longer than ${rule.max} characters`);
  if (!rule.empty && value.trim() === '') faults.add(at, 'empty', 'must not be empty');
  if (!value.isWellFormed()) faults.add(at, 'encoding', 'is not well-formed Unicode');
}

function checkObject(
  value: unknown,
  fields: Readonly<Record<string, Field>>,
  at: string,
  faults: Faults,
): void {
  if (!isObject(value)) {
    faults.add(at, 'type', 'must be an object');
    return;
  }
  for (const key in fields) {
    const field = fields[key]!;
    if (Object.hasOwn(value, key)) check(value[key], field, `${at}/${key}`, faults);
    else if (!field.optional) faults.add(`${at}/${key}`, 'required', 'is missing');
  }
  for (const key in value)
    if (!Object.hasOwn(fields, key) && isDeeper(value[key], DEPTH_MAX))
      faults.add(`${at}/${escaped(key)}`, 'deep', `nests deeper than ${DEPTH_MAX}`);
}

const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1)));

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
  const guids = new Map<string, string>();
  let count = 0;
  listOf(plan.zones).forEach((zone, z) => {
    listOf(zone?.rows).forEach((row, r) => {
      const seats = listOf(row?.seats);
      count += seats.length;
      for (let s = 0; s < seats.length; s++) {
        const seat = seats[s];
        if (!isObject(seat)) continue;
        const here = `${at}/zones/${z}/rows/${r}/seats/${s}`;
        if (typeof seat.category === 'string' && !known.has(seat.category))
          faults.add(`${here}/category`, 'unknown', 'names no category of the plan');
        if (typeof seat.seat_guid !== 'string') continue;
        const first = guids.get(seat.seat_guid);
        if (first) faults.add(`${here}/seat_guid`, 'repeated', `is also the guid of ${first}`);
        else guids.set(seat.seat_guid, here);
      }
    });
  });
  if (count === 0) faults.add(`${at}/zones`, 'empty', 'the plan has no seat');
  if (count > SEATS_MAX)
    faults.add(`${at}/zones`, 'long', `the plan has ${count} seats, more than ${SEATS_MAX}`);
}

function checkStanding(plan: Loose, standing: readonly string[], faults: Faults): void {
  const zones = listOf(plan.zones).map((zone) =>
    isObject(zone) ? zone : {},
  ) as unknown as PlanZone[];
  const names = new Set(zones.map(zoneName));
  standing.forEach((name, i) => {
    if (typeof name !== 'string') faults.add(`/standing/${i}`, 'type', 'must be a string');
    else if (!names.has(name.trim()))
      faults.add(`/standing/${i}`, 'unknown', 'names no zone of the plan');
  });
}
