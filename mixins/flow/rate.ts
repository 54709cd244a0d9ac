/**
 * So many calls in so many seconds, counted in the cache Redis for all processes together. With
 * Redis away, or slow, each process counts for itself, up to its share: a limit that is not exact
 * for a while is better than calls that wait, or than none.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'moleculer';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { config } from '../../config/index.ts';
import { refusal } from '../../contracts/errors.ts';
import { type RateRule, ruleKey } from '../../contracts/flow.ts';
import { cacheKey } from '../../contracts/keys.ts';
import { redisClient } from '../redis.ts';

/** After a failure Redis is left alone for so long: a paused one costs few calls their wait. */
const REST_MS = 1_000;

/** The one connection of a process that its rates share; made when the first rule needs it. */
export class SharedCount {
  readonly #logger: Logger;
  #redis: Redis | undefined;
  #restUntilMs = 0;
  #away = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get redis(): Redis {
    this.#redis ??= redisClient(config.cacheUrl, 'aside');
    return this.#redis;
  }
  get isResting(): boolean {
    return performance.now() < this.#restUntilMs;
  }
  get isAway(): boolean {
    return this.#away;
  }

  failed(error: Error): void {
    if (!this.#away)
      this.#logger.warn('The cache is away: each process counts calls for itself.', error);
    this.#away = true;
    this.#restUntilMs = performance.now() + REST_MS;
  }
  answered(): void {
    this.#away = false;
  }

  close(): void {
    this.#redis?.disconnect();
  }
}

const isVerdict = (thrown: unknown): thrown is RateLimiterRes =>
  typeof (thrown as { msBeforeNext?: unknown } | null)?.msBeforeNext === 'number';

export class Rate {
  readonly #rule: RateRule;
  readonly #count: SharedCount;
  readonly #instances: () => number;
  readonly #shared: RateLimiterRedis;
  readonly #own: RateLimiterMemory;

  /** @param instances how many processes offer the action now */
  constructor(rule: RateRule, count: SharedCount, instances: () => number) {
    this.#rule = rule;
    this.#count = count;
    this.#instances = instances;
    const { limit: points, seconds: duration } = rule;
    const keyPrefix = cacheKey(config.namespace, 'flow:rate');
    this.#shared = new RateLimiterRedis({
      storeClient: count.redis,
      keyPrefix,
      points,
      duration,
      // Who is over the limit is known here until the window ends, and costs Redis nothing more.
      inMemoryBlockOnConsumed: points,
    });
    this.#own = new RateLimiterMemory({ keyPrefix, points, duration });
  }

  /** @throws RATE_LIMITED */
  async take(value: string): Promise<void> {
    // A window of another length is another window.
    const key = `${ruleKey(this.#rule)} ${this.#rule.seconds}:${value}`;
    try {
      if (this.#count.isResting) await this.#takeOwn(key);
      else await this.#takeShared(key);
    } catch (verdict) {
      if (!isVerdict(verdict)) throw verdict;
      const { limit, seconds } = this.#rule;
      throw refusal('RATE_LIMITED', { retryAfterMs: verdict.msBeforeNext, limit, seconds });
    }
  }

  async #takeShared(key: string): Promise<void> {
    try {
      await this.#shared.consume(key);
      this.#count.answered();
    } catch (error) {
      if (isVerdict(error)) throw error;
      this.#count.failed(error as Error);
      await this.#takeOwn(key);
    }
  }

  async #takeOwn(key: string): Promise<void> {
    const { limit, awayLimit } = this.#rule;
    this.#own.points = awayLimit ?? Math.max(1, Math.floor(limit / Math.max(1, this.#instances())));
    await this.#own.consume(key);
  }
}
