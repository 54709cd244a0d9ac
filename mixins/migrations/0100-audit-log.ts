/** Who changed what, before and after: a row per change, in the transaction of the change. */
import type { Sequelize } from 'sequelize';

const WORD = 'VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await sequelize.query(`CREATE TABLE IF NOT EXISTS audit_log (
    auditId BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    at DATETIME(3) NOT NULL,
    uid ${WORD},
    role ${WORD},
    action ${WORD},
    target ${WORD},
    \`before\` LONGTEXT NULL,
    \`after\` LONGTEXT NULL,
    requestId ${WORD},
    KEY byTarget (target, auditId),
    KEY byUid (uid, auditId)
  ) ENGINE=InnoDB`);
}
