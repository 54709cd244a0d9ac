/**
 * What a value from outside must look like, as a table of rules, and the list of everything that is
 * wrong with it. A pointer is written only for a fault: a plan has a million values, most right.
 */
import type { Fault } from '../../contracts/errors.ts';

/** More faults than this are counted, not listed. */
export const FAULTS_MAX = 1_000;
/** How deep a value that no rule knows may nest; nobody could read or draw a deeper one. */
const DEPTH_MAX = 64;

export type Rule =
  | { readonly type: 'text'; readonly max: number; readonly empty?: true; readonly nullable?: true }
  | {
      readonly type: 'number';
      readonly min: number;
      readonly max: number;
      readonly integer?: true;
    }
  | { readonly type: 'choice'; readonly of: readonly string[] }
  | { readonly type: 'list'; readonly of: Rule; readonly max: number; readonly min?: number }
  | {
      readonly type: 'object';
      readonly fields: Readonly<Record<string, Field>>;
      /** A field that no rule names is a fault; otherwise it is kept, whatever it is. */
      readonly strict?: true;
    };
export type Field = Rule & { readonly optional?: true };
type RuleOf<Type extends Rule['type']> = Rule & { readonly type: Type };

export const text = (max: number): Field => ({ type: 'text', max });
export const emptyText = (max: number): Field => ({ type: 'text', max, empty: true });
export const number = (min: number, max: number): Field => ({ type: 'number', min, max });
export const whole = (min: number, max: number): Field =>
  ({ ...number(min, max), integer: true }) as Field;
export const choice = (...of: readonly string[]): Field => ({ type: 'choice', of });
export const list = (of: Rule, max: number, min = 0): Field => ({ type: 'list', of, max, min });
export const object = (fields: Readonly<Record<string, Field>>): Field => ({
  type: 'object',
  fields,
});
export const strict = (fields: Readonly<Record<string, Field>>): Field => ({
  type: 'object',
  fields,
  strict: true,
});
export const optional = (rule: Field): Field => ({ ...rule, optional: true });

/** Gathers faults up to a bound, and counts the rest. */
export class Faults {
  readonly #list: Fault[] = [];
  #more = 0;

  add(pointer: string, code: string, detail: string): void {
    if (this.#list.length < FAULTS_MAX) this.#list.push({ pointer, code, detail });
    else this.#more++;
  }

  get count(): number {
    return this.#list.length + this.#more;
  }

  /** Every fault in the order found; when some did not fit, a last one says how many. */
  get all(): Fault[] {
    if (this.#more === 0) return [...this.#list];
    const detail = `${this.#more} more faults are not listed`;
    return [...this.#list, { pointer: '', code: 'more', detail }];
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The way to a value: names and indexes, written as a JSON pointer when there is a fault. */
type Path = (string | number)[];
const escaped = (key: string) => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
const pointerOf = (path: Path): string =>
  path.map((part) => `/${typeof part === 'number' ? part : escaped(part)}`).join('');

/**
 * Adds what a value does against its rule; knows nothing of what values mean together.
 * @param at JSON pointer of the value
 */
export function check(value: unknown, rule: Rule, at: string, faults: Faults): void {
  const path: Path = [];
  const add = (code: string, detail: string) => faults.add(`${at}${pointerOf(path)}`, code, detail);
  checkAt(value, rule, path, add);
}

type Add = (code: string, detail: string) => void;

function checkAt(value: unknown, rule: Rule, path: Path, add: Add): void {
  switch (rule.type) {
    case 'text':
      checkText(value, rule, add);
      break;
    case 'number':
      checkNumber(value, rule, add);
      break;
    case 'choice':
      if (!rule.of.includes(value as string)) add('choice', `must be one of ${rule.of.join(', ')}`);
      break;
    case 'list':
      checkList(value, rule, path, add);
      break;
    case 'object':
      checkObject(value, rule, path, add);
  }
}

function checkText(value: unknown, rule: RuleOf<'text'>, add: Add): void {
  if (value === null && rule.nullable) return;
  if (typeof value !== 'string') {
    add('type', 'must be a string');
    return;
  }
  if (value.length > rule.max) add('long', `is longer than ${rule.max} characters`);
  if (!rule.empty && value.trim() === '') add('empty', 'must not be empty');
  if (!value.isWellFormed()) add('encoding', 'is not well-formed Unicode');
}

function checkNumber(value: unknown, { min, max, integer }: RuleOf<'number'>, add: Add): void {
  if (typeof value !== 'number') add('type', 'must be a number');
  else if (!Number.isFinite(value)) add('finite', 'must be a finite number');
  else if (value < min || value > max) add('range', `must be from ${min} to ${max}`);
  else if (integer && !Number.isInteger(value)) add('integer', 'must be a whole number');
}

function checkList(value: unknown, rule: RuleOf<'list'>, path: Path, add: Add): void {
  if (!Array.isArray(value)) add('type', 'must be a list');
  else if (value.length > rule.max) add('long', `holds more than ${rule.max}`);
  else if (value.length < (rule.min ?? 0)) add('empty', 'must not be empty');
  else {
    const place = path.push(0) - 1;
    for (let i = 0; i < value.length; i++) {
      path[place] = i;
      checkAt(value[i], rule.of, path, add);
    }
    path.pop();
  }
}

function checkObject(value: unknown, rule: RuleOf<'object'>, path: Path, add: Add): void {
  if (!isObject(value)) {
    add('type', 'must be an object');
    return;
  }
  const { fields } = rule;
  for (const key in fields) {
    const field = fields[key]!;
    path.push(key);
    if (Object.hasOwn(value, key)) checkAt(value[key], field, path, add);
    else if (!field.optional) add('required', 'is missing');
    path.pop();
  }
  for (const key in value) {
    if (Object.hasOwn(fields, key)) continue;
    path.push(key);
    if (rule.strict) add('unknownField', 'is not accepted here');
    else if (isDeeper(value[key], DEPTH_MAX)) add('deep', `nests deeper than ${DEPTH_MAX}`);
    path.pop();
  }
}

const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1)));
