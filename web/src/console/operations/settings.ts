/** Settings as the page shows them: in which group each stands, how a value is said and read. */
import type { ConfigValue, ConfigView } from '../../../../contracts/config.ts';

export const GROUPS = [
  'gray',
  'sale',
  'sweep',
  'order',
  'cache',
  'edge',
  'flow',
  'stream',
] as const;
export type Group = (typeof GROUPS)[number];

/** The first that fits; `order` is where the rest stands. */
const BELONGS: readonly (readonly [RegExp, Group])[] = [
  [/^gray/, 'gray'],
  [/^(lockMs|seatsFresh|saleFresh|orderWait)/, 'sale'],
  [/^(due|sweep|reconcile)/, 'sweep'],
  [/^cached/, 'cache'],
  [/^edge/, 'edge'],
  [/^(flow|shed)/, 'flow'],
  [/^stream/, 'stream'],
];
export const groupOf = (setting: string): Group =>
  BELONGS.find(([name]) => name.test(setting))?.[1] ?? 'order';

/** Steps of time, and how they are written. */
const SPANS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A value in short: a time with its unit, a list of rules by its length. */
export function valueSaid(setting: string, value: ConfigValue): string {
  if (typeof value === 'string') return value.startsWith('[') ? rulesSaid(value) : value;
  if (!/Ms(?:$|[A-Z])/.test(setting)) return value.toLocaleString('en');
  const span = SPANS.find(([ms]) => value >= ms && value % ms === 0);
  const exact = `${value.toLocaleString('en')} ms`;
  return span ? `${exact} (${value / span[0]} ${span[1]})` : exact;
}
function rulesSaid(json: string): string {
  try {
    const rules = JSON.parse(json) as readonly unknown[];
    return `[${rules.length}]`;
  } catch {
    return json;
  }
}

/** As it stands in the field that changes it. */
export const valueWritten = (value: ConfigValue): string =>
  typeof value === 'string' && value.startsWith('[')
    ? JSON.stringify(JSON.parse(value), null, 2)
    : String(value);

export type Reading = { readonly value: ConfigValue } | { readonly fault: 'notWhole' | 'notJson' };

/** What somebody wrote into the field; the server judges it again. */
export function valueRead({ type, min = 0, max = 0 }: ConfigView, text: string): Reading {
  if (type === 'integer') {
    const value = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? { value } : { fault: 'notWhole' };
  }
  if (type !== 'flowRules') return { value: text };
  try {
    const rules: unknown = JSON.parse(text);
    return Array.isArray(rules) ? { value: JSON.stringify(rules) } : { fault: 'notJson' };
  } catch {
    return { fault: 'notJson' };
  }
}
