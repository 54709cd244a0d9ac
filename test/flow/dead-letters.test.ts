/** A message that nobody can take, in the hands of an operator: over HTTP and in the REPL. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { beforeAll, expect, it } from 'vitest';
import type { DeadLetter } from '../../contracts/dead-letter.ts';
import { REFUSALS } from '../../contracts/errors.ts';
import { keyspace } from '../../contracts/keys.ts';
import { useStack } from '../support/stack.ts';
import { signIn, until, type Visitor } from './visitor.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LETTERS = '/admin/dead-letters';

const system = useStack();
let operator: Visitor;
beforeAll(async () => {
  operator = await signIn(system().url, 'opal', 'operator');
});

const repl = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(ROOT, 'bin/repl.ts'), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...system().env },
  });
const listed = async (query = ''): Promise<DeadLetter[]> =>
  (await operator.get(`${LETTERS}${query}`)).body.items;

/** Puts what no service can read into the stream of deadlines, and waits until it is filed. */
async function poison(text: string): Promise<DeadLetter> {
  const { config } = system();
  const redis = new Redis(config.arbiterUrl);
  try {
    const stream = keyspace(config.namespace, config.shards).stream('deadline.due', 0);
    await redis.xadd(stream, '*', 'payload', text);
  } finally {
    redis.disconnect();
  }
  return (await until('a dead letter', 10_000, listed, ({ length }) => length > 0))[0]!;
}

it('is read, replayed in vain, and discarded with a reason', async () => {
  const { id } = await poison('{"no": "deadline"}');
  const whole = await operator.get(`${LETTERS}/${id}`);
  expect(whole.body).toMatchObject({
    state: 'open',
    service: 'order',
    content: { payload: { no: 'deadline' } },
  });
  expect((await operator.post(`${LETTERS}/${id}/replay`)).body).toMatchObject({
    state: 'replayed',
    resolvedBy: 'opal',
  });
  const twice = ([letter]: DeadLetter[]) => letter?.deaths === 2;
  await until('its second death', 10_000, listed, twice);
  const reasonless = await operator.post(`${LETTERS}/${id}/discard`);
  expect([reasonless.status, reasonless.body.errors[0].pointer]).toEqual([422, '/reason']);
  const discarded = await operator.post(`${LETTERS}/${id}/discard`, { reason: 'poison' });
  expect(discarded.body).toMatchObject({ state: 'discarded', resolution: 'poison' });
  for (const language of ['zh', 'en'] as const) {
    const late = await operator.post(
      `${LETTERS}/${id}/replay`,
      {},
      { 'accept-language': language },
    );
    expect([late.status, late.body.code, late.body.state, late.body.title]).toEqual([
      409,
      'LETTER_RESOLVED',
      'discarded',
      REFUSALS.LETTER_RESOLVED[language],
    ]);
  }
  expect((await listed('?state=discarded')).map((letter) => letter.id)).toEqual([id]);
  expect((await operator.get(`${LETTERS}/${'0'.repeat(64)}`)).body.code).toBe('NOT_FOUND');
});

it('is resolved in the REPL by the beginning of its id', async () => {
  const { id } = await poison('{"no": "more"}');
  const beginning = id.slice(0, 8);
  expect((await repl('dead-letters')).stdout).toContain(id);
  const shown = JSON.parse((await repl('dead-letter', beginning, '--json')).stdout);
  expect(shown.fields).toEqual(['payload', '{"no": "more"}']);
  const reasonless = await repl('discard', beginning).catch((error) => error.stderr);
  expect(reasonless).toContain('VALIDATION_FAILED');
  const discarded = await repl('discard', beginning, '--reason', 'poison', '--json');
  expect(JSON.parse(discarded.stdout)).toMatchObject({
    state: 'discarded',
    resolvedBy: 'repl',
    resolution: 'poison',
  });
  const late = await repl('replay', beginning).catch((error) => error.stderr);
  expect(late).toContain('LETTER_RESOLVED');
});
