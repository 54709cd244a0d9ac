/**
 * What an organiser writes to have a plan drawn (`generate` in the body of a template): sections of
 * rows of seats, straight or curved, with aisles and numbering. Judged like everything that comes
 * from outside, then drawn by rule: the same recipe gives the same plan.
 *
 * Lengths are in units of the plan; a seat takes 24 of them unless `pitch` says otherwise.
 */
import {
  AISLE_WIDTH,
  type BlockSpec,
  generatePlan,
  NUMBERING_NAMES,
  type Numbering,
  PITCH,
  ROW_PITCH,
} from './generate.ts';
import { CATEGORY_NAME, coloured, SEATS_MAX, type SeatingPlan, ZONE_NAME_MAX } from './plan.ts';
import {
  check,
  choice,
  emptyText,
  type Faults,
  list,
  number,
  optional,
  strict,
  text,
  whole,
} from './rules.ts';

const ROWS_MAX = 1_000;
const ROW_SEATS_MAX = 10_000;
const place = number(-1_000_000, 1_000_000);

const SECTION = strict({
  name: text(ZONE_NAME_MAX),
  /** The category of its seats … */
  tier: CATEGORY_NAME,
  /** … but for the rows from `fromRow` on (the first is 1), up to the next of these. */
  tiers: optional(list(strict({ fromRow: whole(1, ROWS_MAX), tier: CATEGORY_NAME }), ROWS_MAX)),
  rows: whole(1, ROWS_MAX),
  /** Seats of the first row; every further row has `seatsMore` more (or fewer, below zero). */
  seats: whole(1, ROW_SEATS_MAX),
  seatsMore: optional(whole(-100, 100)),
  /** After which seats from the left an aisle lies, and how many seats wide it is. */
  aisles: optional(list(whole(1, ROW_SEATS_MAX), 50)),
  aisleWidth: optional(number(1, 50)),
  numbering: optional(choice(...NUMBERING_NAMES)),
  /** Rows are named 1 2 3 … or A B C …, from this number on. */
  rowNames: optional(choice('numbers', 'letters')),
  firstRow: optional(whole(1, 10_000)),
  /** How people call rows and seats, `%s` standing for the number: `%s排`, `%s座`. */
  rowLabel: optional(emptyText(ZONE_NAME_MAX)),
  seatLabel: optional(emptyText(ZONE_NAME_MAX)),
  /** Straight: the middle of the first row, turned by `rotation` degrees. Curved: the centre. */
  shape: optional(choice('straight', 'curved')),
  x: optional(place),
  y: optional(place),
  rotation: optional(number(-360, 360)),
  /** Curved: how far the first row is from the centre, in which direction its middle is. */
  radius: optional(number(1, 1_000_000)),
  angle: optional(number(-360, 360)),
  pitch: optional(number(1, 500)),
  rowPitch: optional(number(1, 500)),
});
const RECIPE = strict({
  categories: optional(
    list(strict({ name: CATEGORY_NAME, color: optional(emptyText(ZONE_NAME_MAX)) }), 200, 1),
  ),
  sections: list(SECTION, 1_000, 1),
});

interface Section {
  readonly name: string;
  readonly tier: string;
  readonly tiers?: readonly { readonly fromRow: number; readonly tier: string }[];
  readonly rows: number;
  readonly seats: number;
  readonly seatsMore?: number;
  readonly aisles?: readonly number[];
  readonly aisleWidth?: number;
  readonly numbering?: Numbering;
  readonly rowNames?: 'numbers' | 'letters';
  readonly firstRow?: number;
  readonly rowLabel?: string;
  readonly seatLabel?: string;
  readonly shape?: 'straight' | 'curved';
  readonly x?: number;
  readonly y?: number;
  readonly rotation?: number;
  readonly radius?: number;
  readonly angle?: number;
  readonly pitch?: number;
  readonly rowPitch?: number;
}
interface Recipe {
  readonly categories?: readonly { readonly name: string; readonly color?: string }[];
  readonly sections: readonly Section[];
}

/** Fields that mean nothing to the other shape. */
const ONLY = { straight: ['rotation'], curved: ['radius', 'angle'] } as const;

/** The plan a recipe says, or undefined with its faults added. Nothing is drawn of a bad one. */
export function planOfRecipe(
  input: unknown,
  name: string,
  faults: Faults,
  at = '/generate',
): SeatingPlan | undefined {
  const before = faults.count;
  check(input, RECIPE, at, faults);
  if (faults.count > before) return undefined;
  const recipe = input as Recipe;
  for (const [s, section] of recipe.sections.entries())
    checkSection(section, `${at}/sections/${s}`, faults);
  const seats = recipe.sections.reduce((sum, section) => sum + seatsIn(section), 0);
  if (seats > SEATS_MAX)
    faults.add(`${at}/sections`, 'long', `these are ${seats} seats, more than ${SEATS_MAX}`);
  const categories = categoriesIn(recipe, at, faults);
  if (faults.count > before) return undefined;
  const stacked = stack(recipe.sections);
  return generatePlan({ name, categories, blocks: stacked.map(blockOf) });
}

function checkSection(section: Section, at: string, faults: Faults): void {
  const shape = section.shape ?? 'straight';
  const other = shape === 'straight' ? 'curved' : 'straight';
  for (const field of ONLY[other])
    if (section[field] !== undefined)
      faults.add(`${at}/${field}`, 'unknownField', `means nothing to a ${shape} section`);
  if (shape === 'curved' && section.radius === undefined)
    faults.add(`${at}/radius`, 'required', 'is missing');
  if (seatsOf(section, section.rows - 1) < 1)
    faults.add(`${at}/seatsMore`, 'range', 'leaves the last row without a seat');
  const rows = Array.from({ length: section.rows }, (_, row) => row);
  const crowded = shape === 'curved' ? rows.findIndex((row) => !fits(section, row)) : -1;
  if (crowded >= 0)
    faults.add(`${at}/radius`, 'range', `row ${crowded + 1} is longer than its circle`);
}

/** Whether a curved row is shorter than the circle it lies on. */
function fits(section: Section, row: number): boolean {
  const { radius = 0, aisles = [], aisleWidth = AISLE_WIDTH } = section;
  const { pitch = PITCH, rowPitch = ROW_PITCH } = section;
  const length = (seatsOf(section, row) + aisles.length * aisleWidth) * pitch;
  return length <= 2 * Math.PI * (radius + row * rowPitch);
}

/** What the recipe says, or what its sections name, in their order. */
function categoriesIn(
  { categories, sections }: Recipe,
  at: string,
  faults: Faults,
): readonly { readonly name: string; readonly color: string }[] {
  const used = sections.flatMap(({ tier, tiers = [] }) => [tier, ...tiers.map((t) => t.tier)]);
  const named = coloured(categories?.map((category) => category.name) ?? [...new Set(used)]);
  const known = new Set(named.map((category) => category.name));
  sections.forEach(({ tier, tiers = [] }, s) => {
    if (!known.has(tier)) faults.add(`${at}/sections/${s}/tier`, 'unknown', 'names no category');
    for (const [t, part] of tiers.entries())
      if (!known.has(part.tier))
        faults.add(`${at}/sections/${s}/tiers/${t}/tier`, 'unknown', 'names no category');
  });
  return named.map(({ name, color }, c) => ({ name, color: categories?.[c]?.color ?? color }));
}

const seatsOf = ({ seats, seatsMore = 0 }: Section, row: number) => seats + row * seatsMore;
/** All seats of a section: rows grow by the same number, so the middle row tells. */
const seatsIn = (section: Section) =>
  (section.rows * (section.seats + seatsOf(section, section.rows - 1))) / 2;

/** Sections that do not say where they are stand below each other, with room between. */
function stack(sections: readonly Section[]): Section[] {
  let below = 0;
  return sections.map((section) => {
    const y = section.y ?? below;
    const depth = (section.rows + 1) * (section.rowPitch ?? ROW_PITCH);
    below = Math.max(below, y + depth + (section.radius ?? 0));
    return { ...section, x: section.x ?? 0, y };
  });
}

function blockOf(section: Section): BlockSpec {
  const { name, rows, numbering, rowLabel, seatLabel, pitch, rowPitch, aisleWidth } = section;
  const { shape = 'straight', x = 0, y = 0, rotation = 0, radius = 0, angle = 90 } = section;
  const { aisles = [], tiers = [], rowNames = 'numbers', firstRow = 1 } = section;
  const parts = tiers.toSorted((a, b) => a.fromRow - b.fromRow);
  return {
    name,
    rows,
    place: shape === 'straight' ? { shape, x, y, rotation } : { shape, x, y, radius, angle },
    seats: (row) => seatsOf(section, row),
    category: (row) => parts.findLast(({ fromRow }) => fromRow <= row + 1)?.tier ?? section.tier,
    rowName: (row) => (rowNames === 'letters' ? letters : String)(firstRow + row),
    aisles: () => aisles,
    ...(numbering && { numbering }),
    ...(rowLabel !== undefined && { rowLabel }),
    ...(seatLabel !== undefined && { seatLabel }),
    ...(pitch !== undefined && { pitch }),
    ...(rowPitch !== undefined && { rowPitch }),
    ...(aisleWidth !== undefined && { aisleWidth }),
  };
}

/** 1 is A, 26 Z, 27 AA. */
const letters = (n: number): string =>
  n === 0 ? '' : letters(Math.floor((n - 1) / 26)) + String.fromCharCode(65 + ((n - 1) % 26));
