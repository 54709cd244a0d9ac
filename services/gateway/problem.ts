/**
 * The only writer of errors: whatever was thrown, wherever, becomes problem+json (RFC 9457) here.
 *
 * Three kinds of wrong, never mixed: a refusal says its word; weather (a service away, a queue
 * that is full) is BUSY; everything else is INTERNAL, says nothing of itself, and is for the log.
 */
import { type Fault, REFUSALS, type RefusalWord, refusal, wordOf } from '../../contracts/errors.ts';
import { type Complaint, faultsOf, inLanguage, type Language } from './faults.ts';

/** What an error is to the one who asked. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly word: RefusalWord;
}

export interface Asked {
  /** The path, without its query: a query may carry a ticket. */
  readonly instance: string;
  readonly requestId: string;
  readonly acceptLanguage?: string;
  readonly nowMs: number;
}

/** Errors of the broker and of moleculer-web by name, and the word each amounts to. */
const WORD_OF_NAME: Readonly<Record<string, RefusalWord>> = {
  ValidationError: 'VALIDATION_FAILED',
  ServiceNotFoundError: 'BUSY',
  ServiceNotAvailableError: 'BUSY',
  ServiceUnavailableError: 'BUSY',
  RequestTimeoutError: 'BUSY',
  RequestSkippedError: 'BUSY',
  RequestRejectedError: 'BUSY',
  QueueIsFullError: 'BUSY',
  BrokerDisconnectedError: 'BUSY',
  NotFoundError: 'NOT_FOUND',
  // A path that cannot be decoded names nothing.
  BadRequestError: 'NOT_FOUND',
  InvalidRequestBodyError: 'BODY_MALFORMED',
  PayloadTooLarge: 'BODY_TOO_LARGE',
  UnAuthorizedError: 'UNAUTHENTICATED',
  ForbiddenError: 'FORBIDDEN',
  RateLimitExceeded: 'RATE_LIMITED',
};
/** When a retryable 503 or 429 does not know better. */
const RETRY_AFTER_S = 1;

interface Thrown {
  readonly name?: string;
  readonly data?: unknown;
}

/** The word an error amounts to; INTERNAL when it is neither a refusal nor weather. */
export function wordFor(error: unknown): RefusalWord {
  return wordOf(error) ?? WORD_OF_NAME[(error as Thrown | null)?.name ?? ''] ?? 'INTERNAL';
}

/**
 * The language of an answer: the one of ours that `Accept-Language` weighs highest, zh-CN when it
 * names neither or both alike.
 */
export function languageOf(acceptLanguage = ''): Language {
  const weights = { 'zh-CN': 0, en: 0 };
  for (const item of acceptLanguage.slice(0, 1_000).split(',')) {
    const [tag = '', ...parameters] = item
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    const language = tag.startsWith('zh') ? 'zh-CN' : /^en\b/.test(tag) ? 'en' : undefined;
    if (language && weight > weights[language]) weights[language] = weight;
  }
  return weights.en > weights['zh-CN'] ? 'en' : 'zh-CN';
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The members an error adds to its problem. Only a refusal may add any. */
function membersOf(error: unknown, word: RefusalWord, language: Language): Record<string, unknown> {
  const { data } = (error ?? {}) as Thrown;
  if (word === 'VALIDATION_FAILED') {
    if (Array.isArray(data)) return { errors: faultsOf(data as Complaint[], language) };
    const faults = isObject(data) && Array.isArray(data.errors) ? (data.errors as Fault[]) : [];
    return { errors: faults.map((given) => inLanguage(given, language)) };
  }
  return wordOf(error) && word !== 'INTERNAL' && isObject(data) ? data : {};
}

/** Seconds after which the same request may succeed; undefined when nobody can say. */
function retryAfterOf(
  word: RefusalWord,
  members: Record<string, unknown>,
  nowMs: number,
): number | undefined {
  if (word === 'SALE_NOT_OPEN') {
    const opensAtMs = Date.parse(String(members.opensAt));
    return Number.isNaN(opensAtMs)
      ? undefined
      : Math.max(1, Math.ceil((opensAtMs - nowMs) / 1_000));
  }
  const { status, retry } = REFUSALS[word];
  if (!retry || (status !== 503 && status !== 429)) return undefined;
  const { retryAfterMs } = members;
  return typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1_000) : RETRY_AFTER_S;
}

/** The fields of draft-ietf-httpapi-ratelimit-headers, of a limit that names its numbers. */
function rateLimitOf(
  word: RefusalWord,
  members: Record<string, unknown>,
  retryAfter = 0,
): Record<string, string> {
  const { limit, seconds } = members;
  if (word !== 'RATE_LIMITED' || typeof limit !== 'number') return {};
  return {
    'RateLimit-Policy': `"flow";q=${limit};w=${seconds}`,
    RateLimit: `"flow";r=0;t=${retryAfter}`,
  };
}

/** What to answer for an error. */
export function problemOf(error: unknown, asked: Asked): Problem {
  const word = wordFor(error);
  const language = languageOf(asked.acceptLanguage);
  const { status, zh, en } = REFUSALS[word];
  const title = language === 'en' ? en : zh;
  const members = membersOf(error, word, language);
  const retryAfter = retryAfterOf(word, members, asked.nowMs);
  return {
    word,
    status,
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Language': language,
      'Cache-Control': 'no-store',
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
      ...rateLimitOf(word, members, retryAfter),
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    },
    body: {
      ...members,
      type: `/problems/${word}`,
      title,
      status,
      detail: detailOf(members, title),
      code: word,
      instance: asked.instance,
      requestId: asked.requestId,
    },
  };
}

/** The title says what kind of no it is; the detail adds the first thing that is wrong. */
function detailOf(members: Record<string, unknown>, title: string): string {
  const [first] = (members.errors ?? []) as Fault[];
  return first ? `${title} (${first.pointer || '/'}: ${first.detail})` : title;
}

/** A VALIDATION_FAILED of the gateway itself; the sentence is chosen when it is written. */
export const invalid = (pointer: string, code: string, expected?: unknown): Error =>
  refusal('VALIDATION_FAILED', {
    errors: [{ pointer, code, detail: '', ...(expected !== undefined && { expected }) }],
  });
