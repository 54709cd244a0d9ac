/**
 * The one MySQL connection pool of a process, and the one way to run a transaction: whole, and
 * whole again when InnoDB took another side. A deadlock is weather, never a refusal: reading it as
 * "seat taken" would abort a lock that is valid.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionError, DatabaseError, Sequelize, type Transaction } from 'sequelize';
import { config } from '../config/index.ts';
import type { Health } from '../contracts/actions.ts';
import { refusal, refuse } from '../contracts/errors.ts';

/** Deadlock, lock wait timeout, and a snapshot another transaction outran (MariaDB). */
const TRY_AGAIN: ReadonlySet<number | undefined> = new Set([1213, 1205, 1020]);
const ATTEMPTS = 10;
const FIRST_WAIT_MS = 4;
const LONGEST_WAIT_MS = 250;
const HEALTH_MS = 1_000;

let pool: Sequelize | undefined;

interface RawConnection {
  promise(): { query(sql: string): Promise<unknown> };
}

/** The pool of this process, made at the first call. All times are UTC. */
export function database(): Sequelize {
  pool ??= made();
  return pool;
}

function made(): Sequelize {
  const sequelize = new Sequelize(config.mysqlUrl, {
    dialect: 'mysql',
    logging: false,
    timezone: '+00:00',
    dialectOptions: { connectTimeout: 3_000, supportBigNumbers: true },
    pool: { max: config.mysqlPoolMax, min: 0, idle: 30_000, acquire: config.requestMs },
    define: { timestamps: false, freezeTableName: true },
    hooks: {
      // Once per connection instead of once per transaction: a round trip less on every one.
      afterConnect: async (connection) => {
        await (connection as RawConnection)
          .promise()
          .query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      },
    },
  });
  // Every statement of a model or of ours goes through here.
  const query = sequelize.query.bind(sequelize) as Sequelize['query'];
  sequelize.query = ((...asked: Parameters<Sequelize['query']>) =>
    query(...asked).catch(sayWeather)) as Sequelize['query'];
  return sequelize;
}

/**
 * MySQL away, or none of our connections free in time: the same request may succeed later. What
 * MySQL itself answers has an SQL state, and is none of this.
 */
function isAway(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  const { parent } = error as { parent?: { sqlState?: string } };
  return error instanceof DatabaseError && parent?.sqlState === undefined;
}

/** @throws always: BUSY for weather, its cause kept in this process; else the error as it is */
function sayWeather(error: unknown): never {
  throw isAway(error) ? Object.assign(refusal('BUSY'), { cause: error }) : error;
}

/** Closes the pool; a later {@link database} makes a new one. */
export async function closeDatabase(): Promise<void> {
  const closing = pool;
  pool = undefined;
  await closing?.close();
}

/**
 * True when InnoDB gave up the statement for the sake of another: the same work may succeed next.
 */
export function isContention(error: unknown): boolean {
  const { errno, parent } = error as { errno?: number; parent?: { errno?: number } };
  return TRY_AGAIN.has(parent?.errno ?? errno);
}

/**
 * Runs `work` in one transaction and commits it. Lost to contention, the whole of it runs again: it
 * must not have effects outside the transaction.
 * @throws BUSY after {@link ATTEMPTS} losses; whatever else `work` throws, after a rollback.
 */
export async function inTransaction<T>(
  work: (transaction: Transaction) => Promise<T>,
  random: () => number = Math.random,
): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return await database().transaction(work);
    } catch (error) {
      if (!isContention(error)) return sayWeather(error);
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS);
      await sleep(waitMs * (0.5 + random() / 2));
    }
  }
  return refuse('BUSY');
}

/** Whether MySQL answers now. */
export async function databaseHealth(): Promise<Health> {
  const giveUp = AbortSignal.timeout(HEALTH_MS);
  const late = new Promise<never>((_, reject) =>
    giveUp.addEventListener('abort', () => reject(giveUp.reason)),
  );
  try {
    await Promise.race([database().query('SELECT 1'), late]);
    return { ok: true };
  } catch (error) {
    return { ok: false, missing: [`mysql: ${(error as Error).message}`] };
  }
}
