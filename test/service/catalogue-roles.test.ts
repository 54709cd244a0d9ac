/** Who may do what with the catalogue, over HTTP: every path under /admin, asked by everybody. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BODIES, type Catalogue, makeAll, openCatalogue } from './catalogue-door.ts';

const ANNA = { uid: 'anna', role: 'organiser' };
const ASKERS = {
  nobody: {},
  buyer: { uid: 'bea', role: 'buyer' },
  other: { uid: 'boris', role: 'organiser' },
  owner: ANNA,
  operator: { uid: 'olga', role: 'operator' },
};
type Asker = keyof typeof ASKERS;
type Objects = Awaited<ReturnType<typeof makeAll>>;

let door: Catalogue;
beforeAll(async () => {
  door = await openCatalogue();
});
afterAll(() => door.close());

interface Case {
  /** What the owner, another organiser and an operator are answered. */
  readonly says: readonly [number, number, number];
  readonly of?: keyof Objects;
  /** Asked about what stands before it: a session that is on sale. */
  readonly published?: true;
  readonly body?: (objects: Objects) => object;
  readonly headers?: Record<string, string>;
}
const OWN = [200, 404, 200] as const;
const OPERATOR = [403, 403, 200] as const;
const IF_FIRST = { 'If-Match': '"1"' };

const managed = (path: string, of: keyof Objects, create: Case, change: object) => ({
  [`GET /admin/${path}`]: { says: [200, 200, 200] },
  [`POST /admin/${path}`]: create,
  [`GET /admin/${path}/:id`]: { says: OWN, of },
  [`PATCH /admin/${path}/:id`]: { says: OWN, of, body: () => change, headers: IF_FIRST },
  [`DELETE /admin/${path}/:id`]: { says: OWN, of },
});

const CASES: Record<string, Case> = {
  ...managed('venues', 'venue', { says: [201, 201, 201], body: () => BODIES.venue }, { name: 'X' }),
  ...managed('shows', 'show', { says: [201, 201, 201], body: () => BODIES.show }, { title: 'X' }),
  ...managed(
    'seat-templates',
    'template',
    { says: [201, 422, 201], body: ({ venue }) => BODIES.template(venue.id) },
    { name: 'X' },
  ),
  ...managed(
    'sessions',
    'session',
    {
      says: [201, 422, 201],
      body: ({ show, venue, template }) => BODIES.session(show.id, venue.id, template.id),
    },
    { seatsPerBuyerMax: 2 },
  ),
  'POST /admin/seat-templates/validate': {
    says: [200, 200, 200],
    body: ({ venue }) => BODIES.template(venue.id),
  },
  'GET /admin/seat-templates/:id/plan': { says: OWN, of: 'template' },
  'GET /admin/seat-templates/:id/versions': { says: OWN, of: 'template' },
  'POST /admin/sessions/:id/publish': { says: OWN, of: 'session', body: () => ({}) },
  'POST /admin/sessions/:id/pause': { says: OWN, of: 'session', published: true },
  'POST /admin/sessions/:id/resume': { says: OWN, of: 'session', published: true },
  'POST /admin/sessions/:id/close': { says: OWN, of: 'session', published: true },
  'GET /admin/sessions/:sessionId/seats/:seat': { says: OPERATOR, of: 'session', published: true },
  'POST /admin/sessions/:sessionId/seats/:seat/release': {
    says: OPERATOR,
    of: 'session',
    body: () => ({ reason: 'x' }),
  },
  'POST /admin/sessions/:sessionId/seats/:seat/block': {
    says: OPERATOR,
    of: 'session',
    body: () => ({ reason: 'x' }),
  },
  'POST /admin/sessions/:sessionId/seats/:seat/unblock': {
    says: OPERATOR,
    of: 'session',
    body: () => ({ reason: 'x' }),
  },
  'GET /admin/sessions/:sessionId/blocks': { says: OWN, of: 'session' },
  'GET /admin/sessions/:sessionId/sales': { says: OWN, of: 'session' },
  'GET /admin/orders': { says: OPERATOR },
  'GET /admin/orders/:orderId': { says: OPERATOR },
  'GET /admin/nodes': { says: OPERATOR },
  'POST /admin/sessions/:sessionId/reconcile': { says: OPERATOR, of: 'session' },
  'GET /admin/audit': { says: OPERATOR },
  'GET /admin/config': { says: OPERATOR },
  'GET /admin/config/changes': { says: OPERATOR },
  'GET /admin/config/diff': { says: OPERATOR },
  'GET /admin/config/:setting': { says: OPERATOR },
  'PATCH /admin/config/:setting': { says: OPERATOR, body: () => ({ value: 1, reason: 'x' }) },
  'DELETE /admin/config/:setting': { says: OPERATOR },
  'GET /admin/config/:setting/history': { says: OPERATOR },
  'POST /admin/config/:setting/rollback': {
    says: OPERATOR,
    body: () => ({ revision: 1, reason: 'x' }),
  },
  'GET /admin/dead-letters': { says: OPERATOR },
  'GET /admin/dead-letters/:id': { says: OPERATOR },
  'POST /admin/dead-letters/:id/replay': { says: OPERATOR },
  'POST /admin/dead-letters/:id/discard': { says: OPERATOR, body: () => ({ reason: 'x' }) },
};

test('the table has every path under /admin, and no other', async () => {
  const { ROUTES } = await import('../../services/gateway/routes.ts');
  const lines = ROUTES.map(({ method, path }) => `${method} ${path.replace('/api/v1', '')}`);
  expect(Object.keys(CASES).toSorted()).toEqual(
    lines.filter((line) => line.includes('/admin/')).toSorted(),
  );
});

/** What a removal needs gone before it. */
const REFERRING = {
  venue: ['session', 'template'],
  show: ['session'],
  template: ['session'],
  session: [],
} as const;
const PATHS = {
  venue: 'venues',
  show: 'shows',
  template: 'seat-templates',
  session: 'sessions',
} as const;

async function prepared(line: string, { of, published }: Case): Promise<Objects> {
  const objects = await makeAll(door, ANNA);
  if (line.startsWith('DELETE') && of)
    for (const kind of REFERRING[of])
      await door.does(`DELETE /admin/${PATHS[kind]}/${objects[kind].id}`, ANNA);
  if (published) {
    const { id } = objects.session;
    await door.does(`POST /admin/sessions/${id}/publish`, { ...ANNA, body: {} });
  }
  return objects;
}

test.each(Object.entries(CASES))('%s', async (line, asked) => {
  const [owner, other, operator] = asked.says;
  const expected: Record<Asker, number> = { nobody: 401, buyer: 403, owner, other, operator };
  let objects = await prepared(line, asked);
  const answers: Record<string, number> = {};
  for (const asker of Object.keys(ASKERS) as Asker[]) {
    // What the owner did to it is not what the others are asked about.
    if (asker === 'operator' && !line.startsWith('GET')) objects = await prepared(line, asked);
    const id = asked.of ? objects[asked.of].id : '0123456789abcdef';
    const target = line.replace(/:(id|sessionId)\b/, id).replace(':seat', '1');
    const answer = await door.ask(target, {
      ...ASKERS[asker],
      ...(asked.headers && { headers: asked.headers }),
      ...(/^(POST|PATCH)/.test(line) && { body: asked.body?.(objects) ?? {} }),
    });
    answers[asker] = answer.status;
    if (asker === 'other' && answer.status === 404)
      expect(answer.json).toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(answers).toEqual(expected);
});
test('a list shows an organiser what is theirs, an operator everything', async () => {
  const { venue } = await makeAll(door, ANNA);
  const of = async (asker: Asker) => {
    const { items } = await door.does('GET /admin/venues', ASKERS[asker]);
    return items.map(({ id }: { id: string }) => id);
  };
  expect(await of('owner')).toContain(venue.id);
  expect(await of('other')).not.toContain(venue.id);
  expect(await of('operator')).toContain(venue.id);
});

test('the audit log says who did what to which, as what, by which request; in pages', async () => {
  const { venue, session } = await makeAll(door, ANNA);
  const olga = ASKERS.operator;
  await door.does(`PATCH /admin/venues/${venue.id}`, {
    ...olga,
    headers: IF_FIRST,
    body: { name: '新' },
  });
  const log = (query: string) => door.does(`GET /admin/audit?${query}`, olga);
  const { items, nextCursor } = await log(`target=${venue.id}`);
  expect(nextCursor).toBe(null);
  expect(items).toEqual([
    expect.objectContaining({
      actor: 'olga',
      role: 'operator',
      action: 'venue.update',
      target: venue.id,
      before: expect.objectContaining({ name: 'Hall', version: 1 }),
      after: expect.objectContaining({ name: '新', version: 2 }),
      requestId: door.requestId,
    }),
    expect.objectContaining({ actor: 'anna', action: 'venue.create', before: null }),
  ]);
  const first = await log('actor=anna&limit=1');
  expect(first.items).toMatchObject([{ target: session.id }]);
  const second = await log(`actor=anna&limit=1&cursor=${first.nextCursor}`);
  expect(second.items).toMatchObject([{ action: 'seat-template.create' }]);
  expect((await log('action=venue.update&limit=1')).items).toMatchObject([{ actor: 'olga' }]);
  expect((await log(`target=${venue.id}&from=2099-01-01`)).items).toEqual([]);
  expect((await log(`target=${venue.id}&to=2001-01-01T00:00:00Z`)).items).toEqual([]);
  for (const wrong of ['limit=101', 'cursor=x', 'cursor=JyBPUiAxPTE', 'from=soon', 'uid=anna'])
    expect((await door.ask(`GET /admin/audit?${wrong}`, olga)).status, wrong).toBe(422);
});
