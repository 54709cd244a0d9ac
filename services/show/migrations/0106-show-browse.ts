/**
 * Shows in two languages, and what browsing them needs. The collation tells every Chinese character
 * and every emoji from every other (the older one takes all beyond the first plane for the same),
 * and tells neither case, accents nor width apart.
 */
import type { Sequelize } from 'sequelize';
import { addColumn, addIndex, dropIndex } from '../../../mixins/migrations/guarded.ts';

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci';

export async function up({ context: sequelize }: { context: Sequelize }): Promise<void> {
  await addColumn(sequelize, 'shows', 'titleEn', `VARCHAR(190) ${TEXT} NULL`);
  await addColumn(sequelize, 'shows', 'artistEn', `VARCHAR(190) ${TEXT} NULL`);
  await addColumn(sequelize, 'shows', 'descriptionEn', `TEXT ${TEXT} NULL`);
  await sequelize.query(`ALTER TABLE shows
    MODIFY title VARCHAR(190) ${TEXT} NOT NULL,
    MODIFY artist VARCHAR(190) ${TEXT} NULL,
    MODIFY category VARCHAR(64) ${TEXT} NOT NULL,
    MODIFY city VARCHAR(64) ${TEXT} NULL`);
  // Each begins with what every list asks, so that its rows come in order and none is sorted.
  await addIndex(sequelize, 'shows', 'living', 'removedAt, id');
  await addIndex(sequelize, 'shows', 'livingByTitle', 'removedAt, title, id');
  await addIndex(sequelize, 'shows', 'livingByCity', 'removedAt, city, id');
  await addIndex(sequelize, 'shows', 'livingByCategory', 'removedAt, category, id');
  for (const outdone of ['byCity', 'byCategory']) await dropIndex(sequelize, 'shows', outdone);
}
