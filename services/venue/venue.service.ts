/** Venues: where shows take place. Everybody sees what the organiser wrote of them. */
import type { Context, ServiceSchema } from 'moleculer';
import { DataTypes } from 'sequelize';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { cached, keepsAnswers, objects } from '../../mixins/cached.ts';
import { line, optionalLine } from '../../mixins/fields.ts';
import { movesGeneration } from '../../mixins/generation.ts';
import { OwnedObjects, type OwnedRow } from '../../mixins/owned.ts';
import { BY_ID, plainActions } from '../../mixins/owned-actions.ts';
import { modelOf, table } from '../../mixins/table.ts';

interface VenueRow extends OwnedRow {
  readonly name: string;
  readonly nameEn: string | null;
  readonly city: string;
  readonly address: string | null;
  readonly timeZone: string;
}

const TABLE = 'venues';
const ID = { type: DataTypes.STRING(64), allowNull: false };
const COLUMNS = {
  id: { ...ID, primaryKey: true },
  ownerUid: ID,
  name: DataTypes.STRING(190),
  nameEn: DataTypes.STRING(190),
  city: DataTypes.STRING(64),
  address: DataTypes.STRING(300),
  timeZone: DataTypes.STRING(64),
  version: DataTypes.INTEGER,
  createdAt: DataTypes.DATE(3),
  updatedAt: DataTypes.DATE(3),
};

/** fastest-validator custom check: a name of the IANA time zone database. */
function timeZone(value: string, errors: { type: string; actual: unknown }[]): string {
  try {
    Intl.DateTimeFormat('en', { timeZone: value });
  } catch {
    errors.push({ type: 'timeZone', actual: value });
  }
  return value;
}

const RULES = {
  name: line(190),
  nameEn: optionalLine(190),
  city: line(64),
  address: optionalLine(300),
  timeZone: { type: 'string', max: 64, custom: timeZone },
};

const written = ({ name, nameEn, city, address, timeZone }: VenueRow) => ({
  name,
  nameEn,
  city,
  address,
  timeZone,
});
const venues = new OwnedObjects<VenueRow>({
  kind: 'venue',
  table: TABLE,
  isPublic: true,
  searched: ['name', 'nameEn', 'city'],
  view: written,
});

const VENUE = objects('venue');
async function readVenue(id: string) {
  const where = { id, removedAt: null } as never;
  const venue = await modelOf<VenueRow>(TABLE).findOne({ where, raw: true });
  return venue ? { id, ...written(venue as unknown as VenueRow) } : undefined;
}

const schema: ServiceSchema = {
  name: 'venue',
  mixins: [table(TABLE, COLUMNS), movesGeneration, keepsAnswers],
  actions: {
    ...plainActions(venues, RULES),

    get: {
      params: BY_ID,
      async handler(ctx: Context<{ id: string }>) {
        const { id } = ctx.params;
        if (!ID_PATTERN.test(id)) return refuse('NOT_FOUND');
        return (await cached(VENUE, id, () => readVenue(id))) ?? refuse('NOT_FOUND');
      },
    },
  },
};
export default schema;
