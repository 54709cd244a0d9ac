/**
 * Seat templates: the seating plans of a venue, kept whole as they were imported. What a session
 * needs of one, its layout, is computed from the plan when it is asked for.
 *
 * A plan crosses processes as a stream only: it may be a hundred times a message of the bus.
 */
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ServiceSchema } from 'moleculer';
import { DataTypes } from 'sequelize';
import { call, type Owned } from '../../contracts/actions.ts';
import { refuse, wordOf } from '../../contracts/errors.ts';
import {
  checkPrecondition,
  type OwnedContext,
  OwnedObjects,
  type OwnedRow,
} from '../../mixins/owned.ts';
import { BY_ID, BY_VERSION, readActions } from '../../mixins/owned-actions.ts';
import { modelOf, table } from '../../mixins/table.ts';
import { type BodyHints, readBody, type TemplateBody } from './body.ts';
import { layoutOfPlan, tiersOf } from './layout.ts';
import { Faults, readPlan, type SeatingPlan } from './plan.ts';

const zip = promisify(gzip);
const unzip = promisify(gunzip);

interface TemplateRow extends OwnedRow {
  readonly venueId: string;
  readonly name: string;
  /** The plan as JSON, gzipped. */
  readonly plan: Buffer;
  /** Names of standing zones, as JSON. */
  readonly standing: string;
  readonly seatCount: number;
  /** What the plan says of its categories, as JSON. */
  readonly tiers: string;
}
type Change = { id: string; ifMatch?: string } & BodyHints;

const TABLE = 'seat_templates';
const ID = { type: DataTypes.STRING(64), allowNull: false };
const COLUMNS = {
  id: { ...ID, primaryKey: true },
  ownerUid: ID,
  venueId: ID,
  name: DataTypes.STRING(190),
  plan: DataTypes.BLOB('long'),
  standing: DataTypes.TEXT('medium'),
  seatCount: DataTypes.INTEGER,
  tiers: DataTypes.TEXT('medium'),
  version: DataTypes.INTEGER,
  createdAt: DataTypes.DATE(3),
  updatedAt: DataTypes.DATE(3),
};
/** The server takes no longer statement; a plan that does not shrink below this is not text. */
const PACKED_BYTES_MAX = 15 * 1_024 * 1_024;

interface Category {
  readonly tier: string;
  readonly seatCount: number;
  readonly color?: string;
}

const templates = new OwnedObjects<TemplateRow>({
  kind: 'seat-template',
  table: TABLE,
  // Buyers see the layout that a session was frozen with, never the plan itself.
  isPublic: false,
  heavy: ['plan'],
  view: ({ venueId, name, seatCount, tiers, standing }) => {
    const categories = JSON.parse(tiers) as Category[];
    return {
      venueId,
      name,
      seatCount,
      tiers: categories.map(({ tier, seatCount }) => ({ tier, seatCount })),
      categories: categories.map(({ tier, color }) => ({ name: tier, color })),
      standing: JSON.parse(standing),
    };
  },
});

const categoriesOf = (plan: SeatingPlan): Category[] => {
  const colors = new Map(plan.categories.map(({ name, color }) => [name, color]));
  return tiersOf(plan).map((tier) => ({ ...tier, color: colors.get(tier.tier) }));
};

/** The columns that follow from a plan. @throws BODY_TOO_LARGE for one that cannot be kept */
async function columnsOf(plan: SeatingPlan) {
  const packed = await zip(JSON.stringify(plan));
  if (packed.length > PACKED_BYTES_MAX) refuse('BODY_TOO_LARGE');
  const categories = categoriesOf(plan);
  return {
    plan: packed,
    seatCount: categories.reduce((sum, { seatCount }) => sum + seatCount, 0),
    tiers: JSON.stringify(categories),
  };
}

/** Bytes, not objects: the bus sends an object stream chunk by chunk as JSON. */
const streamed = (json: string) => Readable.from([Buffer.from(json)], { objectMode: false });

const refuseFaulty = (faults: Faults): void => {
  if (faults.all.length > 0) refuse('VALIDATION_FAILED', { errors: faults.all });
};

/** Adds a fault unless the asker may put a plan into this venue. */
async function checkVenue(ctx: OwnedContext, id: string | undefined, faults: Faults) {
  if (id === undefined) return;
  try {
    await call(ctx, 'venue.adminGet', { id });
  } catch (error) {
    if (wordOf(error) !== 'NOT_FOUND') throw error;
    faults.add('/venueId', 'unknown', 'names no venue of yours');
  }
}

/** The plan of a template the asker may see, as its JSON. */
async function storedPlan(
  ctx: OwnedContext,
  id: string,
): Promise<{ row: TemplateRow; json: string }> {
  const row = await templates.read(ctx, id);
  const heavy = await modelOf<TemplateRow>(TABLE).findByPk(id, { attributes: ['plan'], raw: true });
  if (!heavy) return refuse('NOT_FOUND');
  return { row, json: (await unzip((heavy as unknown as TemplateRow).plan)).toString() };
}

/** What a change writes; a plan that stays is judged against the new standing zones. */
async function written(ctx: OwnedContext<Change>, { plan, ...body }: TemplateBody, faults: Faults) {
  const { venueId, name, standing } = body;
  const kept = standing && !plan ? await storedPlan(ctx, ctx.params.id) : undefined;
  if (kept) readPlan(JSON.parse(kept.json), standing!, faults);
  refuseFaulty(faults);
  return {
    ...(venueId !== undefined && { venueId }),
    ...(name !== undefined && { name }),
    ...(standing && { standing: JSON.stringify(standing) }),
    ...(plan && !standing && { standing: '[]' }),
    ...(plan && (await columnsOf(plan))),
  };
}

const schema: ServiceSchema = {
  name: 'seat-template',
  mixins: [table(TABLE, COLUMNS)],
  actions: {
    ...readActions(templates),

    create: {
      params: {
        $$strict: true,
        contentType: { type: 'string', optional: true },
        venueId: { type: 'string', optional: true, trim: true, max: 64 },
        name: { type: 'string', optional: true, trim: true, max: 190 },
      },
      async handler(ctx: OwnedContext<BodyHints>): Promise<Owned> {
        const faults = new Faults();
        const required = ['venueId', 'name', 'plan'] as const;
        const body = await readBody(ctx.stream as Readable, ctx.params, required, faults);
        await checkVenue(ctx, body.venueId, faults);
        refuseFaulty(faults);
        const { venueId, name, plan, standing = [] } = body as Required<TemplateBody>;
        return templates.create(ctx, {
          venueId,
          name,
          standing: JSON.stringify(standing),
          ...(await columnsOf(plan)),
        });
      },
    },

    update: {
      params: {
        ...BY_VERSION,
        contentType: { type: 'string', optional: true },
        name: { type: 'string', optional: true, trim: true, max: 190 },
      },
      async handler(ctx: OwnedContext<Change>): Promise<Owned> {
        const { id, ifMatch, ...hints } = ctx.params;
        const faults = new Faults();
        const body = await readBody(ctx.stream as Readable, hints, [], faults);
        checkPrecondition(ifMatch, (await templates.read(ctx, id)).version);
        await checkVenue(ctx, body.venueId, faults);
        const columns = await written(ctx, body, faults);
        const row = await templates.change(ctx, { id, ifMatch }, async () => columns);
        return templates.view(row);
      },
    },

    /** The plan as it was imported. */
    plan: {
      params: BY_ID,
      async handler(ctx: OwnedContext<{ id: string }>) {
        const { json } = await storedPlan(ctx, ctx.params.id);
        return streamed(json);
      },
    },

    /** The layout the plan gives now, `LayoutColumns` as JSON. */
    layout: {
      visibility: 'public',
      params: BY_ID,
      async handler(ctx: OwnedContext<{ id: string }>) {
        const { row, json } = await storedPlan(ctx, ctx.params.id);
        const layout = layoutOfPlan(JSON.parse(json), JSON.parse(row.standing));
        return streamed(JSON.stringify(layout));
      },
    },
  },
};
export default schema;
