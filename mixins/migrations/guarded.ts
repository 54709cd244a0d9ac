/**
 * Steps of a migration that may run again: MySQL commits each ALTER by itself, so a migration that
 * was cut off half-way starts from its beginning and finds its first steps done.
 */
import { QueryTypes, type Sequelize } from 'sequelize';

async function has(
  sequelize: Sequelize,
  what: 'COLUMNS' | 'STATISTICS',
  table: string,
  name: string,
): Promise<boolean> {
  const nameColumn = what === 'COLUMNS' ? 'COLUMN_NAME' : 'INDEX_NAME';
  const found = await sequelize.query(
    `SELECT 1 FROM information_schema.${what}
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :table AND ${nameColumn} = :name LIMIT 1`,
    { type: QueryTypes.SELECT, replacements: { table, name } },
  );
  return found.length > 0;
}

/** Adds a column unless it is there. */
export async function addColumn(
  sequelize: Sequelize,
  table: string,
  name: string,
  definition: string,
): Promise<void> {
  if (await has(sequelize, 'COLUMNS', table, name)) return;
  await sequelize.query(`ALTER TABLE ${table} ADD COLUMN ${name} ${definition}`);
}

/** Adds an index unless it is there. */
export async function addIndex(
  sequelize: Sequelize,
  table: string,
  name: string,
  columns: string,
): Promise<void> {
  if (await has(sequelize, 'STATISTICS', table, name)) return;
  await sequelize.query(`ALTER TABLE ${table} ADD INDEX ${name} (${columns})`);
}

/** Drops an index if it is there. */
export async function dropIndex(sequelize: Sequelize, table: string, name: string): Promise<void> {
  if (await has(sequelize, 'STATISTICS', table, name))
    await sequelize.query(`ALTER TABLE ${table} DROP INDEX ${name}`);
}
