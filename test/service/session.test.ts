/** Sessions: drafts that make sense, and how one becomes a sale in the arbiter. */
import { describe, expect, test } from 'vitest';
import type { Layout, LayoutColumns } from '../../contracts/layout.ts';
import {
  type Answer,
  anna,
  arbiter,
  as,
  ask,
  auditOf,
  boris,
  bytes,
  database,
  faultsOf,
  makeDraft,
  makeTemplate,
  PLAN,
  refused,
  startSeckill,
  stopSeckill,
  textOf,
} from './catalogue.support.ts';

type Turned = { id: string; sale: { state: string } };
const create = (draft: object) => as(anna)('session.create', draft);
const publish = (id: string) => as(anna)<Turned>('session.publish', { id });
const published = async (more: object = {}) => {
  const made = await makeDraft(anna);
  const { id } = await create({ ...made.draft, ...more });
  await publish(id);
  return { ...made, id };
};

describe('a draft', () => {
  test('keeps what it was given, times in UTC; a lock lives 15 minutes by default', async () => {
    const { draft } = await makeDraft(anna);
    const local = '2030-05-01T20:00:00.25+08:00';
    const { answer, headers } = await ask(anna, 'session.create', { ...draft, startsAt: local });
    expect(answer).toMatchObject({
      ...draft,
      startsAt: '2030-05-01T12:00:00.250Z',
      lockMs: 900_000,
      stage: 'DRAFT',
      seatCount: null,
      version: 1,
    });
    expect(headers).toEqual({ ETag: '"1"' });
    expect(await as(anna)('session.adminGet', { id: answer.id })).toEqual(answer);
  });

  test('is its organiser’s alone: no buyer sees it', async () => {
    const { draft } = await makeDraft(anna);
    const { id, showId } = (await create(draft)) as Answer & { showId: string };
    await refused(as(boris)('session.adminGet', { id }), 'NOT_FOUND');
    await refused(as(boris)('session.publish', { id }), 'NOT_FOUND');
    await refused(as(undefined)('session.get', { id }), 'NOT_FOUND');
    await refused(as(undefined)('session.layout', { id }), 'NOT_FOUND');
    expect(await as(undefined)('session.stage', { id })).toEqual({ stage: 'DRAFT' });
    expect(await as(undefined)('show.get', { id: showId })).toMatchObject({ sessions: [] });
  });

  test('has moments that exist, windows that open before they close, and bounds', async () => {
    const { draft } = await makeDraft(anna);
    const wrong = {
      ...draft,
      startsAt: '2030-02-30T10:00:00Z',
      saleOpensAt: '2030-01-01',
      saleClosesAt: 1_900_000_000,
      reservationRequired: 'no',
      seatsPerBuyerMax: 7,
      lockMs: 4_999,
      tiers: [{ tier: 'A', priceFen: 1.5, note: 'x' }],
    };
    const faults = await faultsOf(create(wrong));
    expect(faults.map((fault) => fault.replace(/\[(\d+)\]/g, '.$1'))).toEqual(
      expect.arrayContaining([
        'startsAt instant',
        'saleOpensAt instant',
        'saleClosesAt string',
        'reservationRequired boolean',
        'seatsPerBuyerMax numberMax',
        'lockMs numberMin',
        'tiers.0.priceFen numberInteger',
      ]),
    );
    const { saleOpensAt, reservationOpensAt } = draft;
    expect(
      await faultsOf(
        create({ ...draft, saleClosesAt: saleOpensAt, reservationClosesAt: reservationOpensAt }),
      ),
    ).toEqual(['/reservationClosesAt window', '/saleClosesAt window']);
  });

  test('prices each tier with seats once, and nothing that is not in the plan', async () => {
    const { draft } = await makeDraft(anna);
    const tiers = [
      { tier: 'A', priceFen: 100 },
      { tier: 'A', priceFen: 200 },
      { tier: 'Balcony', priceFen: 100 },
    ];
    expect(await faultsOf(create({ ...draft, tiers }))).toEqual([
      '/tiers/1/tier repeated',
      '/tiers/2/tier unknown',
      '/tiers required',
    ]);
    const empty = [...draft.tiers, { tier: 'C', priceFen: 1 }];
    expect(await create({ ...draft, tiers: empty })).toMatchObject({ tiers: empty });
  });

  test('refers only to what is its organiser’s, and to a plan of its own venue', async () => {
    const [mine, theirs] = [await makeDraft(anna), await makeDraft(boris)];
    const { showId, venueId, seatTemplateId } = theirs.draft;
    expect(await faultsOf(create({ ...mine.draft, showId, venueId, seatTemplateId }))).toEqual(
      expect.arrayContaining(['/showId unknown', '/venueId unknown', '/seatTemplateId unknown']),
    );
    const elsewhere = await makeDraft(anna);
    expect(await faultsOf(create({ ...mine.draft, venueId: elsewhere.venue.id }))).toEqual([
      '/seatTemplateId otherVenue',
    ]);
  });

  test('changes as a whole, and goes without a trace but its audit rows', async () => {
    const { draft } = await makeDraft(anna);
    const { id } = await create(draft);
    const update = (more: object) => as(anna)('session.update', { id, ...more });
    await refused(update({ lockMs: 6_000 }), 'PRECONDITION_REQUIRED');
    await refused(update({ lockMs: 6_000, ifMatch: '"2"' }), 'PRECONDITION_FAILED');
    expect(await faultsOf(update({ ifMatch: '"1"', saleClosesAt: draft.saleOpensAt }))).toEqual([
      '/saleClosesAt window',
    ]);
    expect(await update({ ifMatch: '"1"', lockMs: 6_000 })).toMatchObject({
      ...draft,
      lockMs: 6_000,
      version: 2,
    });
    await as(anna)('session.remove', { id });
    expect((await auditOf(id)).map(({ action }) => action)).toEqual([
      'session.create',
      'session.update',
      'session.remove',
    ]);
  });
});

describe('publishing', () => {
  test('opens every seat under the terms of the draft, then lets everybody read', async () => {
    const { draft, show } = await makeDraft(anna);
    const { id } = await create({ ...draft, lockMs: 5_000 });
    expect(await publish(id)).toEqual({ id, sale: { state: 'OPEN' } });

    const view = await arbiter.view(id);
    expect(view).toMatchObject({ switch: 'OPEN', left: { A: 8, B: 3 } });
    expect(view.terms).toEqual({
      reservationRequired: false,
      reservationOpensAtMs: Date.parse(draft.reservationOpensAt),
      reservationClosesAtMs: Date.parse(draft.reservationClosesAt),
      opensAtMs: Date.parse(draft.saleOpensAt),
      closesAtMs: Date.parse(draft.saleClosesAt),
      seatsPerBuyerMax: 4,
      lockMs: 5_000,
    });
    expect((await arbiter.snapshot(id)).states).toBe('0000-0000-0-0-0');

    const session = await as(undefined)('session.get', { id });
    expect(session).toMatchObject({
      id,
      showId: draft.showId,
      saleOpensAt: draft.saleOpensAt,
      seatsPerBuyerMax: 4,
      seatCount: 11,
      currency: 'CNY',
      tiers: [
        { tier: 'A', name: 'A', priceFen: 38_000, color: '#a00' },
        { tier: 'B', name: 'B', priceFen: 0, color: '#00b' },
      ],
    });
    expect(session).not.toHaveProperty('saleSwitch');
    expect(await as(undefined)('session.stage', { id })).toEqual({ stage: 'PUBLISHED' });
    expect(await as(undefined)('show.get', { id: show.id })).toMatchObject({ sessions: [{ id }] });
  });

  test('tells when the sale opens later', async () => {
    const { draft } = await makeDraft(anna);
    const saleOpensAt = new Date(Date.now() + 60_000).toISOString();
    const { id } = await create({ ...draft, saleOpensAt });
    expect(await publish(id)).toEqual({ id, sale: { state: 'SCHEDULED' } });
  });

  test('freezes the layout: the template may change after it, the session does not', async () => {
    const { id, template } = await published();
    const before = await textOf(await as(undefined)('session.layout', { id }));
    const body = bytes(JSON.stringify({ plan: { ...PLAN, zones: PLAN.zones.slice(0, 1) } }));
    await ask(anna, 'seat-template.update', { id: template.id, ifMatch: '"1"' }, { stream: body });
    expect(await textOf(await as(undefined)('session.layout', { id }))).toBe(before);
    expect(await publish(id)).toMatchObject({ sale: { state: 'OPEN' } });
    expect((await arbiter.snapshot(id)).states).toBe('0000-0000-0-0-0');
  });

  test('may be repeated, many at once, and opens one sale', async () => {
    const { draft } = await makeDraft(anna);
    const { id } = await create(draft);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => publish(id)));
    expect(outcomes.map(({ sale }) => sale.state)).toEqual(Array(5).fill('OPEN'));
    expect(await as(anna)('session.adminGet', { id })).toMatchObject({ stage: 'PUBLISHED' });
  });

  test('goes on where it died: frozen here, not yet opened there', async () => {
    const { draft } = await makeDraft(anna);
    const { id } = await create(draft);
    await stopSeckill();
    try {
      await refused(publish(id), 'BUSY');
      expect(await as(anna)('session.adminGet', { id })).toMatchObject({ stage: 'FROZEN' });
      await refused(as(undefined)('session.get', { id }), 'NOT_FOUND');
      await refused(as(anna)('session.remove', { id }), 'IN_USE');
    } finally {
      await startSeckill();
    }
    expect(await publish(id)).toEqual({ id, sale: { state: 'OPEN' } });
    expect(await as(undefined)('session.get', { id })).toMatchObject({ id });
  });

  test('refuses a plan that has gained a tier without a price', async () => {
    const { draft, template } = await makeDraft(anna);
    const { id } = await create(draft);
    const plan = structuredClone(PLAN);
    plan.zones[0]!.rows[0]!.seats[0]!.category = 'C';
    const body = bytes(JSON.stringify({ plan }));
    await ask(anna, 'seat-template.update', { id: template.id, ifMatch: '"1"' }, { stream: body });
    expect(await faultsOf(publish(id))).toEqual(['/tiers required']);
    expect(await as(anna)('session.adminGet', { id })).toMatchObject({ stage: 'DRAFT' });
  });

  test('leaves only the start of the session to change, and nothing to remove', async () => {
    const { id } = await published();
    const { version } = await as(anna)('session.adminGet', { id });
    const update = (more: object) =>
      as(anna)('session.update', { id, ifMatch: `"${version}"`, ...more });
    await refused(update({ seatsPerBuyerMax: 6 }), 'IN_USE');
    await refused(update({ tiers: [{ tier: 'A', priceFen: 1 }] }), 'IN_USE');
    await refused(as(anna)('session.remove', { id }), 'IN_USE');
    const startsAt = '2031-01-01T00:00:00.000Z';
    expect(await update({ startsAt })).toMatchObject({ startsAt, version: version + 1 });
    expect(await as(undefined)('session.get', { id })).toMatchObject({ startsAt });
  });
});

describe('the layout of a session', () => {
  test('is a stream in two forms, each with a tag that never changes', async () => {
    const { id } = await published();
    const full = await ask<unknown>(undefined, 'session.layout', { id });
    const columns = await ask<unknown>(undefined, 'session.layout', { id, form: 'columns' });
    const layout = JSON.parse(await textOf(full.answer)) as Layout;
    const compact = JSON.parse(await textOf(columns.answer)) as LayoutColumns;
    expect(layout.sections.map(({ section, rows }) => [section, rows.length])).toEqual([
      ['Stalls', 2],
      ['Floor', 1],
    ]);
    expect(layout.sections[0]!.rows[1]!.seats[0]).toEqual({
      seat: 5,
      label: 'Stalls 2-1',
      x: 0,
      y: 40,
      tier: 'A',
    });
    expect(compact.layoutVersion).toBe(layout.layoutVersion);
    expect(compact.seat).toHaveLength(11);
    expect(full.headers.ETag).not.toBe(columns.headers.ETag);
    expect(full.headers['Cache-Control']).toContain('immutable');
    expect(await as(undefined)('session.get', { id })).toMatchObject({
      layoutVersion: layout.layoutVersion,
    });
    expect(await faultsOf(as(undefined)('session.layout', { id, form: 'svg' }))).toHaveLength(1);
  });
});

describe('turning a sale', () => {
  const turn = (verb: 'pause' | 'resume' | 'close', id: string) =>
    as(anna)<Turned>(`session.${verb}`, { id });
  const lock = (sale: string, seats: number[]) =>
    arbiter.lock({ sale, uid: 'u1', orderId: `${sale}-test-${seats}`, requestId: 'r', seats });

  test('answers when the arbiter has turned: after a pause no lock is accepted', async () => {
    const { id } = await published();
    await lock(id, [0]);
    expect(await turn('pause', id)).toEqual({ id, sale: { state: 'PAUSED' } });
    await refused(lock(id, [1]), 'SALE_PAUSED');
    expect(await turn('pause', id)).toEqual({ id, sale: { state: 'PAUSED' } });
    expect(await turn('resume', id)).toEqual({ id, sale: { state: 'OPEN' } });
    await lock(id, [1]);
    expect(await turn('close', id)).toEqual({ id, sale: { state: 'CLOSED' } });
    await refused(lock(id, [2]), 'SALE_CLOSED');
    await refused(turn('resume', id), 'SALE_CLOSED');
    expect(await turn('close', id)).toEqual({ id, sale: { state: 'CLOSED' } });
    expect((await auditOf(id)).map(({ action }) => action)).toEqual([
      'session.create',
      'session.freeze',
      'session.publish',
      'session.pause',
      'session.resume',
      'session.close',
    ]);
  });

  test('answers to resume only when the edge, too, has had time to hear of it', async () => {
    const { id } = await published();
    await turn('pause', id);
    const { config } = await import('../../config/index.ts');
    const askedAt = performance.now();
    expect(await turn('resume', id)).toEqual({ id, sale: { state: 'OPEN' } });
    expect(performance.now() - askedAt).toBeGreaterThan(config.edgePullMs);
  });

  test('is recorded: a sale that must be opened again stays as it was ordered', async () => {
    const { id } = await published();
    await turn('pause', id);
    expect(await as(anna)('session.adminGet', { id })).toMatchObject({ saleSwitch: 'PAUSED' });
    expect(await publish(id)).toEqual({ id, sale: { state: 'PAUSED' } });
  });

  test('records nothing that the arbiter did not hear', async () => {
    const { id } = await published();
    await stopSeckill();
    try {
      await refused(turn('pause', id), 'BUSY');
    } finally {
      await startSeckill();
    }
    expect(await as(anna)('session.adminGet', { id })).toMatchObject({ saleSwitch: 'OPEN' });
    expect((await arbiter.view(id)).switch).toBe('OPEN');
  });

  test('needs a sale, and is for its organiser', async () => {
    const { draft } = await makeDraft(anna);
    const { id } = await create(draft);
    const data = await refused(turn('pause', id), 'SALE_NOT_OPEN');
    expect(data).toEqual({ opensAt: draft.saleOpensAt });
    await refused(as(boris)('session.pause', { id }), 'NOT_FOUND');
    await refused(as(undefined)('session.pause', { id }), 'UNAUTHENTICATED');
  });
});

test('of a removed session nothing is found, and its row stays', async () => {
  const { draft, venue } = await makeDraft(anna);
  await makeTemplate(anna, venue.id);
  const { id } = await create(draft);
  await as(anna)('session.remove', { id });
  await refused(as(anna)('session.adminGet', { id }), 'NOT_FOUND');
  await refused(as(anna)('session.publish', { id }), 'NOT_FOUND');
  const { items } = await as(anna)<{ items: { id: string }[] }>('session.adminList', {});
  expect(items.map((item) => item.id)).not.toContain(id);
  const [rows] = await database().query('SELECT removedAt FROM sessions WHERE id = ?', {
    replacements: [id],
  });
  expect(rows).toEqual([{ removedAt: expect.any(Date) }]);
});
