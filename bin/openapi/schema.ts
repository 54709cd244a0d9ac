/** What an action takes, as its validator says it, in the words of JSON Schema. Pure. */

export type JsonSchema = Readonly<Record<string, unknown>>;
/** A rule of fastest-validator, as far as this project uses them. */
interface Rule {
  readonly type: string;
  readonly optional?: boolean;
  readonly default?: unknown;
  readonly min?: number;
  readonly max?: number;
  readonly empty?: boolean;
  readonly integer?: boolean;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  readonly items?: Rules;
  readonly props?: Readonly<Record<string, Rules>>;
  readonly strict?: boolean;
}
type Rules = string | Rule | readonly (string | Rule)[];
export type Params = Readonly<Record<string, Rules | boolean>>;

const ruleOf = (rules: string | Rule): Rule =>
  typeof rules === 'string' ? { type: rules } : rules;

const defined = (members: Record<string, unknown>): JsonSchema =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

/** By the type of a rule; one that has no row here is refused, not guessed. */
const SCHEMA_OF: Readonly<Record<string, (rule: Rule) => JsonSchema>> = {
  string: ({ min, max, empty, pattern }) =>
    defined({
      type: 'string',
      minLength: min ?? (empty === false ? 1 : undefined),
      maxLength: max,
      pattern: pattern?.source,
    }),
  number: ({ integer, min, max }) =>
    defined({ type: integer ? 'integer' : 'number', minimum: min, maximum: max }),
  boolean: () => ({ type: 'boolean' }),
  enum: ({ values }) => ({ type: 'string', enum: values }),
  any: () => ({}),
  object: ({ props, strict }) =>
    props ? objectSchema(props, strict === true) : { type: 'object' },
  array: ({ items, min, max }) =>
    defined({
      type: 'array',
      items: items === undefined ? {} : schemaOf(items),
      minItems: min,
      maxItems: max,
    }),
};

/** @throws Error for a rule this table has no row for */
export function schemaOf(rules: Rules): JsonSchema {
  if (Array.isArray(rules)) return { anyOf: rules.map((rule) => schemaOf(rule)) };
  const rule = ruleOf(rules as string | Rule);
  const made = SCHEMA_OF[rule.type];
  if (!made) throw new Error(`no JSON schema is known for a rule of type ${rule.type}`);
  const schema = made(rule);
  return rule.default === undefined ? schema : { ...schema, default: rule.default };
}

/** May it be left out? */
export const isOptional = (rules: Rules): boolean =>
  [rules].flat().every((rule) => {
    const { optional, default: given } = ruleOf(rule as string | Rule);
    return optional === true || given !== undefined;
  });

function objectSchema(props: Readonly<Record<string, Rules>>, strict: boolean): JsonSchema {
  const names = Object.keys(props);
  const required = names.filter((name) => !isOptional(props[name]!));
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, schemaOf(props[name]!)])),
    ...(required.length > 0 && { required }),
    ...(strict && { additionalProperties: false }),
  };
}

/** The rules of parameters by name, without what is said of all of them. */
export const rulesOf = (params: Params): Readonly<Record<string, Rules>> =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !name.startsWith('$$'))) as Readonly<
    Record<string, Rules>
  >;

/** A body made of some of the parameters of an action. */
export function bodySchema(params: Params, names: readonly string[]): JsonSchema {
  const rules = rulesOf(params);
  const own = Object.fromEntries(names.map((name) => [name, rules[name]!]));
  return objectSchema(own, params.$$strict === true);
}
