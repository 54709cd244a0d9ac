/**
 * Seat templates: the seating plans of a venue, kept whole as they were imported. What a session
 * needs of one, its layout, is computed from the plan when it is asked for.
 *
 * A plan crosses processes as a stream only: it may be a hundred times a message of the bus.
 */
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { DataTypes } from 'sequelize';
import { call, type Owned, type OwnedQuery } from '../../contracts/actions.ts';
import { type Fault, refuse, wordOf } from '../../contracts/errors.ts';
import type { PlanHints, PlanReport, TemplateVersion } from '../../contracts/template.ts';
import {
  checkPrecondition,
  managerOf,
  type OwnedContext,
  OwnedObjects,
  type OwnedRow,
  tag,
} from '../../mixins/owned.ts';
import { BY_ID, BY_VERSION, readActions, SEARCHED } from '../../mixins/owned-actions.ts';
import { modelOf, table } from '../../mixins/table.ts';
import type { PlanColumns, Required, TemplateBody } from './body.ts';
import { bytesOf, streamed } from './stream.ts';
import { keepVersion, keptPlan, keptVersions } from './versions.ts';
import { Workshop } from './workshop.ts';

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
type Change = { id: string; ifMatch?: string } & PlanHints;

/** A body that lacks nothing. */
type Complete = { [Member in keyof TemplateBody]-?: NonNullable<TemplateBody[Member]> };

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
type Category = PlanColumns['tiers'][number];

const templates = new OwnedObjects<TemplateRow>({
  kind: 'seat-template',
  table: TABLE,
  // Buyers see the layout that a session was frozen with, never the plan itself.
  isPublic: false,
  searched: ['name'],
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

/** What a row keeps of a plan. */
const written = ({ plan, seatCount, tiers }: PlanColumns) => ({
  plan: Buffer.from(plan),
  seatCount,
  tiers: JSON.stringify(tiers),
});

const refuseFaulty = (errors: Fault[]): void => {
  if (errors.length > 0) refuse('VALIDATION_FAILED', { errors });
};

/** What is wrong with a venue unless the asker may put a plan into it. */
async function venueFaults(ctx: OwnedContext, id: string | undefined): Promise<Fault[]> {
  if (id === undefined) return [];
  try {
    await call(ctx, 'venue.adminGet', { id });
    return [];
  } catch (error) {
    if (wordOf(error) !== 'NOT_FOUND') throw error;
    return [{ pointer: '/venueId', code: 'unknown', detail: 'names no venue of yours' }];
  }
}

/** A template with its plan, read at one moment; that the asker may see it was decided before. */
async function heavyRow(id: string): Promise<Pick<TemplateRow, 'plan' | 'standing' | 'version'>> {
  const attributes = ['plan', 'standing', 'version'];
  const row = await modelOf<TemplateRow>(TABLE).findByPk(id, { attributes, raw: true });
  return (row as unknown as TemplateRow | null) ?? refuse('NOT_FOUND');
}

interface Templates {
  workshop: Workshop;
}

/** What a body says, and everything wrong with it. */
async function judged(
  { workshop }: Templates,
  ctx: OwnedContext,
  hints: PlanHints,
  required: readonly Required[],
): Promise<{ body: TemplateBody; faults: Fault[] }> {
  managerOf(ctx);
  const bytes = ctx.stream ? await bytesOf(ctx.stream as Readable) : Buffer.alloc(0);
  const { body, faults } = await workshop.ask('judge', bytes, hints, required);
  return { body, faults: [...faults, ...(await venueFaults(ctx, body.venueId))] };
}

const WHOLE = { integer: true, min: 1, convert: true } as const;

/** Beside the body of a template: what a table has no place for. */
const HINTS = {
  contentType: { type: 'string', optional: true },
  venueId: { type: 'string', optional: true, trim: true, max: 64 },
  name: { type: 'string', optional: true, trim: true, max: 190 },
} as const;

const schema: ServiceSchema<ServiceSettingSchema, Record<never, never>, Templates> = {
  name: 'seat-template',
  mixins: [table(TABLE, COLUMNS)],
  actions: {
    ...readActions(templates),

    adminList: {
      params: { ...SEARCHED, venueId: { type: 'string', optional: true, max: 64 } },
      handler: (ctx: OwnedContext<OwnedQuery & { venueId?: string }>) => {
        const { venueId, ...query } = ctx.params;
        return templates.list(ctx, query, venueId === undefined ? {} : { venueId });
      },
    },

    create: {
      params: { $$strict: true, ...HINTS },
      async handler(ctx: OwnedContext<PlanHints>): Promise<Owned> {
        const required = ['venueId', 'name', 'plan'] as const;
        const { body, faults } = await judged(this, ctx, ctx.params, required);
        refuseFaulty(faults);
        const { venueId, name, columns, standing = [] } = body as Complete;
        return templates.create(ctx, {
          venueId,
          name,
          standing: JSON.stringify(standing),
          ...written(columns),
        });
      },
    },

    /** Judges a body as `create` does, and keeps nothing. */
    validate: {
      params: { $$strict: true, ...HINTS },
      async handler(ctx: OwnedContext<PlanHints>): Promise<PlanReport> {
        const { body, faults } = await judged(this, ctx, ctx.params, ['plan']);
        const { seatCount = 0, tiers = [] } = body.columns ?? {};
        const layout = faults.length === 0 ? await this.workshop.ask('sketch', body) : undefined;
        return {
          valid: faults.length === 0,
          ...(body.encoding && { encoding: body.encoding }),
          ...(layout && { layout }),
          errors: faults,
          seatCount,
          tiers: tiers.map(({ tier, seatCount }) => ({ tier, seatCount })),
        };
      },
    },

    update: {
      params: { ...BY_VERSION, ...HINTS },
      async handler(ctx: OwnedContext<Change>): Promise<Owned> {
        const { id, ifMatch, ...hints } = ctx.params;
        const { body, faults } = await judged(this, ctx, hints, []);
        checkPrecondition(ifMatch, (await templates.read(ctx, id)).version);
        const { venueId, name, columns, standing } = body;
        if (standing && !columns && faults.length === 0) {
          const { plan } = await heavyRow(id);
          faults.push(...(await this.workshop.ask('rejudge', plan, standing)));
        }
        refuseFaulty(faults);
        const change = {
          ...(venueId !== undefined && { venueId }),
          ...(name !== undefined && { name }),
          ...((standing || columns) && { standing: JSON.stringify(standing ?? []) }),
          ...(columns && written(columns)),
        };
        const row = await templates.change(ctx, { id, ifMatch }, async (before, transaction) => {
          if (Object.keys(change).length > 0) await keepVersion(before, transaction);
          return change;
        });
        return templates.view(row);
      },
    },

    /** The plan as it was imported, of the present version or of one that was put by. */
    plan: {
      params: { ...BY_ID, version: { type: 'number', ...WHOLE, optional: true } },
      async handler(ctx: OwnedContext<{ id: string; version?: number }>) {
        const { id, version } = ctx.params;
        await templates.read(ctx, id);
        const now = await heavyRow(id);
        const old = version !== undefined && version !== now.version;
        const packed = old ? await keptPlan(id, version) : now.plan;
        if (!packed) return refuse('NOT_FOUND');
        tag(ctx, old ? version : now.version);
        return streamed(await unzip(packed));
      },
    },

    /** The versions whose plan can be read, youngest first. */
    versions: {
      params: BY_ID,
      async handler(ctx: OwnedContext<{ id: string }>): Promise<{ items: TemplateVersion[] }> {
        const row = await templates.read(ctx, ctx.params.id);
        const items = [row, ...(await keptVersions(row.id))];
        return {
          items: items.map(({ version, name, seatCount, updatedAt }) => ({
            version,
            name,
            seatCount,
            updatedAt: updatedAt.toISOString(),
          })),
        };
      },
    },

    /** The layout the plan gives now, `LayoutColumns` as JSON. */
    layout: {
      visibility: 'public',
      params: BY_ID,
      async handler(ctx: OwnedContext<{ id: string }>) {
        const { id } = await templates.read(ctx, ctx.params.id);
        const { plan, standing } = await heavyRow(id);
        return streamed(await this.workshop.ask('draw', plan, JSON.parse(standing)));
      },
    },
  },

  created() {
    this.workshop = new Workshop((error) => {
      this.logger.error('The drawing thread died; another is started.', { err: error });
    });
  },
  started() {
    this.workshop.open();
  },
  async stopped() {
    await this.workshop.close();
  },
};
export default schema as unknown as ServiceSchema;
