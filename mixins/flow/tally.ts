/**
 * What each rule has done in this process since it came into force: the calls it let by, and those
 * it did something about. Numbers of a rule may change; its counts stay.
 */
import { type FlowRule, ruleKey } from '../../contracts/flow.ts';
import { rulesNow } from './rules.ts';

interface Counts {
  passed: number;
  tripped: number;
}

const byKey = new Map<string, Counts>();
/** A rule is the same object until the setting changes: its key is put together once. */
const known = new WeakMap<FlowRule, Counts>();

/** The counts of a rule, to be counted in. */
export function countsOf(rule: FlowRule): Counts {
  const found = known.get(rule);
  if (found) return found;
  const key = ruleKey(rule);
  const counts = byKey.get(key) ?? { passed: 0, tripped: 0 };
  byKey.set(key, counts);
  known.set(rule, counts);
  return counts;
}

/** Forgets rules that are gone. */
export function forgetGone(): void {
  const rules = rulesNow().byKey;
  for (const key of byKey.keys()) if (!rules.has(key)) byKey.delete(key);
}
