/**
 * The last good answers of reads whose rule wants them kept: given when nobody can answer now, and
 * never kept by anybody on the way. A rule may name only what is the same for everybody.
 */
import { LRUCache } from 'lru-cache';
import type { StaleRule } from '../../contracts/flow.ts';
import { rulesNow } from '../../mixins/flow/rules.ts';
import { countsOf } from '../../mixins/flow/tally.ts';
import type { AnswerMeta } from './answer.ts';
import type { RouteRow } from './routes.ts';

/** In characters of their JSON, all of them together, and one: who varies a query fills no heap. */
const CHARS_MAX = 16_000_000;
const ANSWER_CHARS_MAX = 1_000_000;

interface Kept {
  readonly data: object;
  readonly atMs: number;
}
/** RFC 9111 calls it a warning; the code that said so is gone, and the words are for a human. */
const STALE: AnswerMeta = {
  $responseHeaders: { 'Cache-Control': 'no-store', Warning: '110 - "Response is Stale"' },
};

const ruleOf = ({ action }: RouteRow): StaleRule | undefined =>
  action === undefined ? undefined : rulesNow().of(action)?.stale;

/** Answers by target, exactly as it was sent. */
export class LastGood {
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: CHARS_MAX,
    maxEntrySize: ANSWER_CHARS_MAX,
    sizeCalculation: ({ data }, target) => JSON.stringify(data).length + target.length,
  });

  keep(row: RouteRow, target: string, data: unknown): void {
    const rule = ruleOf(row);
    if (!rule || typeof data !== 'object' || data === null) return;
    countsOf(rule).passed++;
    this.#kept.set(target, { data, atMs: performance.now() });
  }

  /** It is gone, or nobody's business any more: nobody is told of it again. */
  forget(target: string): void {
    this.#kept.delete(target);
  }

  /** What to answer instead; undefined when there is nothing, or it is too old. */
  find(row: RouteRow | undefined, target: string): { data: object; meta: AnswerMeta } | undefined {
    const rule = row && ruleOf(row);
    const kept = rule && this.#kept.get(target);
    if (!kept || performance.now() - kept.atMs > rule.maxAgeMs) return undefined;
    countsOf(rule).tripped++;
    return { data: kept.data, meta: STALE };
  }
}
