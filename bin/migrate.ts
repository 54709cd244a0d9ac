/**
 * Brings a database to the present: makes it when it is missing, then runs every migration of every
 * service that it has not seen, in the order of their numbers. Forward only. Two that run at once
 * take turns.
 */
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Connection, createConnection } from 'mysql2/promise';
import { Sequelize } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';
import { mysqlLogin } from './supervisor/health.ts';

const REPO = resolve(import.meta.dirname, '..');
const TURN_SECONDS = 60;

/** What a file under `migrations/` exports. */
interface Migration {
  up(step: { context: Sequelize }): Promise<void>;
}

/**
 * Migrates the database that a mysql:// url names.
 * @returns the names of the migrations it ran
 */
export async function migrate(mysqlUrl: string): Promise<string[]> {
  const database = decodeURIComponent(new URL(mysqlUrl).pathname.slice(1));
  if (!/^\w{1,64}$/.test(database))
    throw new Error(`MYSQL_URL must end in a database name, letters and digits: "${database}"`);
  const connection = await createConnection(mysqlLogin(mysqlUrl));
  try {
    await connection.query(
      `CREATE DATABASE IF NOT EXISTS \`${database}\`
       CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
    );
    return await inTurn(connection, `migrate:${database}`, () => runMissing(mysqlUrl));
  } finally {
    await connection.end();
  }
}

/** A lock of the server, which ends with the connection even when we do not. */
async function inTurn<T>(connection: Connection, lock: string, work: () => Promise<T>): Promise<T> {
  const [rows] = await connection.query('SELECT GET_LOCK(?, ?) AS got', [lock, TURN_SECONDS]);
  if ((rows as { got: number }[])[0]?.got !== 1)
    throw new Error(`another migration has been running for ${TURN_SECONDS} s`);
  return work();
}

async function runMissing(mysqlUrl: string): Promise<string[]> {
  const sequelize = new Sequelize(mysqlUrl, {
    dialect: 'mysql',
    logging: false,
    timezone: '+00:00',
    pool: { max: 1 },
  });
  try {
    const umzug = new Umzug({
      migrations: migrationFiles().map((path) => ({
        name: basename(path, '.ts'),
        up: async ({ context }: { context: Sequelize }) => {
          const migration: Migration = await import(pathToFileURL(path).href);
          await migration.up({ context });
        },
      })),
      context: sequelize,
      storage: new SequelizeStorage({ sequelize, tableName: 'migrations' }),
      logger: undefined,
    });
    return (await umzug.up()).map(({ name }) => name);
  } finally {
    await sequelize.close();
  }
}

/** Every migration, by number, whichever folder it lies in. @throws on a number used twice */
function migrationFiles(): string[] {
  const folders = [
    join(REPO, 'mixins/migrations'),
    ...foldersOf(join(REPO, 'services')).map((name) => join(REPO, 'services', name, 'migrations')),
  ];
  const files = folders
    .flatMap((folder) => filesOf(folder).map((name) => join(folder, name)))
    .sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
  const numbers = files.map((path) => basename(path).slice(0, 4));
  const twice = numbers.find((number, i) => numbers.indexOf(number) !== i);
  if (twice) throw new Error(`two migrations have the number ${twice}`);
  return files;
}

const entriesOf = (folder: string) => {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};
const foldersOf = (folder: string) =>
  entriesOf(folder)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
const filesOf = (folder: string) =>
  entriesOf(folder)
    .filter(({ name }) => /^\d{4}-.+\.ts$/.test(name))
    .map(({ name }) => name);

if (import.meta.main) {
  const { config } = await import('../config/index.ts');
  const ran = await migrate(config.mysqlUrl);
  console.log(ran.length === 0 ? 'the database is up to date' : `migrated: ${ran.join(', ')}`);
}
