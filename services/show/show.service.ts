/**
 * Shows: what is performed. Everybody may search them; a show answers its published sessions too,
 * so that a buyer finds the way from a title to a seat.
 */
import { createHash } from 'node:crypto';
import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import { DataTypes } from 'sequelize';
import { call, type Page } from '../../contracts/actions.ts';
import type { ShowText, ShowView } from '../../contracts/catalogue-view.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { cached, keepsAnswers, objects } from '../../mixins/cached.ts';
import { instantOrDay, line, optionalLine, optionalText } from '../../mixins/fields.ts';
import { movesGeneration } from '../../mixins/generation.ts';
import { OwnedObjects, type OwnedRow } from '../../mixins/owned.ts';
import { BY_ID, given, plainActions } from '../../mixins/owned-actions.ts';
import { PAGE_PARAMS } from '../../mixins/page.ts';
import { modelOf, table } from '../../mixins/table.ts';
import { type Browse, browse, SORTS } from './browse.ts';

type ShowRow = OwnedRow & ShowText;

const TABLE = 'shows';
const ID = { type: DataTypes.STRING(64), allowNull: false };
const COLUMNS = {
  id: { ...ID, primaryKey: true },
  ownerUid: ID,
  title: DataTypes.STRING(190),
  titleEn: DataTypes.STRING(190),
  artist: DataTypes.STRING(190),
  artistEn: DataTypes.STRING(190),
  category: DataTypes.STRING(64),
  city: DataTypes.STRING(64),
  description: DataTypes.TEXT,
  descriptionEn: DataTypes.TEXT,
  version: DataTypes.INTEGER,
  createdAt: DataTypes.DATE(3),
  updatedAt: DataTypes.DATE(3),
};
const RULES = {
  title: line(190),
  titleEn: optionalLine(190),
  artist: optionalLine(190),
  artistEn: optionalLine(190),
  category: line(64),
  city: optionalLine(64),
  description: optionalText(10_000),
  descriptionEn: optionalText(10_000),
};
/** A cursor holds a title. */
const CURSOR_MAX = 1_200;

const written = (show: ShowText): ShowText => ({
  title: show.title,
  titleEn: show.titleEn,
  artist: show.artist,
  artistEn: show.artistEn,
  category: show.category,
  city: show.city,
  description: show.description,
  descriptionEn: show.descriptionEn,
});
const shows = new OwnedObjects<ShowRow>({
  kind: 'show',
  table: TABLE,
  isPublic: true,
  searched: ['title', 'titleEn', 'artist', 'artistEn'],
  view: written,
});

const SHOW = objects('show');
const PAGE = objects<Page<ShowView>>('shows', 'page');

/** By the broker, not in the context of who came first: many others wait for the same answer. */
async function readShow(broker: ServiceBroker, id: string) {
  const where = { id, removedAt: null } as never;
  const show = await modelOf<ShowRow>(TABLE).findOne({ where, raw: true });
  if (!show) return undefined;
  const sessions = await call(broker, 'session.ofShow', { showId: id });
  return { id, ...written(show as unknown as ShowRow), sessions };
}

/** One name for whatever asks for the same page; a search may be long. */
const pageName = (asked: Browse): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(asked).sort()))
    .digest('base64url');

const schema: ServiceSchema = {
  name: 'show',
  mixins: [table(TABLE, COLUMNS), movesGeneration, keepsAnswers],
  actions: {
    ...plainActions(shows, RULES),

    list: {
      params: {
        ...PAGE_PARAMS,
        cursor: { ...PAGE_PARAMS.cursor, max: CURSOR_MAX },
        q: { type: 'string', optional: true, trim: true, max: 100 },
        artist: { type: 'string', optional: true, trim: true, max: 100 },
        city: { type: 'string', optional: true, trim: true, max: 64 },
        category: { type: 'string', optional: true, trim: true, max: 64 },
        from: instantOrDay(),
        to: instantOrDay(),
        sort: { type: 'enum', values: SORTS, default: 'newest' },
      },
      handler(ctx: Context<Browse>) {
        const asked = given(ctx.params);
        return cached(PAGE, pageName(asked), () =>
          browse(asked, Date.now(), (row) => ({ id: row.id, ...written(row) })),
        );
      },
    },

    get: {
      params: BY_ID,
      async handler(ctx: Context<{ id: string }>) {
        const { id } = ctx.params;
        if (!ID_PATTERN.test(id)) return refuse('NOT_FOUND');
        return (await cached(SHOW, id, () => readShow(ctx.broker, id))) ?? refuse('NOT_FOUND');
      },
    },
  },
};
export default schema;
