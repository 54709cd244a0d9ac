/**
 * What an organiser removes disappears for everybody and stays in its table, for the orders and the
 * audit log that name it.
 */
import type { Sequelize } from 'sequelize';
import { addColumn } from './guarded.ts';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  for (const table of ['venues', 'shows', 'seat_templates', 'sessions'])
    await addColumn(sequelize, table, 'removedAt', 'DATETIME(3) NULL');
}
