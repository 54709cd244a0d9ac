/** Which lane a request is in: how many uids a percentage lets in, which, and who may choose. */
import { describe, expect, it } from 'vitest';
import type { Role } from '../../contracts/claims.ts';
import { laneFor, placeOf } from '../../services/gateway/lane.ts';

const UIDS = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
const none = { grayPercent: 0, graySalt: 'gray', grayUids: '', grayTesters: '' };
const ask = (uid: string, over: Partial<typeof none> = {}, asked?: string, role: Role = 'buyer') =>
  laneFor({ uid, role }, asked, { ...none, ...over });
const grayAt = (grayPercent: number, graySalt = 'gray') =>
  UIDS.filter((uid) => ask(uid, { grayPercent, graySalt }) === 'gray');

describe('a percentage', () => {
  // Five standard deviations of 10,000 throws either way.
  it.each([
    [0, 0, 0],
    [1, 50, 150],
    [10, 850, 1_150],
    [50, 4_750, 5_250],
    [99, 9_850, 9_950],
    [100, 10_000, 10_000],
  ])('of %i lets in so many of 10,000 uids', (percent, least, most) => {
    const { length } = grayAt(percent);
    expect(length).toBeGreaterThanOrEqual(least);
    expect(length).toBeLessThanOrEqual(most);
  });

  it('that grows keeps whom it had, and the same uid always gets the same answer', () => {
    for (const [less, more] of [
      [1, 10],
      [10, 50],
      [50, 100],
    ] as const) {
      const after = new Set(grayAt(more));
      expect(grayAt(less).filter((uid) => !after.has(uid))).toEqual([]);
    }
    expect(grayAt(10)).toEqual(grayAt(10));
  });

  it('of another rollout lets in others', () => {
    const first = new Set(grayAt(10));
    const both = grayAt(10, 'blue').filter((uid) => first.has(uid));
    expect(both.length).toBeGreaterThan(50);
    expect(both.length).toBeLessThan(150);
  });

  it('spreads uids evenly, in every tenth alike', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const uid of UIDS) tenths[Math.floor(placeOf(uid, 'gray') / 10)]!++;
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe('a list', () => {
  it('lets its uids in at 0 percent, whole uids only', () => {
    const rules = { grayUids: 'u1,u22' };
    expect(['u1', 'u22', 'u2', 'u', ''].map((uid) => ask(uid, rules))).toEqual([
      'gray',
      'gray',
      'stable',
      'stable',
      'stable',
    ]);
  });
});

describe('the header', () => {
  it('is obeyed for testers and operators, both ways, and for nobody else', () => {
    const rules = { grayTesters: 'tess', grayUids: 'tess' };
    expect(ask('tess', rules)).toBe('gray');
    expect(ask('tess', rules, 'stable')).toBe('stable');
    expect(ask('tess', { grayTesters: 'tess' }, 'gray')).toBe('gray');
    expect(ask('opal', {}, 'gray', 'operator')).toBe('gray');
    for (const role of ['buyer', 'organiser'] as const)
      expect(ask('eve', rules, 'gray', role)).toBe('stable');
    expect(ask('eve', { grayPercent: 100 }, 'stable')).toBe('gray');
  });

  it('that names no lane says nothing', () => {
    for (const asked of ['blue', '', 'GRAY', 'gray, stable', 'constructor'])
      expect(ask('opal', {}, asked, 'operator')).toBe('stable');
    expect(laneFor({ uid: 'opal', role: 'operator' }, ['gray'], none)).toBe('stable');
  });
});

it('who is not known by a token is in the stable lane, whatever the rules', () => {
  expect(laneFor(undefined, 'gray', { ...none, grayPercent: 100 })).toBe('stable');
});
