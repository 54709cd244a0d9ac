/**
 * The body of a template's creation or change, judged whole: decoded, parsed within bounds, and
 * every fault in it named at once. Runs in the drawing thread: a body may hold a plan of 32 MB.
 */
import { gzipSync } from 'node:zlib';
import { type Fault, refuse } from '../../contracts/errors.ts';
import type { PlanHints } from '../../contracts/template.ts';
import { planOfCsv } from './csv.ts';
import { tiersOf } from './layout.ts';
import { readPlan, type SeatingPlan } from './plan.ts';
import { planOfRecipe } from './recipe.ts';
import { Faults, isObject } from './rules.ts';
import { extentOf, jsonText, NESTING_MAX, tableText, VALUES_MAX } from './text.ts';

/** What a plan becomes in its table. */
export interface PlanColumns {
  /** The plan as JSON, gzipped: the very text that came, when JSON came. */
  readonly plan: Uint8Array;
  readonly seatCount: number;
  /** What the plan says of its categories. */
  readonly tiers: readonly { tier: string; seatCount: number; color?: string }[];
}
/** What a body says; a change may leave out anything. */
export interface TemplateBody {
  /** What a table was written in. */
  readonly encoding?: string;
  readonly venueId?: string;
  readonly name?: string;
  readonly standing?: readonly string[];
  readonly columns?: PlanColumns;
}
export type Required = 'venueId' | 'name' | 'plan';

/** The server takes no longer statement; a plan that does not shrink below this is not text. */
const PACKED_BYTES_MAX = 15 * 1_024 * 1_024;
const TEXT_MAX = { venueId: 64, name: 190 } as const;
const FIELDS: ReadonlySet<string> = new Set(['venueId', 'name', 'plan', 'generate', 'standing']);

/**
 * Judges a body.
 * @param required what it must have: all of it to create, nothing to change
 * @returns what it says, and everything wrong with it: use the one only without the other
 * @throws BODY_MALFORMED, BODY_TOO_LARGE
 */
export function judgeBody(
  bytes: Uint8Array,
  hints: PlanHints,
  required: readonly Required[],
): { body: TemplateBody; faults: Fault[] } {
  const faults = new Faults();
  const type = hints.contentType ?? '';
  const body = /^\s*text\/csv\b/i.test(type)
    ? tableBody(bytes, hints, required, faults)
    : jsonBody(bytes, required, faults);
  return { body, faults: faults.all };
}

function tableBody(
  bytes: Uint8Array,
  hints: PlanHints,
  required: readonly Required[],
  faults: Faults,
): TemplateBody {
  for (const field of ['venueId', 'name'] as const)
    if (!hints[field] && required.includes(field))
      faults.add(`/${field}`, 'required', 'is required');
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(hints.contentType ?? '')?.[1];
  const { text, bad, encoding } = tableText(bytes, charset);
  for (const line of bad) faults.add(`/line/${line}`, 'encoding', 'is no text in its encoding');
  const drawn = bad.length > 0 ? undefined : planOfCsv(text, hints.name ?? '', faults);
  const plan = drawn && readPlan(drawn.plan, drawn.standing, faults);
  const { venueId, name } = hints;
  return {
    ...(encoding && { encoding }),
    ...(venueId && { venueId }),
    ...(name && { name }),
    ...(drawn && { standing: drawn.standing }),
    ...(plan && { columns: columnsOf(plan, JSON.stringify(plan)) }),
  };
}

function jsonBody(bytes: Uint8Array, required: readonly Required[], faults: Faults): TemplateBody {
  const json = jsonText(bytes);
  const extent = extentOf(json, 'plan');
  if (extent.values > VALUES_MAX) faults.add('', 'long', `holds more than ${VALUES_MAX} values`);
  if (extent.depth > NESTING_MAX) faults.add('', 'deep', `nests deeper than ${NESTING_MAX}`);
  if (faults.count > 0) return {};
  const body = parsed(json);
  if (!isObject(body)) {
    faults.add('', 'notAnObject', 'the body must be a JSON object');
    return {};
  }
  const drawn = body.generate !== undefined;
  for (const field of Object.keys(body))
    if (!FIELDS.has(field))
      faults.add(`/${field.slice(0, 100)}`, 'unknownField', 'is not accepted here');
  for (const field of required)
    if (body[field] === undefined && !(field === 'plan' && drawn))
      faults.add(`/${field}`, 'required', 'is required');
  if (drawn && body.plan !== undefined)
    faults.add('/generate', 'exactlyOne', 'give exactly one of plan, generate');
  const standing = standingIn(body.standing, faults);
  const venueId = textIn(body, 'venueId', faults);
  const name = textIn(body, 'name', faults);
  const columns = drawn
    ? drawnColumns(body.generate, name ?? '', standing ?? [], faults)
    : readColumns(body.plan, standing ?? [], faults, json.slice(...(extent.member ?? [])));
  return {
    ...(venueId !== undefined && { venueId }),
    ...(name !== undefined && { name }),
    ...(standing && { standing: standing as string[] }),
    ...(columns && { columns }),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return refuse('BODY_MALFORMED');
  }
}

function readColumns(
  input: unknown,
  standing: readonly unknown[],
  faults: Faults,
  json: string,
): PlanColumns | undefined {
  const plan = input === undefined ? undefined : readPlan(input, standing, faults);
  return plan && columnsOf(plan, json.trim());
}

function drawnColumns(
  input: unknown,
  name: string,
  standing: readonly unknown[],
  faults: Faults,
): PlanColumns | undefined {
  const drawn = planOfRecipe(input, name, faults);
  const plan = drawn && readPlan(drawn, standing, faults, '/generate');
  return plan && columnsOf(plan, JSON.stringify(plan));
}

/** The columns that follow from a plan. @throws BODY_TOO_LARGE for one that cannot be kept */
function columnsOf(plan: SeatingPlan, json: string): PlanColumns {
  const packed = gzipSync(json);
  if (packed.length > PACKED_BYTES_MAX) refuse('BODY_TOO_LARGE');
  const colors = new Map(plan.categories.map(({ name, color }) => [name, color]));
  const tiers = tiersOf(plan).map((tier) => ({ ...tier, color: colors.get(tier.tier) }));
  const seatCount = tiers.reduce((sum, tier) => sum + tier.seatCount, 0);
  return { plan: packed, seatCount, tiers };
}

function textIn(
  body: Readonly<Record<string, unknown>>,
  field: keyof typeof TEXT_MAX,
  faults: Faults,
): string | undefined {
  const value = body[field];
  const max = TEXT_MAX[field];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') faults.add(`/${field}`, 'string', 'must be a string');
  else if (value.trim() === '') faults.add(`/${field}`, 'stringEmpty', 'must not be empty');
  else if (value.length > max)
    faults.add(`/${field}`, 'stringMax', `must have at most this many characters: ${max}`);
  else return value.trim();
  return undefined;
}

function standingIn(value: unknown, faults: Faults): readonly unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  faults.add('/standing', 'array', 'must be an array');
  return undefined;
}
