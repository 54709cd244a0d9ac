/** What templates were before they changed, the last few versions of each. They go with it. */
import type { Sequelize } from 'sequelize';

const ID = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await sequelize.query(`CREATE TABLE IF NOT EXISTS seat_template_versions (
    templateId ${ID},
    version INT UNSIGNED NOT NULL,
    name VARCHAR(190) NOT NULL,
    plan LONGBLOB NOT NULL,
    standing MEDIUMTEXT NOT NULL,
    seatCount INT UNSIGNED NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    PRIMARY KEY (templateId, version),
    CONSTRAINT seat_template_versions_template FOREIGN KEY (templateId)
      REFERENCES seat_templates (id) ON DELETE CASCADE
  ) ENGINE=InnoDB`);
}
