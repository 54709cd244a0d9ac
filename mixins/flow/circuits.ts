/**
 * Moleculer's circuits, one per action and process, held to the rules in force: it reads its own
 * numbers once, when a call is made for the first time.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ServiceBroker } from 'moleculer';
import type { BreakerRule } from '../../contracts/flow.ts';
import { rulesNow } from './rules.ts';

interface BreakerOptions {
  threshold: number;
  minRequestCount: number;
  halfOpenTime: number;
  readonly check?: (error: Error) => boolean;
}
/** What Moleculer's breaker keeps of an action on a node; its types leave it out. */
interface Circuit {
  readonly opts: BreakerOptions;
  readonly ep: { readonly id: string; readonly action: { readonly name: string }; state: boolean };
  state: 'open' | 'close' | 'half_open' | 'half_open_wait';
  count: number;
  failures: number;
  cbTimer: NodeJS.Timeout | null;
}
type Circuits = ReadonlyMap<string, Circuit>;

const NONE: Circuits = new Map();
const circuitsOf = (broker: ServiceBroker): Circuits =>
  (broker as { CircuitBreakerStore?: Circuits }).CircuitBreakerStore ?? NONE;

interface Tuned {
  readonly own: BreakerOptions;
  readonly rule: BreakerRule | undefined;
}
const tuned = new WeakMap<BreakerOptions, Tuned>();

/** @returns whether something has changed */
function tune({ opts }: Circuit, rule: BreakerRule | undefined): boolean {
  const last = tuned.get(opts);
  if (last?.rule === rule) return false;
  const own = last?.own ?? { ...opts };
  tuned.set(opts, { own, rule });
  Object.assign(opts, own);
  if (rule) {
    opts.threshold = rule.percent / 100;
    opts.minRequestCount = rule.calls;
    opts.halfOpenTime = rule.openMs;
  }
  return !isDeepStrictEqual(last?.rule, rule);
}

/** Holds the circuit of a call to the rule of its action. @returns what counts as a failure */
export function tuneFor(
  broker: ServiceBroker,
  endpoint: { readonly name: string },
  rule: BreakerRule | undefined,
): BreakerOptions['check'] {
  const circuit = circuitsOf(broker).get(endpoint.name);
  if (circuit) tune(circuit, rule);
  return circuit?.opts.check;
}

/**
 * Called when the rules may have changed. A new rule judges what comes: nothing from before counts,
 * and a circuit that another rule has opened lets the next call through to see, however long that
 * rule said it should wait.
 */
export function followRules(broker: ServiceBroker): void {
  for (const circuit of circuitsOf(broker).values()) {
    const changed = tune(circuit, rulesNow().of(circuit.ep.action.name)?.breaker);
    if (!changed) continue;
    circuit.count = 0;
    circuit.failures = 0;
    if (circuit.state === 'close') continue;
    clearTimeout(circuit.cbTimer ?? undefined);
    circuit.cbTimer = null;
    circuit.state = 'half_open';
    circuit.ep.state = true;
  }
}

/** Which processes are left alone because of how they answer an action. */
export function stateOf(broker: ServiceBroker, action: string): string {
  const all = [...circuitsOf(broker).values()];
  const open = all.filter(({ ep, state }) => ep.action.name === action && state !== 'close');
  return open.length === 0 ? 'closed' : open.map(({ ep, state }) => `${ep.id} ${state}`).join(', ');
}
