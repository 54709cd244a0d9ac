/** Published sessions in the order of their starts: how buyers ask for what comes soonest. */
import type { Sequelize } from 'sequelize';
import { addIndex } from '../../../mixins/migrations/guarded.ts';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await addIndex(sequelize, 'sessions', 'byStart', 'stage, startsAt, id, showId');
}
