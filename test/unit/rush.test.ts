/** The crowd of a rush: wishes are repeatable, and the report says what came of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RUSH_DEFAULTS, readOptions, UsageError } from '../../bin/rush/options.ts';
import { isSound, print, type RushReport } from '../../bin/rush/report.ts';
import { Tally } from '../../bin/rush/tally.ts';
import { pickSeats, wishesOf } from '../../bin/rush/wishes.ts';

describe('the wishes of a buyer', () => {
  it('depend on the seed and the number alone', () => {
    expect(wishesOf(7, 3, 'x', 4)).toEqual(wishesOf(7, 3, 'x', 4));
    const of = (seed: number) => Array.from({ length: 50 }, (_, i) => wishesOf(seed, i, 'x', 4));
    expect(of(1)).not.toEqual(of(2));
  });
  it('cover every way and every end, and never exceed what one may have', () => {
    const crowd = Array.from({ length: 500 }, (_, i) => wishesOf(1, i, 'x', 3));
    expect(new Set(crowd.map(({ way }) => way)).size).toBe(2);
    expect(new Set(crowd.map(({ end }) => end)).size).toBe(3);
    expect(new Set(crowd.map(({ count }) => count))).toEqual(new Set([1, 2, 3]));
    expect(new Set(crowd.map(({ uid }) => uid)).size).toBe(500);
  });
});

describe('seats picked from the map', () => {
  const map = fc.stringMatching(/^[012-]{0,60}$/);
  const taste = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  it('are free, different, and side by side whenever that is possible', () => {
    fc.assert(
      fc.property(map, fc.integer({ min: 1, max: 4 }), taste, (states, count, at) => {
        const seats = pickSeats(states, count, at);
        const free = states.split('0').length - 1;
        expect(seats).toHaveLength(Math.min(count, free));
        expect(new Set(seats).size).toBe(seats.length);
        for (const seat of seats) expect(states[seat]).toBe('0');
        if (states.includes('0'.repeat(count)))
          expect(seats).toEqual(seats.map((_, i) => seats[0]! + i));
      }),
    );
  });
});

describe('the command line', () => {
  it('is understood', () => {
    expect(readOptions([])).toEqual(RUSH_DEFAULTS);
    const args = ['--buyers', '10', '--seed', '3', '--plan', 'a.json', '--standing', 'Floor'];
    expect(readOptions([...args, '--json', '--url', 'http://x/'])).toMatchObject({
      buyers: 10,
      seed: 3,
      plan: 'a.json',
      standing: ['Floor'],
      json: true,
      url: 'http://x',
    });
    expect(readOptions(['-h'])).toBe('help');
  });
  it.each([
    [['--buyers', '0'], '--buyers: must be a whole number from 1'],
    [['--buyers', 'many'], '--buyers: must be a whole number from 1'],
    [['--lock-ms', '10'], '--lock-ms: must be a whole number from 5000'],
    [['--session', 'a', '--plan', 'b'], '--session or --plan, not both'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j in words', (args, why) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(why);
  });
});

describe('the report', () => {
  const tally = new Tally();
  for (let ms = 1; ms <= 100; ms++) tally.took('lock', ms);
  const report: RushReport = {
    url: 'http://x',
    sessionId: 's',
    hall: 'hall',
    seed: 1,
    buyers: 2,
    tookMs: 1_000,
    sent: 9,
    repeated: 0,
    unanswered: 0,
    refused: { SEAT_TAKEN: 3 },
    locks: 1,
    orders: 1,
    endings: { paid: 1 },
    seats: { all: 4, available: 3, locked: 0, sold: 1 },
    hops: tally.hops(),
    quiet: true,
    breaches: [],
  };
  it('gives percentiles of what was measured', () => {
    const [lock] = report.hops;
    expect(lock).toMatchObject({ hop: 'lock', count: 100 });
    expect(lock!.p50Ms).toBeCloseTo(50, 0);
    expect(lock!.p99Ms).toBeCloseTo(99, 0);
  });
  it('names every word that was refused, and every invariant', () => {
    const text = print(report);
    for (const word of ['SEAT_TAKEN', 'I1', 'I9', 'holds', '1 / 0 / 3'])
      expect(text).toContain(word);
    expect(isSound(report)).toBe(true);
  });
  it('is not sound with a breach, nor while seats are on their way', () => {
    const breach = { invariant: 'I3', what: 'seat 1 is sold to B, and nobody paid' } as const;
    const broken = { ...report, breaches: [breach] };
    expect(isSound(broken)).toBe(false);
    expect(print(broken)).toContain('BROKEN ×1');
    expect(print(broken)).toContain(`I3: ${breach.what}`);
    expect(isSound({ ...report, quiet: false })).toBe(false);
  });
});
