/**
 * Flow control: the kinds of rule there are, what each may say and within which bounds, and what is
 * never turned away. The rules in force are one setting, `flowRules`: a JSON list, taken or refused
 * as a whole.
 *
 * - `rate`: so many calls in so many seconds, over all processes; RATE_LIMITED beyond
 * - `concurrency`: so many at once in each process, a bounded queue behind them; BUSY beyond
 * - `breaker`: of so many calls so much per cent failed, or were slow: nobody is let through to
 *   that process for a while, then one to see; BUSY when it was the only one
 * - `timeout`: a call gives up; BUSY
 * - `stale`: a read that nobody can answer now gets the last good answer, if it is not too old
 */
import { ADMITS, accessOf, PUBLISHED } from './access.ts';

interface Named {
  readonly action: string;
}
/** What calls are told apart by: `uid` of who asks, or a parameter; none: all count together. */
interface Counted extends Named {
  readonly by?: string;
  /** For this one session, instead of the rule of all the others. */
  readonly session?: string;
}
export interface RateRule extends Counted {
  readonly kind: 'rate';
  readonly limit: number;
  readonly seconds: number;
  /** What each process lets through while the cache Redis is away; else its share of `limit`. */
  readonly awayLimit?: number;
}
export interface ConcurrencyRule extends Counted {
  readonly kind: 'concurrency';
  readonly max: number;
  readonly queue: number;
}
export interface BreakerRule extends Named {
  readonly kind: 'breaker';
  readonly percent: number;
  readonly calls: number;
  readonly openMs: number;
  /** A call that takes longer counts as one that failed; its answer is given all the same. */
  readonly slowMs?: number;
}
export interface TimeoutRule extends Named {
  readonly kind: 'timeout';
  readonly ms: number;
}
export interface StaleRule extends Named {
  readonly kind: 'stale';
  readonly maxAgeMs: number;
}
export type FlowRule = RateRule | ConcurrencyRule | BreakerRule | TimeoutRule | StaleRule;
export type FlowKind = FlowRule['kind'];

/**
 * What no rule and no overload turns away: money that has arrived, the ways back to a free seat,
 * and what an operator mends a sick system with. What services call among themselves is never
 * turned away either: it is the second half of something that was let in.
 */
export const VITAL: ReadonlySet<string> = new Set([
  'payment.event',
  'order.cancel',
  'order.freeSeat',
  'order.unblockSeat',
  'gateway.ready',
  'session.pause',
  'session.close',
  'scheduler.reconcile',
  ...PUBLISHED.filter((name) => /^config-center\.|Letters?$/.test(name)),
]);
const KNOWN: ReadonlySet<string> = new Set(PUBLISHED);
export const maySheds = (action: string): boolean => KNOWN.has(action) && !VITAL.has(action);

/** Reads that are the same for everybody, and no stream. */
const STALE_MAY = ['show.list', 'show.get', 'venue.get', 'session.get'];

interface Whole {
  readonly min: number;
  readonly max: number;
  readonly optional?: true;
}
interface Kind {
  readonly numbers: Readonly<Record<string, Whole>>;
  /** May tell calls apart. */
  readonly counted?: true;
  readonly may: (action: string) => boolean;
  /** Why another action may not be named. */
  readonly mayNot: string;
}
const UNLESS_VITAL = { may: maySheds, mayNot: 'is never turned away' };

export const FLOW_KINDS: Readonly<Record<FlowKind, Kind>> = {
  rate: {
    numbers: {
      limit: { min: 1, max: 1_000_000 },
      seconds: { min: 1, max: 60 },
      awayLimit: { min: 0, max: 1_000_000, optional: true },
    },
    counted: true,
    ...UNLESS_VITAL,
  },
  concurrency: {
    numbers: { max: { min: 1, max: 10_000 }, queue: { min: 0, max: 100_000 } },
    counted: true,
    ...UNLESS_VITAL,
  },
  breaker: {
    numbers: {
      percent: { min: 1, max: 100 },
      calls: { min: 1, max: 10_000 },
      openMs: { min: 100, max: 60_000 },
      slowMs: { min: 1, max: 60_000, optional: true },
    },
    ...UNLESS_VITAL,
  },
  timeout: { numbers: { ms: { min: 10, max: 60_000 } }, ...UNLESS_VITAL },
  stale: {
    numbers: { maxAgeMs: { min: 1_000, max: 3_600_000 } },
    may: (action) => STALE_MAY.includes(action),
    mayNot: `must be one of ${STALE_MAY.join(', ')}`,
  },
};

/** What is in force unless somebody says otherwise. */
export const FLOW_RULES: readonly FlowRule[] = STALE_MAY.map((action) => ({
  kind: 'stale',
  action,
  maxAgeMs: 300_000,
}));

const RULES_MAX = 200;
const WORD = /^[A-Za-z][\w-]{0,63}$/;

/** What tells two rules apart: a list has at most one of each. */
export const ruleKey = (rule: FlowRule): string => {
  const { by = '', session = '' } = rule as Counted;
  return [rule.kind, rule.action, by, session].join(' ').trimEnd();
};

/** @throws SyntaxError for what is no JSON; says nothing of bounds: `faultOfRules` does */
export const readRules = (text: string): FlowRule[] => JSON.parse(text);

/**
 * Why a text cannot be the rules in force; undefined when it can.
 * @param stored taken once, perhaps by another release: a rule that can match no call of this one
 * waits for one it can, and the rules beside it hold
 */
export function faultOfRules(text: unknown, stored = false): string | undefined {
  if (typeof text !== 'string') return 'must be a list of rules, or its JSON';
  let rules: unknown;
  try {
    rules = readRules(text);
  } catch {
    return 'must be JSON'; // which character is wrong helps nobody who sees only a setting
  }
  if (!Array.isArray(rules)) return 'must be a list';
  if (rules.length > RULES_MAX) return `must be at most ${RULES_MAX} rules`;
  const seen = new Set<string>();
  for (const [n, rule] of rules.entries()) {
    const fault =
      faultOfRule(rule, stored) ?? (seen.has(ruleKey(rule)) ? 'stands twice' : undefined);
    if (fault) return `rule ${n + 1}: ${fault}`;
    seen.add(ruleKey(rule));
  }
  return undefined;
}

function faultOfRule(rule: unknown, stored: boolean): string | undefined {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return 'must be an object';
  const { kind, action, ...more } = rule as Record<string, unknown>;
  if (typeof kind !== 'string' || !Object.hasOwn(FLOW_KINDS, kind))
    return `kind must be one of ${Object.keys(FLOW_KINDS).join(', ')}`;
  const { numbers, counted, may, mayNot } = FLOW_KINDS[kind as FlowKind];
  if (typeof action !== 'string') return 'action must be text';
  const isKnown = KNOWN.has(action);
  if (!may(action) && (isKnown || !stored))
    return `action ${action.slice(0, 64)} ${isKnown ? mayNot : 'is not known'}`;
  for (const [name, value] of Object.entries(more)) {
    if (counted && (name === 'by' || name === 'session')) {
      if (typeof value !== 'string' || !WORD.test(value)) return `${name} must be a word`;
      if (value === 'uid' && isKnown && !ADMITS[accessOf(action)] && !stored)
        return `by uid: whoever asks ${action} is not known`;
    } else if (!Object.hasOwn(numbers, name)) return `${name.slice(0, 64)} is not known`;
  }
  for (const [name, { min, max, optional }] of Object.entries(numbers)) {
    const value = more[name];
    if (value === undefined && optional) continue;
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
      return `${name} must be a whole number from ${min} to ${max}`;
  }
  return undefined;
}

/** What a process says of one rule. */
export interface RuleReport {
  readonly rule: string;
  readonly passed: number;
  /** Calls turned away, given up, failed or slow, answered with what was known before. */
  readonly tripped: number;
  /** How it stands: calls in flight and waiting, an open circuit, the cache away. */
  readonly now?: string;
}
/** What a process says of its flow control. */
export interface FlowReport {
  /** Of the settings in force in it. */
  readonly revision: number;
  readonly rules: readonly RuleReport[];
  /** Of the system rule: how late the event loop is, and what was turned away for it. */
  readonly overload: {
    readonly shedding: boolean;
    readonly delayMs: number;
    readonly passed: number;
    readonly refused: number;
  };
}
