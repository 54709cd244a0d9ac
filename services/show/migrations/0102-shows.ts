/** What is performed. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await sequelize.query(`CREATE TABLE IF NOT EXISTS shows (
    id ${ID} PRIMARY KEY,
    ownerUid ${ID},
    title VARCHAR(190) NOT NULL,
    artist VARCHAR(190) NULL,
    category VARCHAR(64) NOT NULL,
    city VARCHAR(64) NULL,
    description TEXT NULL,
    version INT UNSIGNED NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    KEY byOwner (ownerUid, id),
    KEY byCity (city, id),
    KEY byCategory (category, id)
  ) ENGINE=InnoDB`);
}
