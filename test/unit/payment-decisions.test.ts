/** When the provider is asked about a payment, and when it is asked to close it. */
import { describe, expect, it } from 'vitest';
import { decidePoll, nextPollMs } from '../../services/payment/decisions.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const EXPIRES = 1_000 * HOUR;
const nextAfter = (state: Parameters<typeof nextPollMs>[0], ms: number) => {
  const next = nextPollMs(state, EXPIRES + ms, EXPIRES);
  return next === undefined ? undefined : next - EXPIRES;
};

describe('the next time the provider is asked', () => {
  it('is each moment around the deadline in turn, then never', () => {
    const asked: number[] = [];
    for (let at = nextAfter('OPEN', -15 * MINUTE); at !== undefined; at = nextAfter('OPEN', at))
      asked.push(at);
    const whole = [-30 * SECOND, 0, MINUTE, 5 * MINUTE, HOUR, 24 * HOUR];
    expect(asked).toEqual(whole);
  });
  it('skips the moments that nobody was there for', () => {
    expect(nextAfter('OPEN', 2 * MINUTE)).toBe(5 * MINUTE);
    expect(nextAfter('CLOSED', 2 * HOUR)).toBe(24 * HOUR);
    expect(nextAfter('OPEN', 48 * HOUR)).toBeUndefined();
  });
  it('is soon for a payment that was begun, until its deadline', () => {
    expect(nextAfter('STARTED', -15 * MINUTE)).toBe(-15 * MINUTE + 30 * SECOND);
    expect(nextAfter('STARTED', -40 * SECOND)).toBe(-30 * SECOND);
    expect(nextAfter('STARTED', 2 * SECOND)).toBe(MINUTE);
  });
  it('never comes when the money is known', () => {
    expect(nextAfter('SUCCEEDED', -HOUR)).toBeUndefined();
  });
});

describe('what the provider is asked', () => {
  const asked = (state: Parameters<typeof decidePoll>[0], ms: number) =>
    decidePoll(state, EXPIRES + ms, EXPIRES, 30 * SECOND);
  it('is to close what is open once nobody can be paying any more', () => {
    for (const state of ['OPEN', 'STARTED'] as const) {
      expect(asked(state, 30 * SECOND - 1)).toBe('query');
      expect(asked(state, 30 * SECOND)).toBe('close');
    }
  });
  it('is only how it stands, for what has ended', () => {
    for (const state of ['FAILED', 'CLOSED', 'SUCCEEDED'] as const)
      expect(asked(state, HOUR)).toBe('query');
  });
});
