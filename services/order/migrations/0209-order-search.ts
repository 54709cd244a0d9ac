/**
 * Operators look orders up by their session and state, by their state, or all of them; an order's
 * id begins with its session and the moment it was minted, so the primary key serves the rest.
 */
import type { Sequelize } from 'sequelize';
import { addIndex } from '../../../mixins/migrations/guarded.ts';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await addIndex(sequelize, 'orders', 'bySession', 'sessionId, state');
  await addIndex(sequelize, 'orders', 'byState', 'state, createdAt');
  await addIndex(sequelize, 'orders', 'byTime', 'createdAt');
}
