/** The settings in force in a process, whatever the config centre, or somebody else, says. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../config/index.ts';
import { EDGE_NAMES, LIVE_NAMES } from '../../config/live.ts';
import { SETTINGS, type Setting } from '../../config/schema.ts';
import { configKey, readConfigKey } from '../../contracts/config.ts';
import { LiveValues, readEntry } from '../../mixins/live-values.ts';
import { codeOf, files, PRODUCT, SCRIPTS } from '../tidy/repository.ts';

const SESSION = '0123456789abcdef';
const config = readConfig({ DUE_BATCH: '300' });
const entry = (value: unknown, epoch = 1) =>
  JSON.stringify({ value, epoch, author: 'o', reason: 'r', at: 't' });
const fresh = () => new LiveValues(config);

describe('the marks of the table', () => {
  const rows = Object.entries<Setting>(SETTINGS);
  it('are not on secrets, texts, or what only a start can change', () => {
    const marked = rows.filter(([, row]) => row.live).map(([name]) => name);
    expect(marked.toSorted()).toEqual(LIVE_NAMES.toSorted());
    expect(rows.filter(([, row]) => row.live && (row.secret || row.type === 'keyring'))).toEqual(
      [],
    );
    for (const name of ['payGraceMs', 'namespace', 'shards', 'mysqlPoolMax', 'edgePullMs'])
      expect(marked).not.toContain(name);
  });
  it('never say "per session" or "edge" of what is not live', () => {
    expect(rows.filter(([, row]) => (row.perSession || row.edge) && !row.live)).toEqual([]);
    expect(EDGE_NAMES.length).toBeGreaterThan(3);
  });
  it('hold: no process reads a live setting from what it was started with', () => {
    const names = LIVE_NAMES.join('|');
    const read = new RegExp(`\\bconfig\\.(${names})\\b|\\b(${names})\\b[^{}]*\\} = config\\b`);
    const product = files(SCRIPTS, PRODUCT).filter(({ text }) => read.test(codeOf(text)));
    expect(product.map(({ path }) => path)).toEqual([]);
  });
});

describe('what is in force', () => {
  it('is a list of rules of which one names an action of another release', () => {
    const rule = { kind: 'timeout', action: 'show.renamed', ms: 100 };
    const flowRules = JSON.stringify([rule, { ...rule, action: 'show.get' }]);
    const values = fresh();
    expect(values.hear(configKey({ setting: 'flowRules' }), 1, entry(flowRules))).toBe(true);
    expect(values.of().flowRules).toBe(flowRules);
    expect(values.refusedKeys).toEqual([]);
    const later = fresh();
    later.restore(values.snapshot());
    expect(later.of().flowRules).toBe(flowRules);
  });
  it('is the environment’s value, then what is said for all, then for the session', () => {
    const values = fresh();
    expect(values.of().dueBatch).toBe(300);
    values.hear('global.saleFreshMs', 1, entry(200));
    values.hear(`session.${SESSION}.saleFreshMs`, 2, entry(50));
    expect(values.of().saleFreshMs).toBe(200);
    expect(values.of('fedcba9876543210').saleFreshMs).toBe(200);
    expect(values.of(SESSION)).toMatchObject({ saleFreshMs: 50, seatsFreshMs: 100 });
    values.hear(`session.${SESSION}.saleFreshMs`, 3, entry(undefined));
    values.hear('global.dueBatch', 4, entry(undefined));
    expect([values.of(SESSION).saleFreshMs, values.of().dueBatch]).toEqual([200, 300]);
    expect(values.newest).toEqual({ epoch: 1, revision: 4 });
  });

  it('only goes forward: by revision, and by epoch when a bucket begins again', () => {
    const values = fresh();
    expect(values.hear('global.dueBatch', 9, entry(10))).toBe(true);
    expect(values.hear('global.dueBatch', 9, entry(11))).toBe(false);
    expect(values.hear('global.dueBatch', 8, entry(12))).toBe(false);
    expect(values.of().dueBatch).toBe(10);
    expect(values.hear('global.dueBatch', 1, entry(13, 2))).toBe(true);
    expect(values.hear('global.dueBatch', 99, entry(14, 1))).toBe(false);
    expect(values.of().dueBatch).toBe(13);
    expect(values.newest).toEqual({ epoch: 2, revision: 1 });
  });

  it.each([
    ['global.dueBatch', 'not json'],
    ['global.dueBatch', ''],
    ['global.dueBatch', 'null'],
    ['global.dueBatch', '{"value":5}'],
    ['global.dueBatch', entry(0)],
    ['global.dueBatch', entry(1_001)],
    ['global.dueBatch', entry('5')],
    ['global.dueBatch', entry(5.5)],
    ['global.dueBatch', entry(null)],
    ['global.payGraceMs', entry(5)],
    ['global.jwtIssuer', entry('me')],
    ['global.toString', entry(5)],
    ['global.nothing', entry(5)],
    [`session.${SESSION}.dueBatch`, entry(5)],
    ['session.dueBatch', entry(5)],
    ['else', entry(5)],
  ])('does not change by %s = %s', (key, text) => {
    const values = fresh();
    values.hear('global.dueBatch', 1, entry(10));
    const before = values.snapshot();
    expect(() => values.hear(key, 2, text)).toThrow();
    expect(values.snapshot()).toEqual(before);
    expect(values.of().dueBatch).toBe(10);
    expect(values.refusedKeys).toEqual([key]);
  });

  it('comes back from a file, as far as it fits this process', () => {
    const values = fresh();
    values.hear('global.dueBatch', 1, entry(10));
    values.hear(`session.${SESSION}.seatsFreshMs`, 2, entry(20));
    const kept = JSON.parse(JSON.stringify(values.snapshot()));
    kept.entries['global.sweepBatch'] = { epoch: 1, revision: 3, value: 1_000_000 };
    kept.entries['global.gone'] = { epoch: 1, revision: 4, value: 1 };
    const next = fresh();
    next.restore(kept);
    expect(next.of(SESSION)).toMatchObject({ dueBatch: 10, seatsFreshMs: 20, sweepBatch: 200 });
    expect(next.newest).toEqual({ epoch: 1, revision: 2 });
    expect(next.hear('global.dueBatch', 1, entry(11))).toBe(false);
  });
});

it('a key names its setting, and its session', () => {
  for (const place of [{ setting: 'a' }, { setting: 'a', session: SESSION }])
    expect(readConfigKey(configKey(place))).toEqual(place);
  for (const key of ['', 'global', 'global.a.b', 'session.a', 'session.a.b.c', 'local.a'])
    expect(readConfigKey(key), key).toBeUndefined();
});

it('an entry says why it cannot be one', () => {
  expect(() => readEntry('global.dueBatch', entry(0))).toThrow('a whole number from 1 to 1000');
  expect(() => readEntry('global.shards', entry(1))).toThrow('read at start only');
  expect(() => readEntry(`session.${SESSION}.dueBatch`, entry(1))).toThrow('every session');
});
