/**
 * Sessions: when and where a show is performed, and under which terms its seats are sold. A draft
 * is its organiser's alone; published, everybody may read it, and only its start may still move.
 */
import { Readable } from 'node:stream';
import type { Context, ServiceSchema } from 'moleculer';
import type { Owned, PageQuery } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { type LayoutColumns, layoutOf } from '../../contracts/layout.ts';
import { cached, fixedBytes, keepsAnswers, objects } from '../../mixins/cached.ts';
import { movesGeneration } from '../../mixins/generation.ts';
import { checkPrecondition, type OwnedContext } from '../../mixins/owned.ts';
import {
  BY_ID,
  BY_VERSION,
  changeRules,
  given,
  readActions,
  refuseNulls,
} from '../../mixins/owned-actions.ts';
import { fitting, PAGE_PARAMS } from '../../mixins/page.ts';
import { declareTable, modelOf, table } from '../../mixins/table.ts';
import { DRAFT_RULES, type Draft, judge } from './draft.ts';
import { frozenLayout, publish, turn } from './publish.ts';
import { reopen, restate, sessionsOnSale } from './rebuild.ts';
import {
  LAYOUT_COLUMNS,
  LAYOUTS,
  publicView,
  SESSION_COLUMNS,
  SESSIONS,
  type SessionRow,
  sessions,
  type WrittenSession,
} from './session.model.ts';

type Change = { id: string; ifMatch?: string } & Partial<Draft>;
type ById<More = unknown> = OwnedContext<{ id: string } & More>;

/** What may still change when buyers have been told. */
const ALWAYS_CHANGEABLE: ReadonlySet<string> = new Set(['startsAt']);
const LAYOUT_CACHE_CONTROL = 'public, max-age=86400, immutable';

type Published = ReturnType<typeof publicView>;
const SESSION = objects<Published>('session');
const LAYOUT = fixedBytes('layout');

async function findPublished(id: string): Promise<Published> {
  if (!ID_PATTERN.test(id)) return refuse('NOT_FOUND');
  const found = await cached(SESSION, id, async () => {
    const where = { id, stage: 'PUBLISHED' as const };
    const row = await modelOf<SessionRow>(SESSIONS).findOne({ where, raw: true });
    return row ? publicView(row as unknown as SessionRow) : undefined;
  });
  return found ?? refuse('NOT_FOUND');
}

/** The layout of a session as its readers want it, JSON. */
async function readLayout(id: string, form: 'full' | 'columns'): Promise<Buffer> {
  const columns = (await frozenLayout(id)) ?? refuse('NOT_FOUND');
  if (form === 'columns') return columns;
  return Buffer.from(JSON.stringify(layoutOf(JSON.parse(columns.toString()) as LayoutColumns)));
}

/** What a change writes: a draft is judged as a whole, as if it were written anew. */
async function written(ctx: OwnedContext, row: SessionRow, change: Partial<Draft>) {
  const { id: _id, version: _version, ...current } = sessions.view(row);
  const draft = { ...(current as unknown as Draft), ...change };
  if (row.stage === 'DRAFT') return judge(ctx, draft);
  if (Object.keys(change).some((name) => !ALWAYS_CHANGEABLE.has(name))) refuse('IN_USE');
  return { startsAt: new Date(draft.startsAt) };
}

declareTable(LAYOUTS, LAYOUT_COLUMNS);

const schema: ServiceSchema = {
  name: 'session',
  mixins: [table(SESSIONS, SESSION_COLUMNS), movesGeneration, keepsAnswers],
  actions: {
    ...readActions(sessions),

    adminList: {
      params: { ...PAGE_PARAMS, showId: { type: 'string', optional: true, max: 64 } },
      handler: (ctx: OwnedContext<PageQuery & { showId?: string }>) => {
        const { showId, ...query } = ctx.params;
        return sessions.list(ctx, query, showId === undefined ? {} : { showId });
      },
    },

    create: {
      params: { $$strict: true, ...DRAFT_RULES },
      async handler(ctx: OwnedContext<Draft>): Promise<Owned> {
        const columns = await judge(ctx, ctx.params);
        return sessions.create(ctx, {
          ...columns,
          stage: 'DRAFT',
          saleSwitch: 'OPEN',
          layoutVersion: null,
          seatCount: null,
        } as WrittenSession);
      },
    },

    update: {
      params: { ...BY_VERSION, ...changeRules(DRAFT_RULES) },
      async handler(ctx: OwnedContext<Change>): Promise<Owned> {
        const { id, ifMatch, ...rest } = ctx.params;
        const change = given(rest);
        const read = await sessions.read(ctx, id);
        checkPrecondition(ifMatch, read.version);
        refuseNulls(DRAFT_RULES, change);
        const empty = Object.keys(change).length === 0;
        const columns = empty ? {} : await written(ctx, read, change);
        const row = await sessions.change(ctx, { id, ifMatch }, async (current) => {
          // Judged outside the transaction, so what was judged must still be what is there.
          if (current.version !== read.version) refuse('PRECONDITION_FAILED');
          return columns;
        });
        return sessions.view(row);
      },
    },

    remove: {
      params: BY_VERSION,
      handler: (ctx: ById<{ ifMatch?: string }>) =>
        sessions.remove(ctx, ctx.params, ({ stage }) => {
          if (stage !== 'DRAFT') refuse('IN_USE');
        }),
    },

    publish: { params: BY_ID, handler: (ctx: ById) => publish(ctx, ctx.params.id) },
    pause: { params: BY_ID, handler: (ctx: ById) => turn(ctx, ctx.params.id, 'pause', 'PAUSED') },
    resume: { params: BY_ID, handler: (ctx: ById) => turn(ctx, ctx.params.id, 'resume', 'OPEN') },
    close: { params: BY_ID, handler: (ctx: ById) => turn(ctx, ctx.params.id, 'close', 'CLOSED') },

    get: {
      params: BY_ID,
      handler: (ctx: Context<{ id: string }>) => findPublished(ctx.params.id),
    },

    layout: {
      params: { ...BY_ID, form: { type: 'enum', values: ['columns'], optional: true } },
      async handler(ctx: ById<{ form?: 'columns' }>) {
        const { id, form = 'full' } = ctx.params;
        const { layoutVersion } = await findPublished(id);
        const name = `${id}:${layoutVersion}:${form}`;
        const json = await cached(LAYOUT, name, () => readLayout(id, form));
        ctx.meta.$responseHeaders = {
          ETag: `"${layoutVersion}-${form}"`,
          'Cache-Control': LAYOUT_CACHE_CONTROL,
        };
        return Readable.from([json], { objectMode: false });
      },
    },

    stage: {
      visibility: 'public',
      params: BY_ID,
      async handler(ctx: Context<{ id: string }>) {
        const { id } = ctx.params;
        if (!ID_PATTERN.test(id)) return refuse('NOT_FOUND');
        const row = await modelOf<SessionRow>(SESSIONS).findOne({
          attributes: ['stage'],
          where: { id, removedAt: null } as never,
          raw: true,
        });
        if (!row) return refuse('NOT_FOUND');
        const { stage } = row as unknown as SessionRow;
        return { stage: stage === 'PUBLISHED' ? 'PUBLISHED' : 'DRAFT' };
      },
    },

    onSale: {
      visibility: 'public',
      params: { $$strict: true },
      handler: () => sessionsOnSale(Date.now()),
    },
    reopen: {
      visibility: 'public',
      params: BY_ID,
      handler: (ctx: Context<{ id: string }>) => reopen(ctx, ctx.params.id),
    },
    restate: {
      visibility: 'public',
      params: BY_ID,
      handler: (ctx: Context<{ id: string }>) => restate(ctx, ctx.params.id),
    },

    ofShow: {
      visibility: 'public',
      params: { $$strict: true, showId: 'string' },
      async handler(ctx: Context<{ showId: string }>) {
        const rows = await modelOf<SessionRow>(SESSIONS).findAll({
          where: { showId: ctx.params.showId, stage: 'PUBLISHED' },
          order: ['startsAt', 'id'],
          limit: 200,
          raw: true,
        });
        return fitting((rows as unknown as SessionRow[]).map(publicView));
      },
    },
  },
};
export default schema;
