/**
 * What the system has written down, everywhere: to show that a request which was refused left
 * nothing behind. Reads Redis and MySQL themselves.
 */
import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Config } from '../../config/index.ts';

/** Every key of the arbiter with a digest of its content; of a stream, how long it ever was. */
async function arbiterTraces({ arbiterUrl, namespace }: Config): Promise<[string, string][]> {
  const redis = new Redis(arbiterUrl);
  try {
    const keys = (await redis.keys(`${namespace}:*`)).toSorted();
    return await Promise.all(
      keys.map(async (key): Promise<[string, string]> => {
        // Groups of a stream note when they were seen, so its dump changes while nothing happens.
        if ((await redis.type(key)) === 'stream') {
          const info = (await redis.xinfo('STREAM', key)) as (string | number)[];
          return [key, `entries ${info[info.indexOf('entries-added') + 1]}`];
        }
        const dump = await redis.dumpBuffer(key);
        return [key, createHash('sha256').update(dump).digest('hex')];
      }),
    );
  } finally {
    redis.disconnect();
  }
}

/** Every table with a checksum of its rows. */
async function mysqlTraces({ mysqlUrl }: Config): Promise<[string, string][]> {
  const connection = await createConnection({ uri: mysqlUrl });
  try {
    const [tables] = await connection.query<RowDataPacket[]>(
      'SELECT TABLE_NAME AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
    );
    const names = tables.map(({ name }) => name as string).toSorted();
    const [sums] = await connection.query<RowDataPacket[]>('CHECKSUM TABLE ??', [names]);
    return sums.map(({ Table, Checksum }) => [Table, String(Checksum)]);
  } finally {
    await connection.end();
  }
}

/** Two of these are equal when nothing was written between them. */
export async function tracesOf(config: Config): Promise<Record<string, string>> {
  const [arbiter, mysql] = await Promise.all([arbiterTraces(config), mysqlTraces(config)]);
  return Object.fromEntries([...arbiter, ...mysql]);
}
