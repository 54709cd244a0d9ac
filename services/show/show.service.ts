/**
 * Shows: what is performed. Everybody may search them; a show answers its published sessions too,
 * so that a buyer finds the way from a title to a seat.
 */
import type { Context, ServiceSchema } from 'moleculer';
import { DataTypes, Op } from 'sequelize';
import { call, type PageQuery } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { movesGeneration } from '../../mixins/generation.ts';
import { idOfCursor, OwnedObjects, type OwnedRow, pageOf } from '../../mixins/owned.ts';
import { BY_ID, PAGE_PARAMS, plainActions } from '../../mixins/owned-actions.ts';
import { modelOf, table } from '../../mixins/table.ts';

interface ShowRow extends OwnedRow {
  readonly title: string;
  readonly artist: string | null;
  readonly category: string;
  readonly city: string | null;
  readonly description: string | null;
}
type ShowQuery = PageQuery & { q?: string; city?: string; category?: string };

const TABLE = 'shows';
const ID = { type: DataTypes.STRING(64), allowNull: false };
const COLUMNS = {
  id: { ...ID, primaryKey: true },
  ownerUid: ID,
  title: DataTypes.STRING(190),
  artist: DataTypes.STRING(190),
  category: DataTypes.STRING(64),
  city: DataTypes.STRING(64),
  description: DataTypes.TEXT,
  version: DataTypes.INTEGER,
  createdAt: DataTypes.DATE(3),
  updatedAt: DataTypes.DATE(3),
};
const RULES = {
  title: { type: 'string', trim: true, empty: false, max: 190 },
  artist: { type: 'string', trim: true, max: 190, optional: true },
  category: { type: 'string', trim: true, empty: false, max: 64 },
  city: { type: 'string', trim: true, max: 64, optional: true },
  description: { type: 'string', max: 10_000, optional: true },
};

const written = ({ title, artist, category, city, description }: ShowRow) => ({
  title,
  artist,
  category,
  city,
  description,
});
const shows = new OwnedObjects<ShowRow>({
  kind: 'show',
  table: TABLE,
  isPublic: true,
  view: written,
});

/** `%` and `_` of a searcher mean themselves. */
const containing = (q: string) => ({ [Op.like]: `%${q.replace(/[\\%_]/g, '\\$&')}%` });

const schema: ServiceSchema = {
  name: 'show',
  mixins: [table(TABLE, COLUMNS), movesGeneration],
  actions: {
    ...plainActions(shows, RULES),

    list: {
      params: {
        ...PAGE_PARAMS,
        q: { type: 'string', optional: true, trim: true, max: 100 },
        city: { type: 'string', optional: true, trim: true, max: 64 },
        category: { type: 'string', optional: true, trim: true, max: 64 },
      },
      async handler(ctx: Context<ShowQuery>) {
        const { limit = 20, cursor, q, city, category } = ctx.params;
        const rows = await modelOf<ShowRow>(TABLE).findAll({
          where: {
            ...(cursor !== undefined && { id: { [Op.lt]: idOfCursor(cursor) } }),
            ...(city && { city }),
            ...(category && { category }),
            ...(q && { [Op.or]: [{ title: containing(q) }, { artist: containing(q) }] }),
          } as never,
          order: [['id', 'DESC']],
          limit: limit + 1,
          raw: true,
        });
        return pageOf(rows as unknown as ShowRow[], limit, (row) => ({
          id: row.id,
          ...written(row),
        }));
      },
    },

    get: {
      params: BY_ID,
      async handler(ctx: Context<{ id: string }>) {
        const { id } = ctx.params;
        if (!ID_PATTERN.test(id)) return refuse('NOT_FOUND');
        const show = await modelOf<ShowRow>(TABLE).findByPk(id, { raw: true });
        if (!show) return refuse('NOT_FOUND');
        const sessions = await call(ctx, 'session.ofShow', { showId: id });
        return { id, ...written(show as unknown as ShowRow), sessions };
      },
    },
  },
};
export default schema;
