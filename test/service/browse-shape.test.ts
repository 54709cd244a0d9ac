/**
 * What browsing costs among 100,000 shows with as many sessions: not how long it takes, which says
 * more about the machine, but how many rows MySQL reads for it, and whether it sorts.
 */
import { QueryTypes } from 'sequelize';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useEnvironment } from '../support/servers.ts';

await useEnvironment();
const { closeDatabase, database } = await import('../../mixins/database.ts');
const { browse } = await import('../../services/show/browse.ts');
type Browse = Parameters<typeof browse>[0];

const COUNT = 100_000;
const NOW = Date.UTC(2030, 0, 1);
const SEARCHED_MAX = 50_000;

const ID = "LPAD(seq, 16, '0')";
const SAME = "'anna', 1, '2027-01-01', '2027-01-01'";
const HALL = `INSERT INTO venues (id, name, city, timeZone, ownerUid, version, createdAt, updatedAt)
  VALUES ('hall', 'Hall', 'x', 'UTC', ${SAME})`;
const PLAN = `INSERT INTO seat_templates (id, venueId, name, plan, standing, seatCount, tiers,
    ownerUid, version, createdAt, updatedAt)
  VALUES ('plan', 'hall', 'Plan', '', '[]', 0, '[]', ${SAME})`;
const SHOWS = `INSERT INTO shows (id, title, artist, category, city, description,
    ownerUid, version, createdAt, updatedAt)
  SELECT ${ID}, CONCAT('演出 ', MOD(seq * 7919, ${COUNT})), CONCAT('Artist ', MOD(seq, 500)),
    CONCAT('kind ', MOD(seq, 20)), CONCAT('city ', MOD(seq, 300)), REPEAT('字', 300), ${SAME}
  FROM seq_1_to_${COUNT}`;
/** One each, an hour apart, half of them past. */
const SESSIONS = `INSERT INTO sessions (id, showId, venueId, seatTemplateId, startsAt,
    reservationOpensAt, reservationClosesAt, saleOpensAt, saleClosesAt, reservationRequired,
    seatsPerBuyerMax, lockMs, tiers, stage, saleSwitch, ownerUid, version, createdAt, updatedAt)
  SELECT ${ID}, ${ID}, 'hall', 'plan',
    '2030-01-01' + INTERVAL (CAST(MOD(seq * 104729, ${COUNT}) AS SIGNED) - ${COUNT / 2}) HOUR,
    '2027-01-01', '2027-01-01', '2027-01-01', '2027-01-01', FALSE, 1, 5000, '[]', 'PUBLISHED',
    'OPEN', ${SAME}
  FROM seq_1_to_${COUNT}`;

const statements: string[] = [];

beforeAll(async () => {
  for (const insert of [HALL, PLAN, SHOWS, SESSIONS]) await database().query(insert);
  await database().query('ANALYZE TABLE shows, sessions');
  const { options } = database() as unknown as { options: { logging(sql: string): void } };
  options.logging = (sql) => {
    statements.push(sql.replace(/^Executing \(.*?\): /, ''));
  };
}, 180_000);
afterAll(closeDatabase);

/** The statements of a page, each with the rows it reads and how MySQL would go about it. */
async function costOf(asked: Browse) {
  statements.length = 0;
  const page = await browse(asked, NOW, ({ id, title }) => ({ id, title }));
  const asking = statements.slice();
  let read = 0;
  const plans: string[] = [];
  await database().transaction(async (transaction) => {
    const rows = (sql: string) =>
      database().query<Record<string, string>>(sql, { type: QueryTypes.SELECT, transaction });
    for (const sql of asking) {
      await database().query('FLUSH STATUS', { transaction });
      await rows(sql);
      const counts = await rows("SHOW SESSION STATUS LIKE 'Handler_read%'");
      read += counts.reduce((sum, { Value }) => sum + Number(Value), 0);
      plans.push(...(await rows(`EXPLAIN ${sql}`)).map((row) => `${row.type} ${row.Extra}`));
    }
  });
  return { page, read, plan: plans.join('; ') };
}

/** A page of 20 in its order reads little more than its rows. */
const FEW = 500;

describe.each([
  ['the newest', {}],
  ['the newest of a city', { city: 'city 7' }],
  ['the newest of a kind', { category: 'kind 3' }],
  ['titles', { sort: 'title' }],
  ['what comes soonest', { sort: 'soonest' }],
  ['what starts in a month', { from: '2031-03-01', to: '2031-03-31', sort: 'soonest' }],
] satisfies [string, Browse][])('%s', (_name, asked: Browse) => {
  test('cost what a page shows, the first as the tenth, and nothing is sorted', async () => {
    let { page, read, plan } = await costOf(asked);
    expect(page.items).toHaveLength(20);
    expect(read, plan).toBeLessThan(FEW);
    expect(plan).not.toMatch(/\bALL\b|filesort|temporary/);
    for (let i = 0; i < 9; i++)
      ({ page, read, plan } = await costOf({ ...asked, cursor: page.nextCursor! }));
    expect(page.items).toHaveLength(20);
    expect(read, plan).toBeLessThan(FEW);
    expect(plan).not.toMatch(/\bALL\b|filesort|temporary/);
  });
});

test.each([
  ['what comes soonest of a kind', { sort: 'soonest', category: 'kind 3' }],
  ['the newest of a kind in a city', { category: 'kind 7', city: 'city 7' }],
  ['the newest that start in a month', { from: '2031-03-01', to: '2031-03-31' }],
] satisfies [string, Browse][])(
  '%s cost what the rarer of the two leaves',
  async (_name, asked) => {
    const { page, read, plan } = await costOf(asked);
    expect(page.items).toHaveLength(20);
    expect(read, plan).toBeLessThan(5_000);
  },
);

test.each(['newest', 'title', 'soonest'] as const)(
  'a search in vain reads a bounded stretch of %s at a time, and comes to the end',
  async (sort) => {
    let cursor: string | undefined;
    for (let pages = 1; ; pages++) {
      const { page, read } = await costOf({ q: '没有这个', sort, ...(cursor && { cursor }) });
      expect(page.items).toEqual([]);
      expect(read).toBeLessThan(10 * SEARCHED_MAX);
      cursor = page.nextCursor ?? undefined;
      if (!cursor) break;
      expect(pages).toBeLessThanOrEqual(COUNT / SEARCHED_MAX);
    }
  },
);

test('a search finds the one, wherever it is, and each once', async () => {
  for (const sort of ['newest', 'title'] as const) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const asked = { q: '出 4711', sort, limit: 3, ...(cursor && { cursor }) };
      const page = await browse(asked, NOW, ({ title }) => title);
      found.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(found.toSorted()).toEqual(
      [...'0123456789']
        .map((digit) => `演出 4711${digit}`)
        .concat('演出 4711')
        .toSorted(),
    );
  }
});
