/** Flow rules as they are said: taken whole, or refused with what is wrong with which. */
import { describe, expect, it } from 'vitest';
import { PUBLISHED } from '../../contracts/access.ts';
import {
  FLOW_KINDS,
  FLOW_RULES,
  type FlowKind,
  type FlowRule,
  faultOfRules,
  maySheds,
  VITAL,
} from '../../contracts/flow.ts';
import { ROUTES } from '../../services/gateway/routes.ts';

const fault = (...rules: unknown[]) => faultOfRules(JSON.stringify(rules));

const GOOD: readonly FlowRule[] = [
  { kind: 'rate', action: 'seckill.lock', limit: 10, seconds: 1, by: 'uid' },
  { kind: 'rate', action: 'seckill.lock', limit: 500, seconds: 1, by: 'sessionId', awayLimit: 0 },
  { kind: 'rate', action: 'seckill.lock', limit: 900, seconds: 1, by: 'sessionId', session: 'hot' },
  { kind: 'concurrency', action: 'show.list', max: 50, queue: 0 },
  { kind: 'breaker', action: 'show.get', percent: 50, calls: 20, openMs: 2_000, slowMs: 500 },
  { kind: 'timeout', action: 'order.get', ms: 3_000 },
  { kind: 'stale', action: 'show.get', maxAgeMs: 60_000 },
];

describe('a list of rules', () => {
  it('is taken when each is within its bounds, and none stands twice', () => {
    expect(fault(...GOOD)).toBeUndefined();
    expect(fault()).toBeUndefined();
    expect(faultOfRules(JSON.stringify(FLOW_RULES))).toBeUndefined();
  });
  it.each([
    ['must be a list of rules, or its JSON', 5],
    ['must be JSON', 'rate'],
    ['must be a list', '{}'],
    ['must be at most 200 rules', JSON.stringify(Array(201).fill(0))],
    ['rule 1: must be an object', '[null]'],
  ])('is refused: %s', (why, text) => expect(faultOfRules(text)).toBe(why));

  it.each<[string, object]>([
    ['kind must be one of rate, concurrency, breaker, timeout, stale', { kind: 'toString' }],
    ['action must be text', { action: 5 }],
    ['action show.none is not known', { action: 'show.none' }],
    ['action order.settle is not known', { action: 'order.settle' }],
    ['action payment.event is never turned away', { action: 'payment.event' }],
    ['action order.cancel is never turned away', { action: 'order.cancel' }],
    ['limit must be a whole number from 1 to 1000000', { limit: 0 }],
    ['limit must be a whole number from 1 to 1000000', { limit: '5' }],
    ['limit must be a whole number from 1 to 1000000', { limit: undefined }],
    ['seconds must be a whole number from 1 to 60', { seconds: 61 }],
    ['awayLimit must be a whole number from 0 to 1000000', { awayLimit: null }],
    ['by must be a word', { by: 'a b' }],
    ['burst is not known', { burst: 5 }],
    ['__proto__ is not known', JSON.parse('{"__proto__": 5}')],
  ])('is refused for its second: %s', (why, wrong) => {
    const rule = { kind: 'rate', action: 'show.get', limit: 5, seconds: 1 };
    const spoilt = JSON.parse(JSON.stringify(rule));
    for (const [name, value] of Object.entries(wrong))
      Object.defineProperty(spoilt, name, { value, enumerable: true });
    expect(fault(GOOD[0], spoilt)).toBe(`rule 2: ${why}`);
  });

  it('is taken as it was stored by a release that knew other actions', () => {
    const renamed = { ...GOOD[0], action: 'show.renamed' };
    expect(fault(renamed)).toBe('rule 1: action show.renamed is not known');
    expect(faultOfRules(JSON.stringify([renamed, GOOD[1]]), true)).toBeUndefined();
    const stored = (rule: object) => faultOfRules(JSON.stringify([rule]), true);
    expect(stored({ ...GOOD[0], action: 'payment.event' })).toMatch(/is never turned away$/);
    expect(stored({ ...renamed, limit: 0 })).toMatch(/^rule 1: limit must be/);
  });

  it('is refused when one of them stands twice, or is stale where it may not be', () => {
    expect(fault(GOOD[0], GOOD[1], GOOD[0])).toBe('rule 3: stands twice');
    expect(fault({ ...GOOD[6], action: 'order.get' })).toMatch(
      /^rule 1: action order\.get must be/,
    );
    for (const rule of [GOOD[4], GOOD[5]])
      expect(fault({ ...rule, action: 'payment.event' })).toMatch(/is never turned away$/);
    expect(fault({ ...GOOD[5], by: 'uid' })).toBe('rule 1: by is not known');
  });

  it('is refused when it would count by uid where nobody is asked who they are', () => {
    const open = { ...GOOD[0], action: 'show.list' };
    expect(fault(open)).toBe('rule 1: by uid: whoever asks show.list is not known');
    expect(fault({ ...open, by: 'city' })).toBeUndefined();
    expect(faultOfRules(JSON.stringify([open]), true)).toBeUndefined();
  });
});

it('what may be answered stale is the same for everybody', () => {
  for (const { action } of FLOW_RULES)
    expect(ROUTES.find((row) => row.action === action)).toMatchObject({
      method: 'GET',
      access: 'all',
      cache: 'shared',
    });
});

describe('what is never turned away', () => {
  it('is known by name, so that no typing error opens it to being shed', () => {
    expect([...VITAL].filter((name) => !PUBLISHED.includes(name as never))).toEqual([]);
    expect([...VITAL].filter(maySheds)).toEqual([]);
    for (const name of ['payment.event', 'order.cancel', 'gateway.ready', 'config-center.set'])
      expect(VITAL.has(name)).toBe(true);
  });
  it('includes whatever services call among themselves', () => {
    for (const name of ['order.settle', 'seckill.turn', 'payment.close', '$node.list'])
      expect(maySheds(name)).toBe(false);
  });
  it.each(Object.keys(FLOW_KINDS) as FlowKind[])('bounds of %s are in order', (kind) => {
    for (const { min, max } of Object.values(FLOW_KINDS[kind].numbers))
      expect(min).toBeLessThan(max);
  });
});
