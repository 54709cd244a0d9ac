/** Posting from outside the arbiter: on the right stream, readable, also when Redis is full. */
import { afterAll, expect, test } from 'vitest';
import { keyspace } from '../../contracts/keys.ts';
import { privateServer, useEnvironment } from '../support/servers.ts';

const env = await useEnvironment({ SHARDS: '4', MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none' });
const { postMessage } = await import('../../mixins/posting.ts');
const { redisClient } = await import('../../mixins/redis.ts');

const server = await privateServer('arbiter');
const redis = redisClient(server.url, 'hot');
afterAll(async () => {
  redis.disconnect();
  await server.end();
});

const keys = keyspace(env.NAMESPACE!, 4);
const paid = (sale: string) => ({ sale, orderId: 'o1', uid: 'u1', seats: [7] });

test('appends to the stream of the shard that has the sale, and answers the entry id', async () => {
  for (const sale of ['a', 'b', 'c', 'd', 'e']) {
    const id = await postMessage(redis, 'order.paid', sale, paid(sale), { requestId: 'r1' });
    const stream = keys.stream('order.paid', keys.shardOf(sale));
    const [[entryId, fields]] = (await redis.xrevrange(stream, '+', '-', 'COUNT', 1)) as [
      [string, string[]],
    ];
    expect(entryId).toBe(id);
    expect(fields.filter((_, i) => i % 2 === 0)).toEqual(['payload', 'headers']);
    expect(JSON.parse(fields[1]!)).toEqual(paid(sale));
    expect(JSON.parse(fields[3]!)).toMatchObject({ $requestID: 'r1' });
  }
});

test('posts again after Redis forgot its scripts', async () => {
  await postMessage(redis, 'order.paid', 'a', paid('a'));
  await redis.script('FLUSH');
  expect(await postMessage(redis, 'order.paid', 'a', paid('a'))).toMatch(/^\d+-\d+$/);
});

test('posts when Redis is full', async () => {
  await redis.config('SET', 'maxmemory', '100');
  await expect(redis.set('x', 'y')).rejects.toThrow('OOM');
  expect(await postMessage(redis, 'order.paid', 'a', paid('a'))).toMatch(/^\d+-\d+$/);
  await redis.config('SET', 'maxmemory', '512mb');
});

test('fails, soon, when Redis is away, and posts again when it is back', async () => {
  await server.stop();
  const startedMs = performance.now();
  await expect(postMessage(redis, 'order.paid', 'a', paid('a'))).rejects.toThrow();
  for (let i = 0; i < 10; i++)
    await expect(postMessage(redis, 'order.paid', 'a', paid('a'))).rejects.toThrow();
  expect(performance.now() - startedMs).toBeLessThan(500);
  await server.start();
  await expect
    .poll(() => postMessage(redis, 'order.paid', 'a', paid('a')).catch(() => ''), {
      timeout: 5_000,
    })
    .toMatch(/^\d+-\d+$/);
});
