/** Operators ask the audit log by what was done and when, too. */
import type { Sequelize } from 'sequelize';
import { addIndex } from '../../../mixins/migrations/guarded.ts';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await addIndex(sequelize, 'audit_log', 'byAction', 'action, auditId');
  await addIndex(sequelize, 'audit_log', 'byTime', 'at');
}
