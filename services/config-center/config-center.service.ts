/**
 * The config centre: what may change while everything runs, who changed it, from what, and why. It
 * is the only writer of its bucket; every process watches that by itself, so that this one may die
 * and nothing else notices.
 *
 * The history of the bucket is the audit log: every change has a revision, an author and a reason,
 * and what it replaced is the change before it. Nothing here needs MySQL.
 */
import type { Context, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { config } from '../../config/index.ts';
import { LIVE_NAMES } from '../../config/live.ts';
import { SETTINGS, type Setting, type SettingName } from '../../config/schema.ts';
import { faultOf } from '../../config/value.ts';
import type { Actions, CallMeta } from '../../contracts/actions.ts';
import type { Principal } from '../../contracts/claims.ts';
import {
  type ConfigAsked,
  type ConfigPlace,
  type ConfigValue,
  type ConfigView,
  configBucket,
  configKey,
} from '../../contracts/config.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { cacheKey } from '../../contracts/keys.ts';
import { liveValues, onLiveChange } from '../../mixins/live-config.ts';
import { isNatsWeather, isStale } from '../../mixins/nats.ts';
import { every } from '../../mixins/pace.ts';
import { PAGE_PARAMS, pageOf, refuseCursor } from '../../mixins/page.ts';
import { checkPrecondition } from '../../mixins/precondition.ts';
import { redisClient } from '../../mixins/redis.ts';
import { Book, HISTORY_MAX, type Pages } from './book.ts';
import { EdgeSettings } from './edge.ts';
import { allChangesIn, changesIn, differencesIn, viewOf } from './views.ts';

interface Vars {
  book: Book;
  edge: EdgeSettings;
  tending: Promise<void> | undefined;
  trouble: string | undefined;
  /** Ends what is done every so often. */
  rest(): void;
}
type Meta = CallMeta & { $responseHeaders?: Record<string, string> };
type Asked<Name extends keyof Actions> = Context<Actions[Name]['params'], Meta>;

const TEND_EVERY_MS = 2_000;

const PLACE = {
  $$strict: true,
  setting: { type: 'string', max: 64 },
  session: { type: 'string', pattern: ID_PATTERN, optional: true },
} as const;
const CHANGE = {
  ...PLACE,
  reason: { type: 'string', trim: true, min: 1, max: 200 },
  ifMatch: { type: 'string', optional: true },
} as const;
const REVISION = { type: 'number', integer: true, min: 1, convert: true } as const;

/** Who changes a setting has a name. @throws UNAUTHENTICATED, FORBIDDEN */
function operatorOf({ meta: { user } }: Context<unknown, Meta>): Principal {
  if (!user) return refuse('UNAUTHENTICATED');
  return user.role === 'operator' ? user : refuse('FORBIDDEN');
}

const invalid = (pointer: string, code: string, detail: string): never =>
  refuse('VALIDATION_FAILED', { errors: [{ pointer, code, detail }] });

/** @throws CONFIG_UNKNOWN, CONFIG_NOT_LIVE, VALIDATION_FAILED */
function placeOf({ setting, session }: ConfigPlace): ConfigPlace {
  if (!Object.hasOwn(SETTINGS, setting)) refuse('CONFIG_UNKNOWN', { setting });
  const row: Setting = SETTINGS[setting as SettingName];
  if (!row.live) refuse('CONFIG_NOT_LIVE', { setting, env: row.env });
  if (session === undefined) return { setting };
  if (!row.perSession) invalid('/session', 'notAllowed', 'is the same for every session');
  return { setting, session };
}

function checkValue(setting: string, value: unknown): void {
  const fault = faultOf(SETTINGS[setting as SettingName], value);
  if (fault) invalid('/value', 'bounds', fault);
}

/** @throws BUSY while NATS is away, PRECONDITION_FAILED when somebody else was faster */
async function fromBook<T>(asked: Promise<T | undefined>): Promise<T> {
  try {
    return (await asked) ?? refuse('BUSY');
  } catch (error) {
    if (isStale(error)) return refuse('PRECONDITION_FAILED');
    return isNatsWeather(error) ? refuse('BUSY') : Promise.reject(error);
  }
}

const cursorBelow = ({ revision }: { readonly revision: number }) =>
  Buffer.from(String(revision)).toString('base64url');
function revisionOf(cursor: string): number {
  const revision = Buffer.from(cursor, 'base64url').toString();
  return /^\d{1,15}$/.test(revision) ? Number(revision) : refuseCursor();
}

const together = (all: readonly Pages[]): Pages => ({
  written: all.flatMap(({ written }) => written),
  last: new Map(all.flatMap(({ last }) => [...last])),
});

async function pagesOf({ book }: Vars, { setting, session }: ConfigPlace): Promise<Pages> {
  const keys = [{ setting }, ...(session === undefined ? [] : [{ setting, session }])];
  return together(await Promise.all(keys.map((key) => fromBook(book.read(configKey(key))))));
}

function tagged(ctx: Context<unknown, Meta>, view: ConfigView): ConfigView {
  ctx.meta.$responseHeaders = { ...ctx.meta.$responseHeaders, ETag: `"${view.revision}"` };
  return view;
}

/** Says a value, or says none any more. The answer is how it stands then. */
async function change(
  service: Vars,
  ctx: Context<ConfigAsked, Meta>,
  decide: (pages: Pages, key: string) => { value?: ConfigValue; rolledBackTo?: number },
): Promise<ConfigView> {
  const { uid } = operatorOf(ctx);
  const place = placeOf(ctx.params);
  const key = configKey(place);
  const pages = await pagesOf(service, place);
  const previous = pages.last.get(key) ?? 0;
  checkPrecondition(ctx.params.ifMatch ?? null, previous);
  const requestId = ctx.meta.requestId ?? ctx.requestID;
  const said = {
    ...decide(pages, key),
    author: uid,
    reason: ctx.params.reason,
    ...(requestId && { requestId }),
  };
  const written = await fromBook(service.book.write(key, said, previous));
  const now = {
    written: [...pages.written, written],
    last: new Map([...pages.last, [key, written.revision]]),
  };
  return tagged(ctx, viewOf(place, now, config));
}

const schema: ServiceSchema<ServiceSettingSchema, { tend(): Promise<void> }, Vars> = {
  name: 'config-center',

  actions: {
    list: {
      params: { $$strict: true, session: PLACE.session },
      async handler(ctx: Asked<'config-center.list'>) {
        operatorOf(ctx);
        const { session } = ctx.params;
        const filters = ['global.*', ...(session === undefined ? [] : [`session.${session}.*`])];
        const found = filters.map((filter) => fromBook(this.book.read(filter)));
        const pages = together(await Promise.all(found));
        const items = LIVE_NAMES.map((setting) => {
          const own = session !== undefined && (SETTINGS[setting] as Setting).perSession;
          return viewOf({ setting, ...(own && { session }) }, pages, config);
        });
        return { revision: liveValues.newest.revision, items };
      },
    },

    get: {
      params: PLACE,
      async handler(ctx: Asked<'config-center.get'>) {
        operatorOf(ctx);
        const place = placeOf(ctx.params);
        return tagged(ctx, viewOf(place, await pagesOf(this, place), config));
      },
    },

    set: {
      params: { ...CHANGE, value: { type: 'any' } },
      handler(ctx: Asked<'config-center.set'>) {
        const { value: asked } = ctx.params;
        // A list may be said as one, and is kept as its JSON.
        const value = typeof asked === 'object' ? JSON.stringify(asked) : asked;
        return change(this, ctx, () => {
          checkValue(ctx.params.setting, value);
          return { value };
        });
      },
    },

    unset: {
      params: CHANGE,
      handler(ctx: Asked<'config-center.unset'>) {
        return change(this, ctx, () => ({}));
      },
    },

    rollback: {
      params: { ...CHANGE, revision: REVISION },
      handler(ctx: Asked<'config-center.rollback'>) {
        const { setting, revision } = ctx.params;
        return change(this, ctx, ({ written }, key) => {
          const old = written.find((page) => page.key === key && page.revision === revision);
          if (!old) return invalid('/revision', 'unknown', 'is not in the history of this setting');
          const { value } = old.entry;
          if (value !== undefined) checkValue(setting, value);
          return { ...(value !== undefined && { value }), rolledBackTo: revision };
        });
      },
    },

    history: {
      params: { ...PLACE, limit: { ...REVISION, max: HISTORY_MAX, optional: true } },
      async handler(ctx: Asked<'config-center.history'>) {
        operatorOf(ctx);
        const { written } = await fromBook(this.book.read(configKey(placeOf(ctx.params))));
        return { items: changesIn(written, ctx.params.limit ?? HISTORY_MAX) };
      },
    },

    changes: {
      params: PAGE_PARAMS,
      async handler(ctx: Asked<'config-center.changes'>) {
        operatorOf(ctx);
        const { limit = PAGE_PARAMS.limit.default, cursor } = ctx.params;
        const before = cursor === undefined ? Number.POSITIVE_INFINITY : revisionOf(cursor);
        const { written } = await fromBook(this.book.read('>'));
        const rows = allChangesIn(written).filter(({ revision }) => revision < before);
        return pageOf(rows.slice(0, limit + 1), limit, (row) => row, cursorBelow);
      },
    },

    diff: {
      params: {
        $$strict: true,
        from: { ...REVISION, optional: true },
        to: { ...REVISION, optional: true },
      },
      async handler(ctx: Asked<'config-center.diff'>) {
        operatorOf(ctx);
        const { from, to } = ctx.params;
        const { written } = await fromBook(this.book.read('>'));
        return { items: differencesIn(written, from, to, config) };
      },
    },

    health: {
      visibility: 'public',
      params: { $$strict: true },
      handler() {
        return this.book.isOpen ? { ok: true } : { ok: false, missing: ['nats'] };
      },
    },
  },

  methods: {
    /** Never beside itself; says once what keeps it from its work. */
    tend(this: Vars & { logger: { warn(message: string, about: object): void } }) {
      this.tending ??= this.book
        .tend()
        .then(
          () => {
            this.trouble = undefined;
          },
          (error: Error) => {
            if (error.message !== this.trouble)
              this.logger.warn('The bucket of settings cannot be tended.', { err: error });
            this.trouble = error.message;
          },
        )
        .finally(() => {
          this.tending = undefined;
        });
      return this.tending;
    },
  },

  created() {
    const { logger } = this;
    const bucket = configBucket(config.namespace);
    this.book = new Book({ url: config.natsUrl, bucket, known: liveValues, logger });
    const redis = redisClient(config.cacheUrl, 'hot');
    this.edge = new EdgeSettings(redis, cacheKey(config.namespace, 'edge:config'), logger);
  },

  async started() {
    const pause = every(
      () => TEND_EVERY_MS,
      () => {
        void this.tend();
        this.edge.kick();
      },
    );
    const deaf = onLiveChange(() => this.edge.kick());
    this.rest = () => {
      pause();
      deaf();
    };
    this.edge.kick();
    await this.tend();
  },

  async stopped() {
    this.rest?.();
    await this.tending;
    await this.book.close();
    await this.edge.stop();
  },
};

export default schema;
