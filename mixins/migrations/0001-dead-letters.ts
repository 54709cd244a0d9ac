/** Messages that no repetition can help, whole and with the reason, until a human resolves them. */
import type { Sequelize } from 'sequelize';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await sequelize.query(`
    CREATE TABLE dead_letters (
      id CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
      channel VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      service VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      stream VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      entryId VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      fields LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
      reason TEXT CHARACTER SET utf8mb4 NOT NULL,
      diedAt DATETIME(3) NOT NULL,
      filedAt DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
      resolvedAt DATETIME(3) NULL,
      KEY (resolvedAt, diedAt)
    ) ENGINE = InnoDB`);
}
