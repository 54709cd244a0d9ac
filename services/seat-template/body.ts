/**
 * The body of a template's creation or change, which arrives as a stream because plans outgrow a
 * message: read to its end within a bound, decoded, and every fault in it named at once.
 */
import type { Readable } from 'node:stream';
import { refuse } from '../../contracts/errors.ts';
import { planOfCsv } from './csv.ts';
import { type Faults, readPlan, type SeatingPlan } from './plan.ts';

export const BODY_BYTES_MAX = 32 * 1_024 * 1_024;

/** What a body says; a change may leave out anything. */
export interface TemplateBody {
  readonly venueId?: string;
  readonly name?: string;
  readonly plan?: SeatingPlan;
  readonly standing?: readonly string[];
}
export interface BodyHints {
  readonly contentType?: string;
  /** A CSV file has no place for these: they come beside it. */
  readonly venueId?: string;
  readonly name?: string;
}

/** Reads a stream to its end. @throws BODY_TOO_LARGE */
export async function bytesOf(stream: Readable, max = BODY_BYTES_MAX): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > max) refuse('BODY_TOO_LARGE');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

/**
 * What a creation (`required` names what it must have) or a change says.
 * @throws BODY_MALFORMED, BODY_TOO_LARGE
 */
export async function readBody(
  stream: Readable | null | undefined,
  hints: BodyHints,
  required: readonly (keyof TemplateBody)[],
  faults: Faults,
): Promise<TemplateBody> {
  const text = decoded(stream ? await bytesOf(stream) : Buffer.alloc(0));
  if (/^\s*text\/csv\b/i.test(hints.contentType ?? '')) return csvBody(text, hints, faults);
  const body = objectIn(text, faults);
  if (!body) return {};
  for (const name of Object.keys(body))
    if (!FIELDS.has(name)) faults.add(`/${name}`, 'unknownField', 'is not accepted here');
  for (const name of required)
    if (body[name] === undefined) faults.add(`/${name}`, 'required', 'is required');
  const standing = standingIn(body.standing, faults);
  return {
    ...textIn(body, 'venueId', 64, faults),
    ...textIn(body, 'name', 190, faults),
    ...(standing && { standing }),
    ...(body.plan !== undefined && { plan: readPlan(body.plan, standing ?? [], faults) }),
  };
}

const FIELDS: ReadonlySet<string> = new Set(['venueId', 'name', 'plan', 'standing']);

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('BODY_MALFORMED'); // not UTF-8
  }
}

function objectIn(text: string, faults: Faults): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('BODY_MALFORMED');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  faults.add('', 'notAnObject', 'the body must be a JSON object');
  return undefined;
}

function textIn(
  body: Readonly<Record<string, unknown>>,
  name: 'venueId' | 'name',
  max: number,
  faults: Faults,
): TemplateBody {
  const value = body[name];
  if (value === undefined) return {};
  if (typeof value !== 'string') faults.add(`/${name}`, 'string', 'must be a string');
  else if (value.trim() === '') faults.add(`/${name}`, 'stringEmpty', 'must not be empty');
  else if (value.length > max)
    faults.add(`/${name}`, 'stringMax', `must have at most this many characters: ${max}`);
  else return { [name]: value.trim() };
  return {};
}

function standingIn(value: unknown, faults: Faults): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value;
  faults.add('/standing', 'array', 'must be an array');
  return undefined;
}

function csvBody(text: string, hints: BodyHints, faults: Faults): TemplateBody {
  for (const name of ['venueId', 'name'] as const)
    if (!hints[name]) faults.add(`/${name}`, 'required', 'is required');
  const { venueId, name = '' } = hints;
  const drawn = planOfCsv(text, name, faults);
  return { venueId, name, plan: drawn && readPlan(drawn, [], faults) };
}
