/** Plans of venues, whole and compressed. A venue with plans cannot be removed. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await sequelize.query(`CREATE TABLE IF NOT EXISTS seat_templates (
    id ${ID} PRIMARY KEY,
    ownerUid ${ID},
    venueId ${ID},
    name VARCHAR(190) NOT NULL,
    plan LONGBLOB NOT NULL,
    standing MEDIUMTEXT NOT NULL,
    seatCount INT UNSIGNED NOT NULL,
    tiers MEDIUMTEXT NOT NULL,
    version INT UNSIGNED NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    KEY byOwner (ownerUid, id),
    CONSTRAINT seat_templates_venue FOREIGN KEY (venueId) REFERENCES venues (id)
  ) ENGINE=InnoDB`);
}
