/** Transactions as a whole: what is lost to contention runs again, what is refused does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from 'sequelize';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MessageDied } from '../../contracts/channels.ts';
import { refuse } from '../../contracts/errors.ts';
import { useEnvironment } from '../support/servers.ts';

await useEnvironment();
const { closeDatabase, database, databaseHealth, inTransaction } = await import(
  '../../mixins/database.ts'
);
const { fileDeadLetter } = await import('../../mixins/dead-letters.ts');

beforeAll(async () => {
  await database().query('CREATE TABLE tally (name VARCHAR(8) PRIMARY KEY, count INT NOT NULL)');
});
beforeEach(async () => {
  await database().query("REPLACE INTO tally VALUES ('a', 0), ('b', 0)");
});
afterAll(() => closeDatabase());

const add = (name: string, transaction: Transaction) =>
  database().query('UPDATE tally SET count = count + 1 WHERE name = ?', {
    replacements: [name],
    transaction,
  });
const counts = async () => {
  const [rows] = await database().query('SELECT count FROM tally ORDER BY name');
  return (rows as { count: number }[]).map(({ count }) => count);
};

test('a transaction lost to a deadlock runs again, whole', async () => {
  let attempts = 0;
  const holdsFirst = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const cross = (mine: 0 | 1, first: string, second: string) =>
    inTransaction(async (transaction) => {
      attempts++;
      await add(first, transaction);
      holdsFirst[mine].resolve();
      await holdsFirst[1 - mine]!.promise;
      await add(second, transaction);
      return mine;
    });
  expect(await Promise.all([cross(0, 'a', 'b'), cross(1, 'b', 'a')])).toEqual([0, 1]);
  expect(attempts).toBe(3);
  expect(await counts()).toEqual([2, 2]);
});

test('a refusal rolls back and is not repeated', async () => {
  let attempts = 0;
  const work = inTransaction(async (transaction) => {
    attempts++;
    await add('a', transaction);
    refuse('LIMIT_REACHED', { limit: 4, held: 4 });
  });
  await expect(work).rejects.toMatchObject({ type: 'LIMIT_REACHED', data: { limit: 4 } });
  expect(attempts).toBe(1);
  expect(await counts()).toEqual([0, 0]);
});

test('a fault of the statement is not repeated either', async () => {
  let attempts = 0;
  const work = inTransaction(async (transaction) => {
    attempts++;
    await database().query("INSERT INTO tally VALUES ('a', 0)", { transaction });
  });
  await expect(work).rejects.toThrow();
  expect(attempts).toBe(1);
});

test('contention without end becomes BUSY', async () => {
  let attempts = 0;
  const work = inTransaction(
    async () => {
      attempts++;
      throw Object.assign(new Error('Deadlock found'), { errno: 1213 });
    },
    () => 0,
  );
  await expect(work).rejects.toMatchObject({ type: 'BUSY' });
  expect(attempts).toBe(10);
});

test('reads what others committed meanwhile, in UTC and to the millisecond', async () => {
  await inTransaction(async (transaction) => {
    const read = () =>
      database().query("SELECT count FROM tally WHERE name = 'a'", { transaction, raw: true });
    await read();
    await inTransaction((other) => add('a', other));
    const [rows] = await read();
    expect(rows).toEqual([{ count: 1 }]);
  });
  const [rows] = await database().query(
    "SELECT CAST('2026-01-02 03:04:05.678' AS DATETIME(3)) AS at",
  );
  expect((rows as { at: Date }[])[0]!.at.toISOString()).toBe('2026-01-02T03:04:05.678Z');
});

test('says whether MySQL answers', async () => {
  expect(await databaseHealth()).toEqual({ ok: true });
});

test('files a dead letter once, however often it is reported', async () => {
  const died: MessageDied = {
    stream: 't:{s0}:order.paid',
    channel: 'order.paid',
    group: 'seckill',
    entryId: '1700000000000-0',
    fields: ['payload', '{破'],
    reason: 'payload is not a JSON object',
    atMs: Date.parse('2026-01-02T03:04:05.678Z'),
  };
  await fileDeadLetter(died);
  await sleep(2);
  await fileDeadLetter({ ...died, atMs: died.atMs + 1 });
  await fileDeadLetter({ ...died, group: 'other' });
  const [rows] = await database().query(
    'SELECT service, fields, reason, diedAt FROM dead_letters ORDER BY service DESC',
  );
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual({
    service: 'seckill',
    fields: '["payload","{破"]',
    reason: 'payload is not a JSON object',
    diedAt: new Date(died.atMs),
  });
});
