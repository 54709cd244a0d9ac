/**
 * Turns a plan into a layout: where every seat stands, what it is called, and its number, which is
 * its offset in the arbiter. Deterministic and pure: the same plan gives the same layout.
 *
 * Always true: every seat of the plan has exactly one number; numbers go up zone by zone, row by
 * row, left to right; two seats have consecutive numbers if and only if they are neighbours, and
 * one number is left out wherever two that follow each other are not. Seats of a standing zone have
 * no neighbours.
 */
import { createHash } from 'node:crypto';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { chainsOf, median, pitchOf, type SurveyedRow, survey } from './chains.ts';
import type { Point } from './near.ts';
import { type PlanRow, type PlanSeat, type PlanZone, type SeatingPlan, zoneName } from './plan.ts';

/** The arbiter keeps labels in records of fixed width: the longest decides for all. */
export const LABEL_BYTES_MAX = 64;
/** A zone with fewer seats than this says nothing about what is typical. */
const TYPICAL_SEATS = 8;

interface Row {
  readonly name: string;
  readonly plan: PlanRow;
  readonly survey: SurveyedRow;
}
interface Section {
  readonly name: string;
  readonly standing: boolean;
  readonly rows: readonly Row[];
}

/** Seats of each category of the plan, in its order; a category may have none. */
export function tiersOf(plan: SeatingPlan): { tier: string; seatCount: number }[] {
  const counts = new Map(plan.categories.map(({ name }) => [name, 0]));
  for (const zone of plan.zones)
    for (const row of zone.rows)
      for (const { category } of row.seats) counts.set(category, counts.get(category)! + 1);
  return Array.from(counts, ([tier, seatCount]) => ({ tier, seatCount }));
}

/**
 * The layout of a plan without faults.
 * @param standing names of zones whose places have no neighbours
 */
export function layoutOfPlan(plan: SeatingPlan, standing: readonly string[] = []): LayoutColumns {
  const sections = sectionsOf(plan, new Set(standing.map((name) => name.trim())));
  const typical = typicalPitch(sections);
  const tiers = tiersOf(plan).filter(({ seatCount }) => seatCount > 0);
  const tierIndex = new Map(tiers.map(({ tier }, i) => [tier, i]));
  const columns = {
    rows: [] as { section: number; row: string }[],
    seat: [] as number[],
    label: [] as string[],
    x: [] as number[],
    y: [] as number[],
    tier: [] as number[],
    row: [] as number[],
  };
  const label = labeller();
  let next = 0;
  sections.forEach((section, s) => {
    const around = median(section.rows.flatMap(({ survey: { nearest } }) => nearest));
    const count = section.rows.reduce((sum, { plan: { seats } }) => sum + seats.length, 0);
    const pitch = (count >= TYPICAL_SEATS && around) || typical;
    for (const row of section.rows) {
      columns.rows.push({ section: s, row: row.name });
      for (const chain of chainsIn(row, section.standing, pitch)) {
        for (const i of chain) {
          const seat = row.plan.seats[i]!;
          const { x, y } = row.survey.points[i]!;
          columns.seat.push(next++);
          columns.label.push(label(section.name, row, seat));
          columns.x.push(x);
          columns.y.push(y);
          columns.tier.push(tierIndex.get(seat.category)!);
          columns.row.push(columns.rows.length - 1);
        }
        next++; // the gap
      }
    }
  });
  return sealed({
    seatCount: columns.seat.length,
    size: { width: plan.size.width, height: plan.size.height },
    tiers: tiers.map(({ tier }) => tier),
    sections: sections.map(({ name }) => name),
    ...columns,
  });
}

const chainsIn = (row: Row, standing: boolean, pitch: number): number[][] =>
  standing ? row.plan.seats.map((_, i) => [i]) : chainsOf(row.survey, pitchOf(row.survey, pitch));

function sectionsOf(plan: SeatingPlan, standing: ReadonlySet<string>): Section[] {
  const unique = uniqueNames();
  const grain = grainOf(plan);
  return plan.zones.map((zone, z) => {
    const name = zoneName(zone, z);
    const isStanding = standing.has(name);
    return {
      name: unique(name),
      standing: isStanding,
      rows: zone.rows.map((row) => ({
        name: labelled(row.row_label, row.row_number),
        plan: row,
        survey: (isStanding ? unsurveyed : survey)(placesOf(zone, row, grain)),
      })),
    };
  });
}

const unsurveyed = (points: readonly Point[]): SurveyedRow => ({
  points,
  distinct: [],
  pairs: [],
  nearest: [],
});

/** Seats stand relative to their row, rows relative to their zone. */
const placesOf = (zone: PlanZone, row: PlanRow, grain: number): Point[] => {
  const at = (axis: 'x' | 'y', seat: PlanSeat) =>
    rounded(zone.position[axis] + (row.position?.[axis] ?? 0) + seat.position[axis], grain);
  return row.seats.map((seat) => ({ x: at('x', seat), y: at('y', seat) }));
};

/**
 * How many parts of a unit are told apart: a thousand, or a million in a plan that is small in its
 * own units. Whatever the unit, a seat is many parts wide.
 */
const grainOf = ({ size }: SeatingPlan): number =>
  Math.max(size.width, size.height) < 1_000 ? 1_000_000 : 1_000;

/** Sums of decimals do not leave a tail. (`+ 0`: never minus zero.) */
const rounded = (value: number, grain: number): number => Math.round(value * grain) / grain + 0;

const typicalPitch = (sections: readonly Section[]): number =>
  median(sections.flatMap(({ rows }) => rows.flatMap(({ survey: { nearest } }) => nearest))) ?? 0;

/** A human-readable name with its `%s` filled in, or the bare number when there is none. */
const labelled = (template: string | null | undefined, number: string): string =>
  template?.trim() ? template.trim().replaceAll('%s', number) : number.trim();

/** Makes each name unique by a suffix: ` (2)`, ` (3)` … */
function uniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    let unique = name;
    for (let n = 2; taken.has(unique); n++) unique = `${name} (${n})`;
    taken.add(unique);
    return unique;
  };
}

/**
 * Names seats: `<section> <row>-<seat>`. Too long, the section gives way first; taken, a suffix
 * tells it apart, so that no two tickets of a session read the same.
 */
function labeller(): (section: string, row: Row, seat: PlanSeat) => string {
  const taken = new Set<string>();
  const suffixes = new Map<string, number>();
  return (section, row, seat) => {
    const number = labelled(row.plan.seat_label, seat.seat_number);
    const place = [row.name, number].filter((part) => part !== '').join('-');
    const room = LABEL_BYTES_MAX - Buffer.byteLength(place) - 1;
    const head = room > 0 ? cut(section, room) : '';
    const base = cut([head, place].filter((part) => part !== '').join(' '), LABEL_BYTES_MAX);
    let label = base;
    while (taken.has(label)) {
      const n = (suffixes.get(base) ?? 1) + 1;
      suffixes.set(base, n);
      label = `${cut(base, LABEL_BYTES_MAX - ` #${n}`.length)} #${n}`;
    }
    taken.add(label);
    return label;
  };
}

/** The longest beginning of a text that fits a number of UTF-8 bytes. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let short = '';
  let used = 0;
  for (const char of text) {
    used += Buffer.byteLength(char);
    if (used > bytes) break;
    short += char;
  }
  return short.trimEnd();
}

/** The layout with its version, which is a hash of all it says. */
function sealed(columns: Omit<LayoutColumns, 'layoutVersion'>): LayoutColumns {
  const hash = createHash('sha256').update(JSON.stringify(columns)).digest('hex');
  return { layoutVersion: hash.slice(0, 24), ...columns };
}
