/**
 * The five actions of objects that belong to an organiser, built from the rules of their fields:
 * list, get, create, update, remove. Nothing can be written that no rule names.
 */
import type { ActionSchema } from 'moleculer';
import type { OwnedQuery } from '../contracts/actions.ts';
import { refuse } from '../contracts/errors.ts';
import { type OwnedContext, type OwnedObjects, type OwnedRow, tag, type Written } from './owned.ts';
import { PAGE_PARAMS } from './page.ts';

interface Rule {
  readonly optional?: boolean;
  readonly default?: unknown;
}
type Rules = Readonly<Record<string, Rule & object>>;
type Changed = { id: string; ifMatch?: string };

export const BY_ID = { $$strict: true, id: 'string' } as const;
/** A page of a list that may be searched. */
export const SEARCHED = {
  ...PAGE_PARAMS,
  q: { type: 'string', optional: true, trim: true, max: 100 },
} as const;
export const BY_VERSION = { ...BY_ID, ifMatch: { type: 'string', optional: true } } as const;

/** The rules of a create, made those of a change: nothing required, nothing made up. */
export const changeRules = (rules: Rules): Rules =>
  Object.fromEntries(
    Object.entries(rules).map(([name, { default: _made, ...rule }]) => [
      name,
      { ...rule, optional: true },
    ]),
  );

/** What was really given: a rule with a check of its own leaves `undefined` where nothing was. */
export const given = <Params extends object>(params: Params): Params =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)) as Params;

/** The validator takes null for "not given"; here it would be written. @throws VALIDATION_FAILED */
export function refuseNulls(rules: Rules, written: object): void {
  const errors = Object.entries(written)
    .filter(([name, value]) => value === null && !mayBeNull(rules[name]))
    .map(([name]) => ({ pointer: `/${name}`, code: 'required', detail: 'must not be null' }));
  if (errors.length > 0) refuse('VALIDATION_FAILED', { errors });
}
const mayBeNull = (rule: Rule | undefined) => rule?.optional === true && rule.default === undefined;

/** What needs no rules: what is read, and what is removed. */
export function readActions<Row extends OwnedRow>(
  objects: OwnedObjects<Row>,
): Record<'adminList' | 'adminGet' | 'remove', ActionSchema> {
  return {
    adminList: {
      params: SEARCHED,
      handler: (ctx: OwnedContext<OwnedQuery>) => objects.list(ctx, ctx.params),
    },
    adminGet: {
      params: BY_ID,
      async handler(ctx: OwnedContext<{ id: string }>) {
        const row = await objects.read(ctx, ctx.params.id);
        tag(ctx, row.version);
        return objects.view(row);
      },
    },
    remove: {
      params: BY_VERSION,
      handler: (ctx: OwnedContext<Changed>) => objects.remove(ctx, ctx.params),
    },
  };
}

/** All five, for rows whose columns are their fields. */
export function plainActions<Row extends OwnedRow>(
  objects: OwnedObjects<Row>,
  rules: Rules,
): Record<string, ActionSchema> {
  const empty = Object.fromEntries(Object.keys(rules).map((name) => [name, null]));
  return {
    ...readActions(objects),
    create: {
      params: { $$strict: true, ...rules },
      handler: (ctx: OwnedContext<Written<Row>>) =>
        objects.create(ctx, { ...empty, ...ctx.params } as Written<Row>),
    },
    update: {
      params: { ...BY_VERSION, ...changeRules(rules) },
      async handler(ctx: OwnedContext<Changed>) {
        const { id, ifMatch, ...rest } = ctx.params;
        const written = given(rest);
        const row = await objects.change(ctx, { id, ifMatch }, async () => {
          refuseNulls(rules, written);
          return written as never;
        });
        return objects.view(row);
      },
    },
  };
}
