/** Venues in two languages. */
import type { Sequelize } from 'sequelize';
import { addColumn } from '../../../mixins/migrations/guarded.ts';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await addColumn(sequelize, 'venues', 'nameEn', 'VARCHAR(190) NULL');
}
