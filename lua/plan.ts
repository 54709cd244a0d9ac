/**
 * Packs a layout into the strings the arbiter keeps. Pure. The formats are read by `lib/find.lua`
 * and `lib/choose.lua`.
 *
 * - plan: per offset "tier segment first last priceFen JSON", filled up with NUL; tier and segment
 *   are indexes, first and last the ends of the segment, JSON what follows the number in the JSON
 *   of a seat; a gap is all NUL
 * - segments: per segment "first last", filled up with spaces; in order of tier, within a tier best
 *   first
 * - runs: per segment one digit, its longest free run, at most 9
 *
 * A segment is a run of neighbours of one tier and section. Places without neighbours (a standing
 * floor, single chairs) are gathered into blocks, so that `runs` stays short.
 */
import { type Fault, refuse } from '../contracts/errors.ts';
import type { LayoutColumns } from '../contracts/layout.ts';
import { GAP_MARK, SEAT_MARK } from '../contracts/seat.ts';

/** Bytes of one record of `segments`. */
const SEGMENT_WIDTH = 15;
const SEGMENT_DIGITS = 6;
const OFFSET_DIGITS = 7;
const TIERS_MAX = 1_000;
const PRICE_FEN_MAX = 10 ** 10;
const BLOCK_MAX = 64;
const RUN_MAX = 9;
const LABEL_BYTES_MAX = 512;

/** A row segment, as the arbiter knows it. */
export interface Segment {
  readonly tier: number;
  readonly section: number;
  /** In order of offset; several only when they lie together. */
  readonly places: readonly Place[];
  readonly longestRun: number;
  /** Distance of its middle from the stage; less is better. */
  readonly distance: number;
}

export interface PackedPlan {
  /** Offsets, gaps included. */
  readonly span: number;
  readonly seatCount: number;
  /** Bytes of one record of `plan`. */
  readonly planWidth: number;
  readonly seats: string;
  readonly plan: Buffer;
  readonly segments: string;
  readonly runs: string;
  /** Field, value, field, value … of the hash `tiers`. */
  readonly tiers: readonly string[];
  /** Seats per tier, by its index. */
  readonly left: readonly number[];
}

interface Place {
  readonly seat: number;
  readonly tier: number;
  readonly section: number;
  readonly x: number;
  readonly y: number;
  /** JSON text without its quotes: what a script may put between quotes as it is. */
  readonly label: string;
}

const jsonText = (text: string) => JSON.stringify(text.toWellFormed()).slice(1, -1);
const digits = (value: number, width: number) => String(value).padStart(width, '0');

/**
 * Packs a layout and its prices.
 * @throws VALIDATION_FAILED naming each tier that has seats and no price, and every limit passed.
 */
export function packPlan(
  layout: LayoutColumns,
  pricesFen: Readonly<Record<string, number>>,
): PackedPlan {
  const places = placesOf(layout);
  const span = places.length === 0 ? 0 : places.at(-1)!.seat + 1;
  const segments = segmentsOf(places).sort(byQuality);
  const left = layout.tiers.map(() => 0);
  for (const { tier } of places) left[tier]!++;
  const errors = [
    ...priceFaults(layout, pricesFen, left),
    ...limitFaults(layout, places, segments, span),
  ];
  if (errors.length > 0) refuse('VALIDATION_FAILED', { errors });

  const records = segments.map((segment, index) => recordsOf(segment, index, layout, pricesFen));
  // At least one NUL ends every record: that is how a script finds its end.
  const planWidth = 1 + records.flat().reduce((width, { length }) => Math.max(width, length), 0);
  const plan = Buffer.alloc(span * planWidth);
  const seats = Buffer.alloc(span, GAP_MARK);
  segments.forEach((segment, index) => {
    segment.places.forEach(({ seat }, i) => {
      records[index]![i]!.copy(plan, seat * planWidth);
      seats.write(SEAT_MARK.AVAILABLE, seat, 'latin1');
    });
  });
  return {
    span,
    seatCount: places.length,
    planWidth,
    seats: seats.toString('latin1'),
    plan,
    segments: segments
      .map((one) => `${firstOf(one)} ${lastOf(one)}`.padEnd(SEGMENT_WIDTH))
      .join(''),
    runs: segments.map(({ longestRun }) => Math.min(longestRun, RUN_MAX)).join(''),
    tiers: tierFields(layout, segments),
    left,
  };
}

/** What the plan says of each seat of a segment. */
function recordsOf(
  segment: Segment,
  index: number,
  layout: LayoutColumns,
  pricesFen: Readonly<Record<string, number>>,
): Buffer[] {
  const tier = layout.tiers[segment.tier]!;
  const priceFen = pricesFen[tier] ?? 0;
  const said = [segment.tier, index, firstOf(segment), lastOf(segment), priceFen].join(' ');
  const ends = `"tier":${JSON.stringify(tier.toWellFormed())},"priceFen":${priceFen}}`;
  return segment.places.map(({ label }) => Buffer.from(`${said} ,"label":"${label}",${ends}`));
}

function placesOf(layout: LayoutColumns): Place[] {
  // Two sections of one name are one to a buyer, who can only say the name.
  const sectionOf = layout.sections.map((name) => layout.sections.indexOf(name));
  const places = layout.seat.map((seat, i) => ({
    seat,
    tier: layout.tier[i]!,
    section: sectionOf[layout.rows[layout.row[i]!]!.section]!,
    x: layout.x[i]!,
    y: layout.y[i]!,
    label: jsonText(layout.label[i]!),
  }));
  places.sort((a, b) => a.seat - b.seat);
  places.forEach(({ seat }, i) => {
    if (!Number.isSafeInteger(seat) || seat < 0 || seat === places[i - 1]?.seat)
      throw new Error(`a layout numbers its seats once each, from 0 up: ${seat}`);
  });
  return places;
}

/** Runs of neighbours first; then runs of one are gathered with the runs of one beside them. */
function segmentsOf(places: readonly Place[]): Segment[] {
  const distanceOf = stageDistance(places);
  const segments: Segment[] = [];
  const end = (gathered: readonly Place[], longestRun: number) => {
    const { tier, section } = gathered[0]!;
    segments.push({ tier, section, places: gathered, longestRun, distance: distanceOf(gathered) });
  };
  let block: Place[] = [];
  const endBlock = () => {
    if (block.length > 0) end(block, 1);
    block = [];
  };
  for (const run of runsOf(places)) {
    const [first] = run;
    const last = block.at(-1);
    const joins = run.length === 1 && (!last || (alike(last, first!) && block.length < BLOCK_MAX));
    if (!joins) endBlock();
    if (run.length === 1) block.push(first!);
    else end(run, run.length);
  }
  endBlock();
  return segments;
}

const alike = (a: Place, b: Place) => a.tier === b.tier && a.section === b.section;

function runsOf(places: readonly Place[]): Place[][] {
  const runs: Place[][] = [];
  let last: Place | undefined;
  for (const place of places) {
    if (last && last.seat + 1 === place.seat && alike(last, place)) runs.at(-1)!.push(place);
    else runs.push([place]);
    last = place;
  }
  return runs;
}

/**
 * How far the middle of some places is from the stage. A layout does not say where its stage is:
 * it is taken to be at the top, in front of the middle of the seats (y grows away from it), as
 * seating plans are drawn.
 */
function stageDistance(places: readonly Place[]): (of: readonly Place[]) => number {
  let [left, right, front] = [Infinity, -Infinity, Infinity];
  for (const { x, y } of places) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    front = Math.min(front, y);
  }
  const middle = (left + right) / 2;
  return (of) => {
    const sum = of.reduce((sum, { x, y }) => ({ x: sum.x + x, y: sum.y + y }), { x: 0, y: 0 });
    return Math.hypot(sum.x / of.length - middle, sum.y / of.length - front);
  };
}

function byQuality(a: Segment, b: Segment): number {
  return a.tier - b.tier || a.distance - b.distance || a.places[0]!.seat - b.places[0]!.seat;
}

const firstOf = ({ places }: Segment) => places[0]!.seat;
const lastOf = ({ places }: Segment) => places.at(-1)!.seat;

/** What a script asks of a tier: by name, by index, and which segments it has in a section. */
function tierFields(layout: LayoutColumns, segments: readonly Segment[]): string[] {
  const fields = ['names', JSON.stringify(layout.tiers.map((name) => name.toWellFormed()))];
  const within = new Map<string, string[]>();
  const counts = layout.tiers.map(() => 0);
  segments.forEach(({ tier, section }, index) => {
    counts[tier]!++;
    const field = `within:${tier}:${section}`;
    if (!within.has(field)) within.set(field, []);
    within.get(field)!.push(digits(index, SEGMENT_DIGITS));
  });
  let first = 0;
  layout.tiers.forEach((name, tier) => {
    fields.push(`tier:${name}`, `${tier} ${first} ${first + counts[tier]! - 1}`);
    fields.push(`name:${tier}`, jsonText(name));
    first += counts[tier]!;
  });
  for (const name of layout.sections)
    fields.push(`section:${name}`, String(layout.sections.indexOf(name)));
  for (const [field, indexes] of within) fields.push(field, indexes.join(''));
  return fields;
}

function priceFaults(
  layout: LayoutColumns,
  pricesFen: Readonly<Record<string, number>>,
  left: readonly number[],
): Fault[] {
  return layout.tiers.flatMap((name, tier) => {
    const price = pricesFen[name];
    const missing = price === undefined && left[tier]! > 0;
    const wrong =
      price !== undefined && (!Number.isSafeInteger(price) || price < 0 || price > PRICE_FEN_MAX);
    if (!missing && !wrong) return [];
    const detail = `tier ${name} needs a price in whole fen`;
    return [{ pointer: '/tiers', code: 'PRICE_MISSING', detail }];
  });
}

function limitFaults(
  layout: LayoutColumns,
  places: readonly Place[],
  segments: readonly Segment[],
  span: number,
): Fault[] {
  const longest = places.reduce((bytes, { label }) => Math.max(bytes, Buffer.byteLength(label)), 0);
  const limits: [what: string, value: number, max: number][] = [
    ['tiers', layout.tiers.length, TIERS_MAX],
    ['offsets', span, 10 ** OFFSET_DIGITS],
    ['row segments', segments.length, 10 ** SEGMENT_DIGITS],
    ['bytes of one label', longest, LABEL_BYTES_MAX],
  ];
  return limits.flatMap(([what, value, max]) =>
    value <= max
      ? []
      : [{ pointer: '/plan', code: 'TOO_MANY', detail: `${value} ${what}, at most ${max}` }],
  );
}
