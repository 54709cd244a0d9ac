/**
 * The rules that count calls before they run. What waits at a rule stays there when only its
 * numbers change; whoever waits at a rule that is gone is let in.
 */
import type { Context } from 'moleculer';
import type { CallMeta } from '../../contracts/actions.ts';
import { wordOf } from '../../contracts/errors.ts';
import { type RuleReport, ruleKey } from '../../contracts/flow.ts';
import { Gate } from './gate.ts';
import { Rate, type SharedCount } from './rate.ts';
import { type CountingRule, rulesNow } from './rules.ts';
import { countsOf } from './tally.ts';

export type Called = Context<unknown, CallMeta>;

/** A value may be long: only its beginning tells calls apart, and no id of ours is longer. */
const VALUE_MAX = 64;
const ALL = '';

/** What a rule tells calls apart by; undefined: this call is none of its business. */
function toldApart({ by }: CountingRule, { params, meta }: Called): string | undefined {
  if (by === undefined) return ALL;
  const value = by === 'uid' ? meta.user?.uid : (params as Record<string, unknown> | null)?.[by];
  const isWord = typeof value === 'string' || typeof value === 'number';
  return isWord ? String(value).slice(0, VALUE_MAX) : undefined;
}

interface Counted {
  rule: CountingRule;
  rate?: Rate;
  /** By value. */
  readonly gates: Map<string, Gate>;
}

export interface Sharing {
  readonly count: SharedCount;
  /** How many processes offer an action now. */
  instances(action: string): number;
}

export class Counting {
  readonly #sharing: Sharing;
  readonly #counted = new Map<string, Counted>();

  constructor(sharing: Sharing) {
    this.#sharing = sharing;
  }

  /** Runs a call when its rules let it in. @throws RATE_LIMITED, BUSY */
  async through<T>(
    rules: readonly CountingRule[],
    ctx: Called,
    run: (ctx: Called) => Promise<T>,
  ): Promise<T> {
    const leaving: (() => void)[] = [];
    try {
      for (const rule of rules) {
        const value = toldApart(rule, ctx);
        if (value !== undefined) await this.#pass(rule, value, ctx, leaving);
      }
      return await run(ctx);
    } finally {
      for (const leave of leaving) leave();
    }
  }

  report(rule: CountingRule): RuleReport {
    const { rate, gates } = this.#of(rule);
    const all = [...gates.values()];
    const sum = (of: (gate: Gate) => number) => all.reduce((total, gate) => total + of(gate), 0);
    const [inFlight, waiting] = [sum((gate) => gate.inFlight), sum((gate) => gate.waiting)];
    const busy = `${inFlight} in flight, ${waiting} waiting`;
    const away = this.#sharing.count.isAway ? 'the cache is away' : 'counted together';
    return { rule: ruleKey(rule), ...countsOf(rule), now: rate ? away : busy };
  }

  /** Called when the rules may have changed: whom a new number has a place for is let in now. */
  follow(): void {
    const { byKey } = rulesNow();
    for (const [key, counted] of this.#counted) {
      const rule = byKey.get(key) as CountingRule | undefined;
      if (rule) this.#of(rule);
      else this.#counted.delete(key);
      const max = rule ? placesOf(counted).max : Number.POSITIVE_INFINITY;
      for (const gate of counted.gates.values()) gate.admit({ max });
    }
  }

  async #pass(rule: CountingRule, value: string, ctx: Called, leaving: (() => void)[]) {
    const counted = this.#of(rule);
    try {
      if (rule.kind === 'rate') await counted.rate!.take(value);
      else leaving.push(await this.#enter(counted, value, ctx));
      countsOf(rule).passed++;
    } catch (error) {
      if (wordOf(error)) countsOf(rule).tripped++;
      throw error;
    }
  }

  /** @returns how to leave */
  async #enter(counted: Counted, value: string, { options }: Called): Promise<() => void> {
    const { gates } = counted;
    const gate = gates.get(value) ?? new Gate();
    gates.set(value, gate);
    const { timeout = 0 } = options as { timeout?: number };
    const untilMs = timeout > 0 ? performance.now() + timeout : Number.POSITIVE_INFINITY;
    await gate.enter(placesOf(counted), () => performance.now() < untilMs);
    return () => {
      gate.leave(placesOf(counted));
      if (gate.inFlight === 0 && gate.waiting === 0) gates.delete(value);
    };
  }

  #of(rule: CountingRule): Counted {
    const key = ruleKey(rule);
    const known = this.#counted.get(key);
    if (known?.rule === rule) return known;
    const counted: Counted = known ?? { rule, gates: new Map() };
    counted.rule = rule;
    if (rule.kind === 'rate') counted.rate = this.#rateOf(rule);
    this.#counted.set(key, counted);
    return counted;
  }

  #rateOf(rule: CountingRule & { kind: 'rate' }): Rate {
    const { count, instances } = this.#sharing;
    return new Rate(rule, count, () => instances(rule.action));
  }
}

/** A gate outlives the numbers of its rule: they are looked at each time. */
const placesOf = ({ rule }: Counted) =>
  rule.kind === 'concurrency' ? rule : { max: Number.POSITIVE_INFINITY, queue: 0 };
