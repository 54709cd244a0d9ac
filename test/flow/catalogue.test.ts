/** A crowd comes to a show nobody has read yet: by the edge, and past it by the door behind. */
import { createHmac, randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { instancesOf } from '../../config/processes.ts';
import { edgeAuthText } from '../../contracts/claims.ts';
import { useStack } from '../support/stack.ts';
import { buildHall, type Hall, openSession, plainPlan, until, Visitor } from './visitor.ts';

const CROWD = 1_000;

// What is slow here is the machine, and nobody of a crowd is to be turned away for it.
const system = useStack({ env: { CACHE_COMMAND_MS: '1000', SHED_DELAY_MS: '60000' } });
let hall: Hall;
let sessionId: string;
let sql: mysql.Connection;
beforeAll(async () => {
  hall = await buildHall(system().url, plainPlan(4, 6));
  sessionId = await openSession(hall);
  sql = await mysql.createConnection(system().config.mysqlUrl);
  await sql.query("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON");
});
afterAll(() => sql?.end());

/** Reads a path as the edge would. */
async function behind(path: string): Promise<{ status: number; text: string }> {
  const { config } = system();
  const { httpPort } = instancesOf(config.portBase, 'sandbox').find(
    ({ name }) => name === 'front-1',
  )!;
  const [[, key]] = [...config.edgeKeys] as [[string, Parameters<typeof createHmac>[1]]];
  const [t, id, target] = [Date.now(), randomBytes(16).toString('hex'), `/api/v1${path}`];
  const mac = createHmac('sha256', key)
    .update(edgeAuthText(t, 'GET', target, '', id))
    .digest('hex');
  const answer = await fetch(`http://127.0.0.1:${httpPort}${target}`, {
    headers: { 'X-Request-Id': id, 'X-Edge-Auth': `t=${t},v1=${mac}` },
  });
  return { status: answer.status, text: await answer.text() };
}

/** Everybody at once, every second one past the edge. */
const crowd = (path: string) => {
  const buyer = new Visitor(system().url);
  return Promise.all(
    Array.from({ length: CROWD }, (_, i) => (i % 2 ? behind(path) : buyer.get(path))),
  );
};

/** The tables the catalogue was read from for an id. */
async function tablesRead(id: string): Promise<(string | undefined)[]> {
  const [rows] = await sql.query<mysql.RowDataPacket[]>(
    `SELECT CAST(argument AS CHAR) AS text FROM mysql.general_log
     WHERE command_type IN ('Query', 'Execute') AND thread_id <> CONNECTION_ID()`,
  );
  return rows
    .map((row) => String(row.text))
    .filter((text) => text.includes(id) && /^SELECT/i.test(text))
    .map((text) => / FROM `(\w+)`/.exec(text)?.[1]);
}

it('makes one query of a show, also right after it was changed', async () => {
  const path = `/shows/${hall.showId}`;
  const titles = async () => {
    const answers = await crowd(path);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    return new Set(answers.map(({ text }) => JSON.parse(text).title));
  };
  const { headers } = await hall.organiser.get(`/admin${path}`);
  const body = { title: 'Changed' };
  const ifMatch = { 'if-match': String(headers.etag) };
  const changed = await hall.organiser.ask('PATCH', `/admin${path}`, { body, headers: ifMatch });
  expect(changed.status).toBe(200);
  await sql.query('TRUNCATE mysql.general_log');
  expect(await titles()).toEqual(new Set(['Changed']));
  expect(await tablesRead(hall.showId)).toEqual(['shows', 'sessions']);
});

it('makes one query of a session and one of its layout', async () => {
  await hall.organiser.made('/admin/shows', { title: 'Any change', category: 'concert' });
  await sql.query('TRUNCATE mysql.general_log');
  await crowd(`/sessions/${sessionId}/layout`);
  const bodies = await crowd(`/sessions/${sessionId}`);
  expect(new Set(bodies.map(({ text }) => text)).size).toBe(1);
  const read = await tablesRead(sessionId);
  expect(read.filter((table) => table === 'session_layouts')).toHaveLength(1);
  // A layout is found by its session, which is kept from then on.
  expect(read.filter((table) => table === 'sessions')).toHaveLength(1);
});

it('is counted on the health port of the process', async () => {
  const { port } = instancesOf(system().config.portBase, 'sandbox').find(
    ({ name }) => name === 'catalogue-1',
  )!;
  const report = async () => (await fetch(`http://127.0.0.1:${port}/cached`)).json();
  const path = `/shows/${hall.showId}`;
  await behind(path);
  type Counts = { here: { hits: number; entries: number } };
  const before = (await report()) as Counts;
  await behind(path);
  await until('a hit', 5_000, report, (now) => (now as Counts).here.hits > before.here.hits);
  expect(before.here.entries).toBeGreaterThan(0);
});
