/** The catalogue in two processes, and how often a real MariaDB is asked for it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { ServiceBroker } from 'moleculer';
import mysql from 'mysql2/promise';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import { migrate } from '../../bin/migrate.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { privateServer, useEnvironment } from '../support/servers.ts';

const [cache, maria] = await Promise.all([privateServer('cache'), privateServer('mariadb')]);
const MYSQL_URL = `${maria.url}/kept`;
await migrate(MYSQL_URL);
// What is slow here is the machine.
const PATIENT = { CACHE_COMMAND_MS: '1000', REQUEST_MS: '15000' };
const env = await useEnvironment({ CACHE_URL: cache.url, MYSQL_URL, ...PATIENT });
const { joining } = await import('../../moleculer.config.ts');
const { newId } = await import('../../contracts/ids.ts');

const NODES = ['one', 'other'] as const;
type Node = (typeof NODES)[number];
const nodeId = (node: Node) => `${env.NAMESPACE}-${node}`;
const asker = new ServiceBroker({ ...joining, logger: false, nodeID: `${env.NAMESPACE}-asker` });
const children: ChildProcess[] = [];
let sql: mysql.Connection;

beforeAll(async () => {
  for (const node of NODES)
    children.push(
      spawn(process.execPath, [join(import.meta.dirname, 'catalogue.child.ts'), nodeId(node)], {
        env: { ...process.env, ...env },
        stdio: 'inherit',
      }),
    );
  sql = await mysql.createConnection(MYSQL_URL);
  await sql.query('SET FOREIGN_KEY_CHECKS = 0');
  await sql.query("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON");
  await asker.start();
  const there = (node: Node, service: string) =>
    ask(node, `${service}.health`, {}).catch((error: Error) => error.message);
  for (const node of NODES)
    for (const service of ['show', 'venue', 'session', 'seat-template'])
      await vi.waitFor(async () => expect(await there(node, service)).toEqual({ ok: true }), {
        timeout: 30_000,
        interval: 100,
      });
});
afterAll(async () => {
  await asker.stop();
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await sql.end();
  await Promise.all([cache.end(), maria.end()]);
});
beforeEach(() => sql.query('TRUNCATE mysql.general_log'));
afterEach(async () => {
  cache.resume();
  await cache.waitReady();
});

const anna = { uid: 'anna', role: 'organiser' };
type Seen = Record<string, unknown> & { id: string; version: number };
const ask = <Result = Seen>(node: Node, action: string, params: object, user?: object) =>
  asker.call<Result, object>(action, params, {
    nodeID: nodeId(node),
    meta: { ...(user && { user }) },
    timeout: 20_000,
  });
const makeShow = (title = 'Hamlet') =>
  ask('one', 'show.create', { title, category: 'theatre' }, anna);
const times = <Item>(count: number, make: (i: number) => Item): Item[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** Everything MariaDB was asked that names a text. */
async function queriesWith(text: string): Promise<string[]> {
  const [rows] = await sql.query<mysql.RowDataPacket[]>(
    `SELECT CAST(argument AS CHAR) AS text FROM mysql.general_log
     WHERE command_type IN ('Query', 'Execute') AND thread_id <> CONNECTION_ID()`,
  );
  return rows.map((row) => String(row.text)).filter((query) => query.includes(text));
}

/** A published session with its layout, as if its sale had been opened. */
async function makeSession(showId: string): Promise<string> {
  const id = newId(Date.now(), randomBytes);
  const moment = '2030-01-01 12:00:00.000';
  const layout: LayoutColumns = {
    ...{ layoutVersion: `v-${id}`, seatCount: 1, size: { width: 1, height: 1 }, tiers: ['A'] },
    ...{ sections: ['S'], rows: [{ section: 0, row: '1' }], seat: [0], label: ['1'] },
    ...{ x: [0], y: [0], tier: [0], row: [0] },
  };
  const row = {
    ...{ id, showId, ownerUid: 'anna', venueId: 'v', seatTemplateId: 't', startsAt: moment },
    ...{ reservationOpensAt: moment, reservationClosesAt: moment, saleOpensAt: moment },
    ...{ saleClosesAt: moment, reservationRequired: 0, seatsPerBuyerMax: 4, lockMs: 900_000 },
    ...{ tiers: '[{"tier":"A","priceFen":1}]', stage: 'PUBLISHED', saleSwitch: 'OPEN' },
    ...{ layoutVersion: layout.layoutVersion, seatCount: 1, version: 1 },
    ...{ createdAt: moment, updatedAt: moment },
  };
  await sql.query('INSERT INTO sessions SET ?', [row]);
  const packed = { sessionId: id, layoutVersion: layout.layoutVersion };
  const bytes = gzipSync(JSON.stringify(layout));
  await sql.query('INSERT INTO session_layouts SET ?', [{ ...packed, layout: bytes }]);
  return id;
}

describe('a thousand who come to something cold, through two processes', () => {
  const crowd = <Result = Seen>(action: string, params: object) =>
    Promise.all(times(1_000, (i) => ask<Result>(NODES[i % 2]!, action, params)));
  it('make one query of a show and one of its sessions', async () => {
    const { id } = await makeShow();
    await sql.query('TRUNCATE mysql.general_log');
    const answers = await crowd('show.get', { id });
    expect(new Set(answers.map(({ title }) => title))).toEqual(new Set(['Hamlet']));
    const selects = (await queriesWith(id)).map((query) => / FROM `(\w+)`/.exec(query)?.[1]);
    expect(selects).toEqual(['shows', 'sessions']);
  });
  it('make one query of a venue', async () => {
    const venue = { name: 'Hall', city: '上海', timeZone: 'Asia/Shanghai' };
    const { id } = await ask('other', 'venue.create', venue, anna);
    await sql.query('TRUNCATE mysql.general_log');
    await crowd('venue.get', { id });
    expect(await queriesWith(id)).toHaveLength(1);
  });
  it('make one query of a session, and one of its layout, which crosses as bytes', async () => {
    const id = await makeSession('of-nobody');
    const answers = await Promise.all(
      times(400, async (i) => {
        const answer = await ask<Readable>(NODES[i % 2]!, 'session.layout', { id });
        return Buffer.concat(await answer.toArray()).toString();
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(answers[0]!)).toMatchObject({ layoutVersion: `v-${id}`, seatCount: 1 });
    const selects = (await queriesWith(id)).map((query) => / FROM `(\w+)`/.exec(query)?.[1]);
    expect(selects).toEqual(['sessions', 'session_layouts']);
  });
  it('make one query of a page of shows', async () => {
    const city = `city-${newId(Date.now(), randomBytes)}`;
    await crowd('show.list', { city, limit: 10, sort: 'title' });
    expect(await queriesWith(city)).toHaveLength(1);
  });
  it('make one query of what does not exist', async () => {
    const id = newId(Date.now(), randomBytes);
    const ends = await Promise.allSettled(
      times(1_000, (i) => ask(NODES[i % 2]!, 'show.get', { id })),
    );
    expect(new Set(ends.map((end) => end.status === 'rejected' && end.reason.type))).toEqual(
      new Set(['NOT_FOUND']),
    );
    expect(await queriesWith(id)).toHaveLength(1);
  });
});

describe('a change', () => {
  it('that was answered by one process is what the other answers next', async () => {
    let { id, version } = await makeShow('0');
    for (let i = 1; i <= 20; i++) {
      const [writer, reader] = i % 2 ? NODES : [...NODES].reverse();
      const before = await ask(reader!, 'show.get', { id });
      expect(before.title).toBe(String(i - 1));
      const patch = { id, ifMatch: `"${version}"`, title: String(i) };
      ({ version } = await ask(writer!, 'show.update', patch, anna));
      expect((await ask(reader!, 'show.get', { id })).title).toBe(String(i));
    }
    await ask('one', 'show.remove', { id, ifMatch: `"${version}"` }, anna);
    await expect(ask('other', 'show.get', { id })).rejects.toMatchObject({ type: 'NOT_FOUND' });
  });
  it('is in the pages, too', async () => {
    const titles = async (node: Node) =>
      (await ask<{ items: Seen[] }>(node, 'show.list', { limit: 1 })).items.map((s) => s.title);
    for (const title of ['Lear', 'Othello']) {
      await makeShow(title);
      expect(await titles('one')).toEqual([title]);
      expect(await titles('other')).toEqual([title]);
    }
  });
  it('is what an organiser reads, who never reads what was kept', async () => {
    const { id } = await makeShow('Hamlet');
    const titles = async () => [
      (await ask('one', 'show.get', { id })).title,
      (await ask('one', 'show.adminGet', { id }, anna)).title,
    ];
    expect(await titles()).toEqual(['Hamlet', 'Hamlet']);
    // Behind the back of everybody who would tell of it.
    await sql.query("UPDATE shows SET title = 'Macbeth' WHERE id = ?", [id]);
    expect(await titles()).toEqual(['Hamlet', 'Macbeth']);
    await makeShow('any change');
    expect(await titles()).toEqual(['Macbeth', 'Macbeth']);
  });
});

describe('a cache Redis that takes nothing, and answers', () => {
  it('is not believed by who could not tell it, and by nobody once it is told', async () => {
    const { id, version } = await makeShow('old');
    const title = async (node: Node) => (await ask(node, 'show.get', { id })).title;
    expect([await title('one'), await title('other')]).toEqual(['old', 'old']);
    const redis = new Redis(cache.url);
    onTestFinished(() => redis.disconnect());
    await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
    await ask('one', 'show.update', { id, ifMatch: `"${version}"`, title: 'new' }, anna);
    expect(await title('one')).toBe('new');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '0');
    await expect.poll(() => title('other'), { timeout: 10_000 }).toBe('new');
  });
});

describe('without the cache Redis', () => {
  it.each(['killed', 'paused'])(
    '%s: nothing fails, nothing is old, MySQL is not stormed',
    async (how) => {
      const shows = await Promise.all(times(40, (i) => makeShow(`${i}`)));
      if (how === 'killed') cache.kill('SIGKILL');
      else cache.pause();
      const crowd = () =>
        Promise.all(times(1_000, (i) => ask(NODES[i % 2]!, 'show.get', { id: shows[i % 40]!.id })));
      await crowd();
      const { id, version } = shows[7]!;
      const patch = { id, ifMatch: `"${version}"`, title: 'changed' };
      await ask('one', 'show.update', patch, anna);
      for (const node of NODES) expect((await ask(node, 'show.get', { id })).title).toBe('changed');
      await crowd();
      const [[used]] = await sql.query<mysql.RowDataPacket[]>(
        "SHOW STATUS LIKE 'Max_used_connections'",
      );
      expect(Number(used!.Value)).toBeLessThanOrEqual(2 * 10 + 2);
    },
  );
  it('back: what is read is kept again', async () => {
    const { id } = await makeShow('back');
    await expect
      .poll(
        async () => {
          await sql.query('TRUNCATE mysql.general_log');
          await ask('one', 'show.get', { id });
          await ask('one', 'show.get', { id });
          await ask('other', 'show.get', { id });
          return (await queriesWith(id)).length;
        },
        { timeout: 20_000 },
      )
      .toBe(0);
  });
});
