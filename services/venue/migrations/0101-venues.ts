/** Where shows take place. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await sequelize.query(`CREATE TABLE IF NOT EXISTS venues (
    id ${ID} PRIMARY KEY,
    ownerUid ${ID},
    name VARCHAR(190) NOT NULL,
    city VARCHAR(64) NOT NULL,
    address VARCHAR(300) NULL,
    timeZone VARCHAR(64) NOT NULL,
    version INT UNSIGNED NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    KEY byOwner (ownerUid, id)
  ) ENGINE=InnoDB`);
}
