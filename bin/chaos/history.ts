/**
 * What the buyers asked and what they were answered, call by call, in a file; and what of it the
 * checks need. A call without an answer may have been obeyed: its outcome is unknown.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Call } from '../rush/client.ts';

export type Outcome = 'ok' | 'fail' | 'unknown';

/** Hops that an order is made of: the answers of the others are not kept word by word. */
const TOLD_IN_FULL = new Set(['lock', 'pay', 'succeed', 'cancel']);
const UNKNOWN_FROM = 500;

export class History {
  readonly #file: WriteStream;
  readonly outcomes: Record<Outcome, number> = { ok: 0, fail: 0, unknown: 0 };
  /** Epoch ms of each lock that was accepted, in order. */
  readonly lockedAtMs: number[] = [];
  /** orderIds that one request was answered with, by uid, session and key. */
  readonly #answered = new Map<string, Set<string>>();
  /** Requests that were answered more than once. */
  repeats = 0;
  readonly #tokens = new Map<string, string>();

  constructor(path: string) {
    this.#file = createWriteStream(path);
  }

  note({ hop, method, path, ask, invokeAtMs, completeAtMs, answer }: Call): void {
    const outcome = outcomeOf(answer?.status);
    this.outcomes[outcome]++;
    const key = ask.headers?.['idempotency-key'];
    const uid = ask.token && uidOf(ask.token);
    if (uid) this.#tokens.set(uid, ask.token!);
    const reply = answer && {
      status: answer.status,
      word: answer.word,
      ...(TOLD_IN_FULL.has(hop ?? '') && { body: answer.body }),
    };
    const op = hop ?? `${method} ${path}`;
    const line = { op, path, uid, key, invokeAt: invokeAtMs, completeAt: completeAtMs, outcome };
    this.#file.write(`${JSON.stringify({ ...line, sent: ask.body, reply })}\n`);
    if (hop !== 'lock' || outcome !== 'ok') return;
    this.lockedAtMs.push(completeAtMs);
    const request = `${uid} ${path} ${key}`;
    const orders = this.#answered.get(request) ?? new Set();
    if (orders.size > 0) this.repeats++;
    this.#answered.set(request, orders.add(answer!.body.orderId));
  }

  /**
   * Requests that one key gave two orders.
   * @param isLost whether the arbiter lost the lock of an order before anybody else knew of it:
   * the key went with it, and what it is asked again is a new request
   */
  *contradictions(isLost: (orderId: string) => boolean): Iterable<string> {
    for (const [request, answered] of this.#answered) {
      const orders = [...answered].filter((orderId) => !isLost(orderId));
      if (orders.length > 1) yield `${request} was answered with ${orders.join(' and ')}`;
    }
  }

  tokenOf(uid: string): string | undefined {
    return this.#tokens.get(uid);
  }

  async close(): Promise<void> {
    this.#file.end();
    await finished(this.#file);
  }
}

const outcomeOf = (status: number | undefined): Outcome => {
  if (status === undefined || status >= UNKNOWN_FROM) return 'unknown';
  return status < 300 ? 'ok' : 'fail';
};

/** Whom a token names; nobody is asked whether it is true. */
function uidOf(token: string): string | undefined {
  const claims = token.split('.')[1];
  return claims && JSON.parse(Buffer.from(claims, 'base64url').toString()).sub;
}
