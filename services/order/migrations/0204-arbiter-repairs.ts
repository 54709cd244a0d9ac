/**
 * An incident is a loss, of which one run of Redis may see several: it is over when it was
 * repaired, and until then one scheduler at a time is at it.
 */
import type { Sequelize } from 'sequelize';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  await context.query(`ALTER TABLE arbiter_incidents
    ADD COLUMN who VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    ADD COLUMN whoUntil DATETIME(3) NULL,
    ADD COLUMN repairedAt DATETIME(3) NULL,
    ADD COLUMN report JSON NULL,
    DROP INDEX byRun,
    ADD INDEX byShard (shard, epoch)`);
  // One row: the last epoch there was. Whoever wants the next one locks it first.
  await context.query(`CREATE TABLE IF NOT EXISTS arbiter_epochs (
    id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    last INT UNSIGNED NOT NULL
  ) ENGINE=InnoDB`);
  await context.query(`INSERT IGNORE INTO arbiter_epochs (id, last)
    SELECT 1, COALESCE(MAX(epoch), 0) FROM arbiter_incidents`);
}
