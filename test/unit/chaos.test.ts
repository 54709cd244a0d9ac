/** The nemesis before it strikes: its schedule follows from the seed, and its reports are true. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hardWishes } from '../../bin/chaos/crowd.ts';
import { FAULT_NAMES, FAULTS, rowOf } from '../../bin/chaos/faults.ts';
import { History } from '../../bin/chaos/history.ts';
import { CHAOS_DEFAULTS, readOptions, UsageError } from '../../bin/chaos/options.ts';
import { randomOf } from '../../bin/chaos/random.ts';
import { type ChaosReport, isSound, print, recoveries } from '../../bin/chaos/report.ts';
import { QUIET_MS, readSchedule, scheduleOf } from '../../bin/chaos/schedule.ts';
import { STRIKES } from '../../bin/chaos/strikes.ts';
import type { Call } from '../../bin/rush/client.ts';

const MINUTE = 60_000;
const seeds = fc.integer({ min: 1, max: 2 ** 32 - 1 });

describe('chance', () => {
  it('is that of mulberry32: known numbers from a known seed', () => {
    const random = randomOf(1);
    const first = [random.next(), random.next(), random.next()];
    expect(first.map((fraction) => fraction.toFixed(6))).toEqual([
      '0.627074',
      '0.002736',
      '0.527447',
    ]);
  });
  it('stays within its bounds and loses nothing when it shuffles', () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer()), (seed, items) => {
        const random = randomOf(seed);
        expect(random.between(3, 5)).toBeGreaterThanOrEqual(3);
        expect(random.between(3, 5)).toBeLessThanOrEqual(5);
        expect(random.shuffled(items).toSorted()).toEqual(items.toSorted());
      }),
    );
  });
});

describe('a schedule', () => {
  it('follows from seed and length alone', () => {
    expect(scheduleOf(7, MINUTE)).toEqual(scheduleOf(7, MINUTE));
    expect(scheduleOf(7, MINUTE)).not.toEqual(scheduleOf(8, MINUTE));
  });
  it('strikes only whom a fault can strike, and never two faults at one place', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const over = new Map<string, number>();
        for (const { atMs, fault, target, lastsMs } of scheduleOf(seed, MINUTE)) {
          const { targets, part = 'program' } = rowOf(fault);
          expect(targets).toContain(target);
          const place = `${part} ${target}`;
          expect(over.get(place) ?? 0).toBeLessThanOrEqual(atMs);
          over.set(place, atMs + lastsMs);
        }
      }),
      { numRuns: 50 },
    );
  });
  it('leaves every round a quiet end, in which nothing strikes or lasts', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { atMs, lastsMs } of scheduleOf(seed, MINUTE))
          expect((atMs % 20_000) + lastsMs).toBeLessThanOrEqual(20_000 - QUIET_MS);
      }),
      { numRuns: 50 },
    );
  });
  it('comes to every fault in a few minutes', () => {
    const struck = new Set(scheduleOf(1, 5 * MINUTE).map(({ fault }) => fault));
    expect([...struck].toSorted()).toEqual(FAULT_NAMES.toSorted());
  });
  it('is the same after it was kept and read', () => {
    const schedule = scheduleOf(3, MINUTE);
    expect(readSchedule(JSON.stringify(schedule))).toEqual(schedule);
  });
  it.each([
    ['{}', 'a schedule is a list'],
    ['[{"atMs":1,"fault":"kill","target":"moon"}]', 'strike 1 cannot be'],
    ['[{"atMs":-1,"fault":"kill","target":"edge"}]', 'strike 1 cannot be'],
    ['[{"atMs":1,"fault":"toString","target":"edge"}]', 'strike 1 cannot be'],
  ])('that cannot be is refused: %s', (text, why) => {
    expect(() => readSchedule(text)).toThrow(why);
  });
});

describe('the faults', () => {
  it('each have an act, and each act a fault', () => {
    expect(Object.keys(STRIKES).toSorted()).toEqual(Object.keys(FAULTS).toSorted());
  });
});

describe('the buyers under faults', () => {
  it('want the same with the same seed, and some of them pay at the last moment', () => {
    const crowd = Array.from({ length: 400 }, (_, i) => hardWishes(5, i));
    expect(crowd).toEqual(Array.from({ length: 400 }, (_, i) => hardWishes(5, i)));
    const late = crowd.filter(({ payAtMs }) => payAtMs !== undefined).length;
    expect(late).toBeGreaterThan(80);
    expect(late).toBeLessThan(160);
    expect(new Set(crowd.map(({ end }) => end)).size).toBe(3);
  });
});

describe('the history', () => {
  const token = `x.${Buffer.from('{"sub":"ann"}').toString('base64url')}.x`;
  const lock = (key: string, status: number | undefined, orderId: string): Call => ({
    hop: 'lock',
    method: 'POST',
    path: '/sessions/s/locks',
    ask: { token, headers: { 'idempotency-key': key } },
    invokeAtMs: 1,
    completeAtMs: 2,
    answer: status === undefined ? undefined : { status, body: { orderId } },
  });
  it('counts what is not known, and sees a key that was answered with two orders', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'chaos-'));
    const history = new History(join(dir, 'history.jsonl'));
    for (const call of [
      lock('a', undefined, ''),
      lock('a', 503, ''),
      lock('a', 201, 'A'),
      lock('a', 201, 'A'),
      lock('b', 409, ''),
      lock('c', 201, 'C'),
    ])
      history.note(call);
    expect(history).toMatchObject({ outcomes: { ok: 3, fail: 1, unknown: 2 }, repeats: 1 });
    const never = () => false;
    expect([...history.contradictions(never)]).toEqual([]);
    expect(history.tokenOf('ann')).toBe(token);
    history.note(lock('c', 201, 'D'));
    expect([...history.contradictions(never)]).toEqual([
      'ann /sessions/s/locks c was answered with C and D',
    ]);
    expect([...history.contradictions((orderId) => orderId === 'C')]).toEqual([]);
    await history.close();
    rmSync(dir, { recursive: true });
  });
});

describe('the command line', () => {
  it('is understood, and SEED is the seed unless another is named', () => {
    expect(readOptions([], undefined)).toEqual(CHAOS_DEFAULTS);
    expect(readOptions([], '9')).toMatchObject({ seed: 9 });
    expect(readOptions(['--seed', '4', '--without', 'kill', '--json'], '9')).toMatchObject({
      seed: 4,
      without: ['kill'],
      json: true,
    });
    expect(readOptions(['-h'], undefined)).toBe('help');
  });
  it.each([
    [['--seconds', '0'], '--seconds: must be a whole number from 1'],
    [['--seed', 'x'], '--seed: must be a whole number from 1'],
    [['--without', 'rain'], '--without rain: there is no such fault'],
    [['--schedule', 'nowhere.json'], '--schedule nowhere.json: ENOENT'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j in words', (args, why) => {
    expect(() => readOptions(args, undefined)).toThrow(UsageError);
    expect(() => readOptions(args, undefined)).toThrow(why);
  });
});

describe('the report', () => {
  const report: ChaosReport = {
    seed: 3,
    seconds: 60,
    faults: { kill: 2 },
    missed: 0,
    buyers: 9,
    operations: { ok: 1, fail: 2, unknown: 3 },
    refused: {},
    endings: { paid: 1 },
    orders: { PAID: 1 },
    refunds: 0,
    aborted: { lost: 1 },
    epochs: 1,
    forged: {},
    deadLetters: 0,
    repeats: 0,
    compared: 4,
    recoveredMs: { kill: 80 },
    quietAfterMs: 100,
    moves: 12,
    house: {},
    breaches: [],
    others: [],
  };
  it('is sound with neither a breach nor a program that stayed away', () => {
    expect(isSound(report)).toBe(true);
    expect(isSound({ ...report, breaches: [{ invariant: 'I8', what: 'money' }] })).toBe(false);
    expect(isSound({ ...report, others: ['order-1 was not ready'] })).toBe(false);
  });
  it('names seed, faults and what is broken', () => {
    const text = print({ ...report, breaches: [{ invariant: 'I8', what: 'money' }] });
    for (const word of ['seed 3', 'kill 2', 'unknown 3', 'lost 1', 'BROKEN ×1', 'I8: money'])
      expect(text).toContain(word);
  });
  it('takes the worst time from a fault to the next lock', () => {
    const struck = [
      { fault: 'kill', struckAtMs: 10 },
      { fault: 'kill', struckAtMs: 50 },
      { fault: 'flush', struckAtMs: 90 },
    ] as const;
    expect(recoveries(struck, [15, 55, 80])).toEqual({ kill: 5 });
    expect(recoveries(struck, [15, 85, 91])).toEqual({ kill: 35, flush: 1 });
  });
});
