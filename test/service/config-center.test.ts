/** Settings that change while everything runs: who may, how far, how it is known and undone. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheKey } from '../../contracts/keys.ts';
import { type Centre, HEARERS, refusedWith, startCentre } from './config-center.support.ts';

const SESSION = '0123456789abcdef';
const reason = 'a test';

let centre: Centre;
beforeAll(async () => {
  centre = await startCentre();
});
afterAll(() => centre?.end());

const set = (setting: string, value: unknown, more: object = {}) =>
  centre.ask('config-center.set', { setting, value: value as number, reason, ...more });
const get = (setting: string, session?: string) =>
  centre.ask('config-center.get', { setting, ...(session && { session }) });
const changes = async (setting: string) =>
  (await centre.ask('config-center.history', { setting })).items;

describe('a change', () => {
  test('is in force in every process, and each says of which revision', async () => {
    const { revision, value, from } = await set('sweepBatch', 77);
    expect([value, from]).toEqual([77, 'global']);
    await centre.everywhere(
      (report) => [report.revision, report.values.sweepBatch],
      [revision, 77],
    );
  });

  test('is undone by unset: the environment’s value again', async () => {
    await set('dueBatch', 5);
    await centre.everywhere(({ values }) => values.dueBatch, 5);
    const view = await centre.ask('config-center.unset', { setting: 'dueBatch', reason });
    expect(view).toMatchObject({ value: 300, from: 'environment', start: 300 });
    await centre.everywhere(({ values }) => values.dueBatch, 300);
  });

  test('for one session comes before that for all, and that before the environment', async () => {
    expect(await get('saleFreshMs', SESSION)).toMatchObject({ value: 500, from: 'default' });
    await set('saleFreshMs', 400);
    expect(await get('saleFreshMs', SESSION)).toMatchObject({ value: 400, from: 'global' });
    await set('saleFreshMs', 50, { session: SESSION });
    expect(await get('saleFreshMs', SESSION)).toMatchObject({ value: 50, from: 'session' });
    expect(await get('saleFreshMs')).toMatchObject({ value: 400 });
    await centre.everywhere(({ sessions }) => sessions, 1);
    const { items } = await centre.ask('config-center.list', { session: SESSION });
    expect(items.find(({ setting }) => setting === 'saleFreshMs')).toMatchObject({ value: 50 });
    await centre.ask('config-center.unset', { setting: 'saleFreshMs', session: SESSION, reason });
    expect(await get('saleFreshMs', SESSION)).toMatchObject({ value: 400, from: 'global' });
  });

  test.each([
    ['CONFIG_UNKNOWN', 'nothing', 5, {}],
    ['CONFIG_UNKNOWN', 'toString', 5, {}],
    ['CONFIG_NOT_LIVE', 'payGraceMs', 5, {}],
    ['CONFIG_NOT_LIVE', 'jwtKeys', 'k:s', {}],
    ['VALIDATION_FAILED /value', 'sweepEveryMs', 499, {}],
    ['VALIDATION_FAILED /value', 'sweepEveryMs', 600_001, {}],
    ['VALIDATION_FAILED /value', 'sweepEveryMs', '500', {}],
    ['VALIDATION_FAILED /value', 'sweepEveryMs', 500.5, {}],
    ['VALIDATION_FAILED /session', 'sweepEveryMs', 500, { session: SESSION }],
    ['VALIDATION_ERROR', 'sweepEveryMs', null, {}],
    ['VALIDATION_ERROR', 'sweepEveryMs', 500, { session: 'no session' }],
    ['VALIDATION_ERROR', 'sweepEveryMs', 500, { reason: ' ' }],
    ['VALIDATION_ERROR', 'sweepEveryMs', 500, { reason: 'x'.repeat(201) }],
    ['VALIDATION_ERROR', 'sweepEveryMs', 500, { author: 'somebody else' }],
  ])('is refused with %s: %s = %s %o', async (word, setting, value, more) => {
    expect(await refusedWith(set(setting, value, more))).toBe(word);
    expect(await changes('sweepEveryMs')).toEqual([]);
  });

  test('is an operator’s alone', async () => {
    const params = { setting: 'sweepEveryMs', value: 600, reason };
    const asking = (role: string) => refusedWith(centre.ask('config-center.set', params, role));
    expect([await asking('organiser'), await asking('')]).toEqual(['FORBIDDEN', 'UNAUTHENTICATED']);
    expect(await refusedWith(centre.ask('config-center.list', {}, 'buyer'))).toBe('FORBIDDEN');
  });

  test('made from an older revision is refused; of two at once one is written', async () => {
    const { revision } = await set('relayEveryMs', 100);
    const second = await set('relayEveryMs', 110, { ifMatch: `"${revision}"` });
    expect(second.revision).toBeGreaterThan(revision);
    const stale = set('relayEveryMs', 120, { ifMatch: `"${revision}"` });
    expect(await refusedWith(stale)).toBe('PRECONDITION_FAILED');
    const ifMatch = `"${second.revision}"`;
    const racing = [130, 140, 150].map((ms) => refusedWith(set('relayEveryMs', ms, { ifMatch })));
    expect((await Promise.all(racing)).toSorted()).toEqual([
      'PRECONDITION_FAILED',
      'PRECONDITION_FAILED',
      'accepted',
    ]);
    expect(await changes('relayEveryMs')).toHaveLength(3);
  });
});

describe('the history', () => {
  test('says who changed what into what, and why; a rollback is one more change', async () => {
    const first = await set('orderBatchMax', 10);
    const second = await set('orderBatchMax', 20, { reason: 'more at once' });
    const params = { setting: 'orderBatchMax', revision: first.revision, reason: 'too many' };
    const back = await centre.ask('config-center.rollback', params);
    expect(back).toMatchObject({ value: 10, from: 'global' });
    expect(back.revision).toBeGreaterThan(second.revision);
    const who = { author: 'opal', requestId: 'r1', at: expect.any(String) };
    expect(await changes('orderBatchMax')).toEqual([
      {
        ...who,
        revision: back.revision,
        before: 20,
        after: 10,
        reason: 'too many',
        rolledBackTo: first.revision,
      },
      { ...who, revision: second.revision, before: 10, after: 20, reason: 'more at once' },
      { ...who, revision: first.revision, before: null, after: 10, reason },
    ]);
    const { items } = await centre.ask('config-center.diff', {
      from: first.revision,
      to: second.revision,
    });
    expect(items).toEqual([{ setting: 'orderBatchMax', from: 10, to: 20, start: 100 }]);
    const { items: all } = await centre.ask('config-center.diff', {});
    const mine = { setting: 'orderBatchMax', from: null, to: 10, start: 100 };
    expect(all).toContainEqual(mine);
    await centre.everywhere(({ values }) => values.orderBatchMax, 10);
  });

  test('of all settings is one list, the last change first, page by page', async () => {
    const first = await set('dueRepeatMs', 1_000);
    const own = await set('seatsFreshMs', 50, { session: SESSION });
    const second = await set('dueRepeatMs', 1_500, { reason: 'calmer' });
    const page = await centre.ask('config-center.changes', { limit: 2 });
    expect(page.items).toMatchObject([
      { setting: 'dueRepeatMs', revision: second.revision, before: 1_000, reason: 'calmer' },
      { setting: 'seatsFreshMs', session: SESSION, revision: own.revision, before: null },
    ]);
    const next = await centre.ask('config-center.changes', { limit: 1, cursor: page.nextCursor! });
    expect(next.items).toMatchObject([{ revision: first.revision, after: 1_000, author: 'opal' }]);
    const forged = centre.ask('config-center.changes', { cursor: 'x' });
    expect(await refusedWith(forged)).toBe('VALIDATION_FAILED /cursor');
    expect(await refusedWith(centre.ask('config-center.changes', {}, 'organiser'))).toBe(
      'FORBIDDEN',
    );
  });

  // Where nats.js ends a history twice, two of the three stumble, in about one round of twenty.
  test('is read whole while it is written', async () => {
    let { revision } = await set('outboxKeepMs', 60_000);
    for (let round = 1; round <= 60; round++) {
      const ifMatch = `"${revision}"`;
      const racing = [0, 1, 2].map((more) =>
        set('outboxKeepMs', 60_000 + round + more, { ifMatch }),
      );
      const answers = await Promise.allSettled(racing);
      const refused = answers.filter(({ status }) => status === 'rejected');
      for (const answer of refused)
        expect(answer).toMatchObject({ reason: { type: 'PRECONDITION_FAILED' } });
      expect(refused).toHaveLength(2);
      revision = (await get('outboxKeepMs')).revision!;
    }
  });

  test('is what a rollback chooses from', async () => {
    const { revision } = await set('outboxKeepMs', 70_000);
    const params = { setting: 'orderBatchMs', revision, reason };
    expect(await refusedWith(centre.ask('config-center.rollback', params))).toBe(
      'VALIDATION_FAILED /revision',
    );
  });
});

describe('the edge', () => {
  test('finds its settings in the cache, again after a flush', async () => {
    const cache = new Redis(centre.env.CACHE_URL!);
    const key = cacheKey(centre.env.NAMESPACE!, 'edge:config');
    const patience = { timeout: 20_000, interval: 50 };
    try {
      const { revision } = await set('edgeIpRate', 4_000);
      const fields = {
        edgeIpRate: '4000',
        edgeUidRate: '10',
        revision: String(revision),
      };
      await expect.poll(() => cache.hgetall(key), patience).toMatchObject(fields);
      await cache.del(key);
      await expect.poll(() => cache.hgetall(key), patience).toMatchObject(fields);
    } finally {
      cache.disconnect();
    }
  });
});

test('what somebody writes past the centre harms nobody, and is written over', async () => {
  await set('streamRingMax', 100);
  const connection = await centre.byHand();
  try {
    const kv = await connection.jetstream().views.kv(centre.bucket);
    const before = await set('streamReadersMax', 30);
    await centre.everywhere(({ revision }) => revision, before.revision);
    await kv.put('global.streamRingMax', 'garbage');
    await kv.put('global.streamReadersMax', JSON.stringify({ value: 0, epoch: 1 }));
    await kv.put('global.dueEveryMs', '[]');
    await kv.put('global.nobody', 'knows');
    await kv.delete('global.streamReadersMax');
    const after = await set('streamLagBytes', 5_000);
    await centre.everywhere(({ values }) => values.streamLagBytes, 5_000);
    for (const name of HEARERS) {
      const { values, revision } = await centre.report(name);
      expect(values).toMatchObject({ streamRingMax: 100, streamReadersMax: 30, dueEveryMs: 250 });
      expect(revision).toBeGreaterThanOrEqual(after.revision);
    }
    const last = async (setting: string) => (await changes(setting))[0];
    const mended = { author: 'config-center', after: 100 };
    await expect.poll(() => last('streamRingMax'), { timeout: 20_000 }).toMatchObject(mended);
    await expect
      .poll(() => last('streamReadersMax'), { timeout: 20_000 })
      .toMatchObject({ author: 'config-center', after: 30 });
    expect(await get('dueEveryMs')).toMatchObject({ value: 250, from: 'default' });
  } finally {
    await connection.close();
  }
});
