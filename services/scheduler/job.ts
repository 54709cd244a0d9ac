/**
 * Something done every so often: never beside itself, never longer than its limit, never in step
 * with its twin in another process. A failure is logged and the next turn tries again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from '../../mixins/pace.ts';

export interface Job {
  readonly name: string;
  everyMs(): number;
  /** A turn that takes longer is given up (its work is idempotent, and ends by itself). */
  readonly limitMs: number;
  run(): Promise<unknown>;
}

export interface JobLog {
  warn(message: string, about: object): void;
  info(message: string, about: object): void;
}

/** Of the interval, to either side. */
const JITTER = 0.2;

/** A job's life: turns until it is stopped. */
export class JobLoop {
  readonly #job: Job;
  readonly #log: JobLog;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** Why the last turn failed; undefined when it did not. */
  #failing: string | undefined;

  constructor(job: Job, log: JobLog, random: () => number = Math.random) {
    this.#job = job;
    this.#log = log;
    this.#random = random;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends after the turn under way, at most its limit from now. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#turn();
      const share = 1 - JITTER + 2 * JITTER * this.#random();
      await pause(() => this.#job.everyMs() * share, signal);
    }
  }

  async #turn(): Promise<void> {
    const { name, limitMs, run } = this.#job;
    const limit = new AbortController();
    const late = sleep(limitMs, undefined, { signal: limit.signal }).then(
      () => Promise.reject(new Error(`took longer than ${limitMs} ms`)),
      () => undefined,
    );
    try {
      await Promise.race([run(), late]);
      if (this.#failing !== undefined) this.#log.info(`${name} works again.`, { job: name });
      this.#failing = undefined;
    } catch (error) {
      // once per reason: a job runs several times a second
      const reason = (error as Error).message;
      if (this.#failing !== reason)
        this.#log.warn(`${name} failed; it is tried again.`, { job: name, reason });
      this.#failing = reason;
    } finally {
      limit.abort();
    }
  }
}
