/**
 * An answer that may be a moment old, asked for once however many want it. What is kept is bounded
 * in age and in number; a failure is shared by those who waited for it and kept for nobody, unless
 * it is itself an answer.
 */

interface Kept<Value> {
  readonly askedAtMs: number;
  readonly answer: Promise<Value>;
  settled: boolean;
}

export interface FreshOptions<Value> {
  /** How old an answer may be now, counted from the moment it was asked for. */
  freshMs(key: string): number;
  readonly max: number;
  load(key: string): Promise<Value>;
  /** True for a failure that is worth keeping: the thing does not exist. */
  isAnswer(error: unknown): boolean;
  /** Monotonic, ms. */
  now(): number;
}

export class Fresh<Value> {
  readonly #options: FreshOptions<Value>;
  /** Oldest first: a key moves to the end when it is asked anew. */
  readonly #kept = new Map<string, Kept<Value>>();

  constructor(options: FreshOptions<Value>) {
    this.#options = options;
  }

  /** The answer for a key: what is on its way, what is fresh, or a new one. */
  get(key: string): Promise<Value> {
    const { freshMs, max, load, isAnswer, now } = this.#options;
    const known = this.#kept.get(key);
    if (known && (!known.settled || now() - known.askedAtMs < freshMs(key))) return known.answer;
    const entry: Kept<Value> = { askedAtMs: now(), answer: load(key), settled: false };
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    entry.answer.then(
      () => {
        entry.settled = true;
      },
      (error) => {
        entry.settled = true;
        if (!isAnswer(error) && this.#kept.get(key) === entry) this.#kept.delete(key);
      },
    );
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= max) break;
      this.#kept.delete(oldest);
    }
    return entry.answer;
  }

  /** The next one asks anew: what was kept is known to be wrong now. */
  forget(key: string): void {
    this.#kept.delete(key);
  }
}
