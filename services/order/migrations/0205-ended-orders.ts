/** The sweeps for seats that did not follow their order look at orders by the moment they ended. */
import type { Sequelize } from 'sequelize';

export async function up({ context }: { context: Sequelize }): Promise<void> {
  await context.query('ALTER TABLE orders ADD INDEX byEnd (state, updatedAt)');
}
