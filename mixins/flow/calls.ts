/**
 * How long a call may take, and when one counts as failed though it was answered: what the rules
 * add to Moleculer's timeout and circuit breaker. On both sides: where a call is made, so that a
 * process that answers badly gets none; and where it runs.
 *
 * A slow answer passes the breaker as an error, which is how the breaker counts, and is an answer
 * again outside of it.
 */
import type { ActionSchema, Middleware, ServiceBroker } from 'moleculer';
import { tuneFor } from './circuits.ts';
import type { Called } from './counting.ts';
import { type ActionRules, rulesNow } from './rules.ts';
import { countsOf } from './tally.ts';

type Next = (ctx: Called) => Promise<unknown>;

/** An answer that came too late to speak for the process it came from. */
class SlowAnswer extends Error {
  readonly answer: unknown;
  constructor(answer: unknown) {
    super('a slow answer');
    this.answer = answer;
  }
}

/** Inside the circuit breaker, outside the timeout. */
export function flowCalls(): Middleware {
  function wrap(this: ServiceBroker, next: Next, { name = '' }: ActionSchema): Next {
    return (ctx) => {
      const rules = rulesNow().of(name);
      const { endpoint } = ctx as unknown as { endpoint: { name: string } };
      const isFailure = tuneFor(this, endpoint, rules?.breaker);
      return rules?.timeout || rules?.breaker ? watched(ctx, next, rules, isFailure) : next(ctx);
    };
  }
  return { name: 'FlowCalls', localAction: wrap, remoteAction: wrap } as unknown as Middleware;
}

async function watched(
  ctx: Called,
  next: Next,
  { timeout, breaker }: ActionRules,
  isFailure: ((error: Error) => boolean) | undefined,
): Promise<unknown> {
  if (timeout) {
    const { timeout: given } = ctx.options as { timeout?: number | null };
    ctx.options = { ...ctx.options, timeout: given ? Math.min(given, timeout.ms) : timeout.ms };
  }
  const startedMs = performance.now();
  try {
    const answer = await next(ctx);
    if (timeout) countsOf(timeout).passed++;
    if (breaker?.slowMs && performance.now() - startedMs > breaker.slowMs)
      throw new SlowAnswer(answer);
    if (breaker) countsOf(breaker).passed++;
    return answer;
  } catch (error) {
    const isLate = (error as { type?: string }).type === 'REQUEST_TIMEOUT';
    if (timeout && isLate) countsOf(timeout).tripped++;
    if (breaker) countsOf(breaker)[isFailure?.(error as Error) ? 'tripped' : 'passed']++;
    throw error;
  }
}

/** Outside the circuit breaker: a slow answer is an answer. */
export function flowAnswers(): Middleware {
  const wrap =
    (next: Next): Next =>
    (ctx) =>
      next(ctx).catch((error) => {
        if (error instanceof SlowAnswer) return error.answer;
        throw error;
      });
  return { name: 'FlowAnswers', localAction: wrap, remoteAction: wrap } as unknown as Middleware;
}
