/**
 * HTTP as a patient buyer uses it: a request that got no answer, or one that says "later", is sent
 * again as it was. All requests of a rush share one limit on how many are in flight.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Hop, Tally } from './tally.ts';

export interface Ask {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are read by field, each by who asked
  readonly body: any;
  /** The refusal word of a problem+json. */
  readonly word?: string;
}

/** One request and what became of it; without an answer, it may or may not have been obeyed. */
export interface Call {
  readonly hop: Hop | undefined;
  readonly method: string;
  readonly path: string;
  readonly ask: Ask;
  readonly invokeAtMs: number;
  readonly completeAtMs: number;
  readonly answer: Answer | undefined;
}
export type Witness = (call: Call) => void;

/** No usable answer after every repetition, or the rush was over first. */
export class Unanswered extends Error {}

const ATTEMPTS = 12;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_500;
const ANSWER_MS = 15_000;
/** Later, says the system (503 with a word, 429), or a proxy before it has noticed a loss. */
const LATER = new Set([429, 500, 502, 503, 504]);

/** At most `size` at once; whoever comes later waits in line. */
class Turnstile {
  #free: number;
  #line: (() => void)[] = [];
  constructor(size: number) {
    this.#free = size;
  }
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => this.#line.push(go));
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

export class Client {
  readonly base: string;
  readonly tally: Tally;
  readonly over: AbortSignal;
  readonly #agent: Agent;
  readonly #turnstile: Turnstile;
  readonly #answerMs: number;
  readonly #attempts: number;
  readonly #witness: Witness | undefined;

  /**
   * @param over when it is aborted, no further request is sent
   * @param patience how long an answer is waited for, how often it is asked for, and who is told of
   * every call
   */
  constructor(
    url: string,
    concurrency: number,
    tally: Tally,
    over: AbortSignal,
    patience: {
      readonly answerMs?: number;
      readonly attempts?: number;
      readonly witness?: Witness;
    } = {},
  ) {
    this.#answerMs = patience.answerMs ?? ANSWER_MS;
    this.#attempts = patience.attempts ?? ATTEMPTS;
    this.#witness = patience.witness;
    this.base = `${url}/api/v1`;
    this.tally = tally;
    this.over = over;
    this.#agent = new Agent({ connections: concurrency, pipelining: 1 });
    this.#turnstile = new Turnstile(concurrency);
  }

  /**
   * Sends until there is an answer that means something.
   * @throws Unanswered when there is none, or the rush is over.
   */
  async send(hop: Hop | undefined, method: string, path: string, ask: Ask = {}): Promise<Answer> {
    for (let attempt = 0; attempt < this.#attempts; attempt++) {
      if (this.over.aborted) throw new Unanswered(`${method} ${path}: the rush is over`);
      if (attempt > 0) this.tally.repeated++;
      const answer = await this.#turnstile.pass(() => this.#once(hop, method, path, ask));
      if (answer && !LATER.has(answer.status)) return answer;
      if (attempt + 1 < this.#attempts)
        await sleep(Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS));
    }
    this.tally.unanswered++;
    throw new Unanswered(`${method} ${path}: no answer after ${this.#attempts} attempts`);
  }

  /** One attempt; undefined when the connection failed. */
  async #once(hop: Hop | undefined, method: string, path: string, ask: Ask) {
    const startedMs = performance.now();
    const invokeAtMs = Date.now();
    const seen = (answer?: Answer) =>
      this.#witness?.({ hop, method, path, ask, invokeAtMs, completeAtMs: Date.now(), answer });
    this.tally.sent++;
    try {
      const { statusCode, body } = await request(`${this.base}${path}`, {
        method: method as 'GET',
        dispatcher: this.#agent,
        headersTimeout: this.#answerMs,
        bodyTimeout: this.#answerMs,
        headers: {
          ...(ask.token && { authorization: `Bearer ${ask.token}` }),
          ...(ask.body !== undefined && { 'content-type': 'application/json' }),
          ...ask.headers,
        },
        ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
      });
      const answer = read(statusCode, await body.text());
      if (hop) this.tally.took(hop, performance.now() - startedMs);
      if (answer.word) this.tally.refuse(answer.word);
      seen(answer);
      return answer;
    } catch (error) {
      seen();
      this.tally.refuse(`(${(error as { code?: string }).code ?? 'network'})`);
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function read(status: number, text: string): Answer {
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    body = text; // a page of a proxy, not of the system
  }
  if (status < 400) return { status, body };
  const code = (body as { code?: unknown } | undefined)?.code;
  return { status, body, word: typeof code === 'string' ? code : `(HTTP ${status})` };
}
