/** Shows and venues: who may see and change them, and what a change leaves behind. */
import { describe, expect, test } from 'vitest';
import {
  anna,
  as,
  ask,
  auditOf,
  boris,
  database,
  draftOf,
  faultsOf,
  makeDraft,
  makeShow,
  makeTemplate,
  makeVenue,
  olga,
  refused,
} from './catalogue.support.ts';

const NOWHERE = '0123456789abcdef';

describe('an organiser', () => {
  test('makes, reads, changes and removes an object, version by version', async () => {
    const made = await ask(anna, 'venue.create', {
      name: ' 大剧院 ',
      city: '上海',
      timeZone: 'Asia/Shanghai',
    });
    expect(made.answer).toMatchObject({ name: '大剧院', address: null, version: 1 });
    expect(made.headers).toEqual({ ETag: '"1"' });
    const { id } = made.answer;
    const read = await ask(anna, 'venue.adminGet', { id });
    expect(read).toEqual(made);

    const change = { id, ifMatch: '"1"', address: '人民大道 300 号' };
    const changed = await ask(anna, 'venue.update', change);
    expect(changed.answer).toMatchObject({
      address: '人民大道 300 号',
      name: '大剧院',
      version: 2,
    });
    expect(changed.headers).toEqual({ ETag: '"2"' });
    expect(await as(undefined)('venue.get', { id })).toEqual({
      id,
      name: '大剧院',
      nameEn: null,
      city: '上海',
      address: '人民大道 300 号',
      timeZone: 'Asia/Shanghai',
    });

    const cleared = await as(anna)('venue.update', { id, ifMatch: '"2"', address: null });
    expect(cleared).toMatchObject({ address: null, timeZone: 'Asia/Shanghai', version: 3 });
    expect(await as(anna)('venue.remove', { id })).toEqual({ id });
    await refused(as(anna)('venue.adminGet', { id }), 'NOT_FOUND');
    await refused(as(undefined)('venue.get', { id }), 'NOT_FOUND');
  });

  test('sees only what is theirs, an operator sees all', async () => {
    const { id } = await makeVenue(anna);
    await refused(as(boris)('venue.adminGet', { id }), 'NOT_FOUND');
    await refused(as(boris)('venue.update', { id, ifMatch: '"1"', name: 'Mine' }), 'NOT_FOUND');
    await refused(as(boris)('venue.remove', { id }), 'NOT_FOUND');
    const list = await as(boris)<{ items: { id: string }[] }>('venue.adminList', { limit: 100 });
    expect(list.items.map((item) => item.id)).not.toContain(id);
    expect(await as(olga)('venue.update', { id, ifMatch: '"1"', city: '北京' })).toMatchObject({
      city: '北京',
      version: 2,
    });
  });

  test('is somebody: a buyer is refused, and so is nobody', async () => {
    await refused(as({ uid: 'bea', role: 'buyer' })('show.adminList'), 'FORBIDDEN');
    await refused(
      as(undefined)('venue.create', { name: 'x', city: 'y', timeZone: 'UTC' }),
      'UNAUTHENTICATED',
    );
  });

  test('changes only from the version they read, and of two at once one', async () => {
    const { id } = await makeShow(anna);
    const update = (more: object) => as(anna)('show.update', { id, ...more });
    await refused(update({ title: 'x' }), 'PRECONDITION_REQUIRED');
    await refused(update({ title: 'x', ifMatch: '"7"' }), 'PRECONDITION_FAILED');
    await refused(update({ title: 'x', ifMatch: 'banana' }), 'PRECONDITION_FAILED');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => update({ title: `title ${i}`, ifMatch: '"1"' })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await as(anna)('show.adminGet', { id })).toMatchObject({ version: 2 });
    await refused(as(anna)('show.remove', { id, ifMatch: '"1"' }), 'PRECONDITION_FAILED');
    await as(anna)('show.remove', { id, ifMatch: '"2"' });
  });

  test('is told each thing that is wrong with what they wrote', async () => {
    const create = (params: object) => as(anna)('venue.create', params);
    expect(
      await faultsOf(create({ name: '', city: 7, timeZone: 'Mars/Olympus', rating: 5 })),
    ).toEqual(
      expect.arrayContaining([
        'name stringEmpty',
        'city string',
        'timeZone timeZone',
        expect.stringMatching(/objectStrict$/),
      ]),
    );
    expect(await faultsOf(create({ name: 'x'.repeat(191), city: 'c', timeZone: 'UTC' }))).toEqual([
      'name stringMax',
    ]);
    const { id } = await makeVenue(anna);
    const update = (params: object) => as(anna)('venue.update', { id, ifMatch: '"1"', ...params });
    expect(await faultsOf(update({ name: null }))).toEqual(['/name required']);
    expect(await faultsOf(update({ ownerUid: 'boris' }))).toEqual([
      expect.stringMatching(/objectStrict$/),
    ]);
    expect(await as(anna)('venue.adminGet', { id })).toMatchObject({ version: 1, name: 'Hall' });
  });
});

test('every change leaves an audit row: who, what, before, after, by which request', async () => {
  const { id } = await makeShow(anna, { title: 'Before' });
  await as(olga)('show.update', { id, ifMatch: '"1"', title: 'After' });
  await refused(
    as(anna)('show.update', { id, ifMatch: '"1"', title: 'Late' }),
    'PRECONDITION_FAILED',
  );
  await as(anna)('show.remove', { id });
  const rows = await auditOf(id);
  expect(rows.map(({ uid, role, action }) => [uid, role, action])).toEqual([
    ['anna', 'organiser', 'show.create'],
    ['olga', 'operator', 'show.update'],
    ['anna', 'organiser', 'show.remove'],
  ]);
  expect([rows[0]!.before, rows[2]!.after]).toEqual([null, null]);
  expect(JSON.parse(rows[1]!.before)).toMatchObject({ title: 'Before', version: 1 });
  expect(JSON.parse(rows[1]!.after)).toMatchObject({ title: 'After', version: 2 });
  expect(rows[1]).toMatchObject({ requestId: '0123456789abcdef0123456789abcdef' });
});

test('a change whose audit row cannot be written does not happen', async () => {
  const { id } = await makeShow(anna, { title: 'Kept' });
  await database().query('RENAME TABLE audit_log TO audit_log_away');
  try {
    await expect(as(anna)('show.update', { id, ifMatch: '"1"', title: 'Lost' })).rejects.toThrow();
  } finally {
    await database().query('RENAME TABLE audit_log_away TO audit_log');
  }
  expect(await as(anna)('show.adminGet', { id })).toMatchObject({ title: 'Kept', version: 1 });
});

test('a list is searched by a part of a name, and narrowed to a show or a venue', async () => {
  const [mine, other] = [await makeShow(anna, { title: '50%_夜' }), await makeShow(anna)];
  await makeShow(boris, { title: '50%_夜' });
  const found = async (action: 'show.adminList' | 'session.adminList', params: object) =>
    (await as(anna)<{ items: { id: string }[] }>(action, params)).items.map(({ id }) => id);
  expect(await found('show.adminList', { q: '%_夜' })).toEqual([mine.id]);
  expect(await found('show.adminList', { q: '5_%夜' })).toEqual([]);
  const venue = await makeVenue(anna);
  const template = await makeTemplate(anna, venue.id);
  const session = await as(anna)('session.create', draftOf(mine.id, venue.id, template.id));
  expect(await found('session.adminList', { showId: mine.id })).toEqual([session.id]);
  expect(await found('session.adminList', { showId: other.id })).toEqual([]);
  const plans = await as(anna)<{ items: object[] }>('seat-template.adminList', {
    venueId: venue.id,
  });
  expect(plans.items).toMatchObject([{ id: template.id }]);
});

test('what something else refers to stays', async () => {
  const [venue, show] = [await makeVenue(anna), await makeShow(anna)];
  const template = await makeTemplate(anna, venue.id);
  expect(await refused(as(anna)('venue.remove', { id: venue.id }), 'IN_USE')).toEqual({
    usedBy: [{ kind: 'seat-template', id: template.id }],
  });
  const session = await as(anna)('session.create', draftOf(show.id, venue.id, template.id));
  const bySession = { usedBy: [{ kind: 'session', id: session.id }] };
  expect(await refused(as(anna)('show.remove', { id: show.id }), 'IN_USE')).toEqual(bySession);
  await refused(as(anna)('seat-template.remove', { id: template.id }), 'IN_USE');
  for (const [action, { id }] of [
    ['session.remove', session],
    ['seat-template.remove', template],
    ['show.remove', show],
    ['venue.remove', venue],
  ] as const) {
    await as(anna)(action, { id });
    const [service] = action.split('.') as ['venue'];
    await refused(as(olga)(`${service}.adminGet`, { id }), 'NOT_FOUND');
    await refused(as(olga)(action, { id }), 'NOT_FOUND');
  }
  await refused(as(undefined)('show.get', { id: show.id }), 'NOT_FOUND');
  await refused(as(undefined)('session.stage', { id: session.id }), 'NOT_FOUND');
  const [rows] = await database().query('SELECT title FROM shows WHERE id = ? AND removedAt > 0', {
    replacements: [show.id],
  });
  expect(rows).toEqual([{ title: show.title }]);
});

test('names of what refers only what the asker may see', async () => {
  const venue = await makeVenue(anna);
  const show = await makeShow(olga);
  const template = await makeTemplate(olga, venue.id);
  await as(olga)('session.create', draftOf(show.id, venue.id, template.id));
  expect(await refused(as(anna)('venue.remove', { id: venue.id }), 'IN_USE')).toEqual({
    usedBy: [],
  });
});

test('of a removal and a new reference at the same moment one wins, never both', async () => {
  for (let i = 0; i < 12; i++) {
    const { show, template, draft } = await makeDraft(anna);
    const removal: ['show.remove' | 'seat-template.remove', string] =
      i % 2 ? ['show.remove', show.id] : ['seat-template.remove', template.id];
    const outcomes = await Promise.allSettled([
      as(anna)('session.create', draft),
      as(anna)(removal[0], { id: removal[1] }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  }
});

test('a session whose show goes while it is being written is not written', async () => {
  const { show, draft } = await makeDraft(anna);
  const removal = await database().transaction();
  const inside = { replacements: [show.id], transaction: removal };
  await database().query('UPDATE shows SET removedAt = UTC_TIMESTAMP(3) WHERE id = ?', inside);
  const making = as(anna)('session.create', draft);
  const judged = making.catch((error) => error); // it waits for the row that is going
  const waiting = async () => {
    const [rows] = await database().query('SHOW FULL PROCESSLIST');
    return (rows as { Info: string | null }[]).some(({ Info }) => Info?.includes('SHARE MODE'));
  };
  await expect.poll(waiting, { timeout: 10_000 }).toBe(true);
  await removal.commit();
  expect(await judged).toMatchObject({ type: 'VALIDATION_FAILED' });
  expect(await faultsOf(making)).toEqual(['/showId unknown']);
});

test.each(['show.get', 'venue.get', 'session.get', 'session.layout', 'session.stage'] as const)(
  '%s of an id that is nothing, or no id, is NOT_FOUND',
  async (action) => {
    for (const id of [NOWHERE, 'x', "' OR 1=1 --", '../../etc'])
      await refused(as(undefined)(action, { id }), 'NOT_FOUND');
  },
);

test('nothing of moleculer-db can be called', async () => {
  for (const action of ['show.find', 'show.count', 'show.insert', 'show.query'])
    await expect(as(olga)(action as never, {})).rejects.toMatchObject({
      type: 'SERVICE_NOT_FOUND',
    });
});

test.each(['show', 'venue', 'session', 'seat-template'] as const)(
  '%s is healthy while MySQL is',
  async (name) => {
    expect(await as(undefined)(`${name}.health`)).toEqual({ ok: true });
  },
);

test('a migration that was cut off runs again from its beginning', async () => {
  const migrations = await Promise.all([
    import('../../mixins/migrations/0105-removed-at.ts'),
    import('../../services/show/migrations/0106-show-browse.ts'),
    import('../../services/venue/migrations/0107-venue-name-en.ts'),
    import('../../services/session/migrations/0108-session-starts.ts'),
    import('../../services/audit/migrations/0109-audit-look-up.ts'),
  ]);
  const { id } = await makeShow(anna, { titleEn: 'Kept' });
  await database().query('ALTER TABLE shows DROP INDEX livingByCity');
  for (const { up } of migrations) await up({ context: database() });
  const [indexes] = await database().query("SHOW INDEX FROM shows WHERE Key_name LIKE 'living%'");
  expect(new Set((indexes as { Key_name: string }[]).map((index) => index.Key_name)).size).toBe(4);
  expect(await as(anna)('show.adminGet', { id })).toMatchObject({ titleEn: 'Kept' });
});
