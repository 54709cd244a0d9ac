/**
 * The rules of flow control in force now, laid out so that a call finds its own at once. Read again
 * when the setting has changed, and at no other time.
 */
import {
  type BreakerRule,
  type ConcurrencyRule,
  type FlowRule,
  type RateRule,
  readRules,
  ruleKey,
  type StaleRule,
  type TimeoutRule,
} from '../../contracts/flow.ts';
import { live } from '../live-config.ts';

/** What counts calls before they run. */
export type CountingRule = RateRule | ConcurrencyRule;
/** What an action is held to, whichever calls it. */
export interface ActionRules {
  readonly breaker?: BreakerRule;
  readonly timeout?: TimeoutRule;
  readonly stale?: StaleRule;
  /** Rates first: what is turned away for its number takes nobody's place. */
  readonly counting: readonly CountingRule[];
  /** Instead of `counting`, by session, where some rule names one. */
  readonly ofSession: ReadonlyMap<string, readonly CountingRule[]>;
}
export interface Rules {
  readonly text: string;
  readonly byKey: ReadonlyMap<string, FlowRule>;
  of(action: string): ActionRules | undefined;
}

export const isCounting = (rule: FlowRule): rule is CountingRule =>
  rule.kind === 'rate' || rule.kind === 'concurrency';
const ratesFirst = (rules: readonly CountingRule[]): CountingRule[] => [
  ...rules.filter(({ kind }) => kind === 'rate'),
  ...rules.filter(({ kind }) => kind === 'concurrency'),
];

function laidOut(text: string): Rules {
  const rules = readRules(text);
  const actions = Map.groupBy(rules, ({ action }) => action);
  const byAction = new Map([...actions].map(([action, own]) => [action, rulesOf(own)]));
  const byKey = new Map(rules.map((rule) => [ruleKey(rule), rule]));
  return { text, byKey, of: (action) => byAction.get(action) };
}

function rulesOf(rules: readonly FlowRule[]): ActionRules {
  const one = <Kind extends FlowRule['kind']>(kind: Kind) =>
    rules.find((rule): rule is FlowRule & { kind: Kind } => rule.kind === kind);
  const counting = rules.filter(isCounting);
  const general = counting.filter(({ session }) => session === undefined);
  const special = Map.groupBy(counting, ({ session }) => session);
  special.delete(undefined);
  const ofSession = [...special].map(([session, own]) => {
    const stands = ({ kind, by }: CountingRule) =>
      own.some((rule) => rule.kind === kind && rule.by === by);
    return [session!, ratesFirst([...own, ...general.filter((rule) => !stands(rule))])] as const;
  });
  return {
    breaker: one('breaker'),
    timeout: one('timeout'),
    stale: one('stale'),
    counting: ratesFirst(general),
    ofSession: new Map(ofSession),
  } as ActionRules;
}

let inForce = laidOut('[]');

/** The rules in force at this moment. */
export function rulesNow(): Rules {
  const { flowRules } = live();
  if (flowRules !== inForce.text) inForce = laidOut(flowRules);
  return inForce;
}

const NONE: readonly CountingRule[] = [];

/** The rules that count a call. */
export function countingRules(action: string, params: unknown): readonly CountingRule[] {
  const rules = rulesNow().of(action);
  if (!rules) return NONE;
  if (rules.ofSession.size === 0) return rules.counting;
  const { sessionId } = (params ?? {}) as { sessionId?: string };
  return (sessionId !== undefined && rules.ofSession.get(sessionId)) || rules.counting;
}
