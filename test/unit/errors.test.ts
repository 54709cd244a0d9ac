/** Refusals: each row is complete, crosses a wire as plain data, and is recognised afterwards. */
import { describe, expect, it } from 'vitest';
import { REFUSALS, type RefusalWord, refusal, refuse, wordOf } from '../../contracts/errors.ts';

const rows = Object.entries(REFUSALS).map(([word, row]) => ({ word, ...row }));

/** Statuses the design gives to the words of the road. */
const DESIGNED: Partial<Record<RefusalWord, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_RESERVED: 403,
  PERMIT_INVALID: 403,
  SALE_NOT_OPEN: 403,
  SALE_PAUSED: 503,
  SALE_CLOSED: 409,
  RESERVATION_CLOSED: 409,
  SOLD_OUT: 409,
  SEAT_TAKEN: 409,
  SEAT_SOLD: 409,
  SEAT_NOT_HELD: 409,
  SEAT_NOT_FREE: 409,
  SEAT_BLOCKED: 409,
  SEAT_NOT_BLOCKED: 409,
  SEAT_UNKNOWN: 422,
  SEAT_REPEATED: 422,
  LIMIT_REACHED: 409,
  IDEMPOTENCY_CONFLICT: 422,
  RATE_LIMITED: 429,
  ORDER_NOT_CANCELLABLE: 409,
  ORDER_ABORTED: 410,
  SIGNATURE_INVALID: 401,
  ARBITER_AWAY: 503,
  BUSY: 503,
  VALIDATION_FAILED: 422,
  NOT_FOUND: 404,
};

describe('each refusal', () => {
  it.each(rows)('$word has a status, and a text in both languages', ({ word, status, zh, en }) => {
    expect(word).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).toMatch(/^[A-Z]/);
    expect(en).not.toMatch(/\p{Script=Han}/u);
  });
  it.each(Object.entries(DESIGNED))('%s keeps the status clients rely on, %i', (word, status) => {
    expect(REFUSALS[word as RefusalWord].status).toBe(status);
  });
  it('says that one may try again whenever its status says so', () => {
    const silent = rows.filter(({ status, retry }) => [429, 503].includes(status) && !retry);
    expect(silent).toEqual([]);
  });
});

describe('a refusal that is said', () => {
  it('carries its word, its status and its data', () => {
    const data = { limit: 4, held: 3 };
    expect(() => refuse('LIMIT_REACHED', data)).toThrow(
      expect.objectContaining({ type: 'LIMIT_REACHED', code: 409, data }),
    );
  });
  it('is recognised after it crossed a wire as plain JSON', () => {
    const { name, message, code, type, data } = refusal('ORDER_ABORTED', { reason: 'expired' });
    const arrived = JSON.parse(JSON.stringify({ name, message, code, type, data }));
    expect(wordOf(arrived)).toBe('ORDER_ABORTED');
    expect(arrived.data).toEqual({ reason: 'expired' });
  });
  it.each([new Error('boom'), { type: 'NO_SUCH_WORD' }, { type: 404 }, null, undefined, 'BUSY'])(
    'is not seen in %j',
    (error) => {
      expect(wordOf(error)).toBeUndefined();
    },
  );
});
