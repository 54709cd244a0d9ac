/**
 * Flow control in a process: what of the calls that reach it is let in, how long a call may take,
 * and when a process that answers badly is left alone. The rules are settings (contracts/flow.ts),
 * looked at for each call; an action that none names pays a look into a map.
 *
 * Where the middlewares stand among the others is part of how they work: moleculer.config.ts.
 */
import type { ActionSchema, Middleware, ServiceBroker } from 'moleculer';
import { refusal } from '../contracts/errors.ts';
import {
  type FlowReport,
  type FlowRule,
  maySheds,
  type RuleReport,
  ruleKey,
} from '../contracts/flow.ts';
import { DOOR } from './access.ts';
import { followRules, stateOf } from './flow/circuits.ts';
import { type Called, Counting } from './flow/counting.ts';
import { overload } from './flow/overload.ts';
import { SharedCount } from './flow/rate.ts';
import { countingRules, isCounting, rulesNow } from './flow/rules.ts';
import { countsOf, forgetGone } from './flow/tally.ts';
import { liveValues, onLiveChange } from './live-config.ts';

type Next = (ctx: Called) => Promise<unknown>;
/** What of Moleculer's inside is needed here; its types leave it out. */
interface Inside {
  readonly registry: {
    getActionEndpoints(
      action: string,
    ): { readonly endpoints: readonly { readonly isAvailable: boolean }[] } | undefined;
  };
}

/** Moleculer's own actions, `$node.list`: for tools. */
const isInternal = (name: string) => name.startsWith('$');

/** The flow control of one broker: what it lets in, and what it says of itself. */
export class Flow {
  #broker: ServiceBroker | undefined;
  #counting: Counting | undefined;

  report(): FlowReport {
    const rules = [...rulesNow().byKey.values()].map((rule) => this.#reportOf(rule));
    return { revision: liveValues.newest.revision, rules, overload: overload.report() };
  }

  /** Lets in what the rules let in. Outside what checks a call, inside who may call. */
  guard(): Middleware {
    let count: SharedCount;
    let deaf: () => void;
    return {
      name: 'FlowGuard',
      created: (broker: ServiceBroker) => {
        this.#broker = broker;
        count = new SharedCount(broker.getLogger('flow'));
        const counting = new Counting({
          count,
          instances: (action) => {
            const { endpoints = [] } =
              (broker as unknown as Inside).registry.getActionEndpoints(action) ?? {};
            return endpoints.filter(({ isAvailable }) => isAvailable).length;
          },
        });
        this.#counting = counting;
        deaf = onLiveChange(() => {
          counting.follow();
          followRules(broker);
          forgetGone();
        });
        broker.createService({
          name: '$flow',
          actions: { report: { visibility: 'public', handler: () => this.report() } },
        });
      },
      localAction: (next: Next, { name = '' }: ActionSchema): Next =>
        isInternal(name) ? next : (ctx) => this.#admit(name, ctx, next),
      started: async () => overload.start(),
      stopped: async () => {
        deaf();
        overload.stop();
        count.close();
      },
    } as Middleware;
  }

  #admit(name: string, ctx: Called, next: Next): Promise<unknown> {
    // The second half of something that was let in.
    if (ctx.caller !== null && ctx.caller !== DOOR) return next(ctx);
    // What came in at a door of this process was asked about there.
    const isFromAfar = ctx.nodeID !== this.#broker!.nodeID;
    if (overload.isShedding && isFromAfar && maySheds(name) && overload.mustShed())
      return Promise.reject(refusal('BUSY'));
    const rules = countingRules(name, ctx.params);
    return rules.length === 0 ? next(ctx) : this.#counting!.through(rules, ctx, next);
  }

  #reportOf(rule: FlowRule): RuleReport {
    if (isCounting(rule) && this.#counting) return this.#counting.report(rule);
    const report = { rule: ruleKey(rule), ...countsOf(rule) };
    if (rule.kind !== 'breaker' || !this.#broker) return report;
    return { ...report, now: stateOf(this.#broker, rule.action) };
  }
}
