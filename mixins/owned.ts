/**
 * Objects that belong to an organiser, in a table each: who may see and change one, from which
 * version, and the audit row of every change, written in the transaction of the change.
 *
 * Always true: an organiser sees only what is theirs, another's is NOT_FOUND; an operator sees all;
 * a change names the version it was made from; what something else refers to stays (IN_USE).
 */
import { randomBytes } from 'node:crypto';
import type { Context } from 'moleculer';
import { ForeignKeyConstraintError, Op, type Transaction } from 'sequelize';
import type { CallMeta, Owned, Page, PageQuery } from '../contracts/actions.ts';
import type { Principal } from '../contracts/claims.ts';
import { refuse, wordOf } from '../contracts/errors.ts';
import { ID_PATTERN, newId } from '../contracts/ids.ts';
import { writeAudit } from './audit.ts';
import { inTransaction } from './database.ts';
import { catalogueChanged } from './generation.ts';
import { modelOf } from './table.ts';

export interface OwnedRow {
  readonly id: string;
  readonly ownerUid: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export type OwnedMeta = CallMeta & { $responseHeaders?: Record<string, string> };
export type OwnedContext<Params = unknown> = Context<Params, OwnedMeta>;
/** What an organiser writes of a row. */
export type Written<Row extends OwnedRow> = Omit<Row, keyof OwnedRow>;

export interface OwnedKind<Row extends OwnedRow> {
  /** What the audit log calls it. */
  readonly kind: string;
  readonly table: string;
  /** Columns too big to read with the others. */
  readonly heavy?: readonly string[];
  /** Whether a buyer may see one, or what follows from it. */
  readonly isPublic: boolean;
  /** How its organiser sees it, without what all have: id, version, createdAt, updatedAt. */
  view(row: Row): object;
}

/** The organiser or operator who asks. @throws UNAUTHENTICATED, FORBIDDEN */
export function managerOf(ctx: OwnedContext): Principal {
  const { user } = ctx.meta;
  if (!user) return refuse('UNAUTHENTICATED');
  return user.role === 'buyer' ? refuse('FORBIDDEN') : user;
}

const scopeOf = (user: Principal) => (user.role === 'operator' ? {} : { ownerUid: user.uid });

/** An opaque cursor: the id after which the next page begins. */
export const cursorAfter = (id: string): string => Buffer.from(id).toString('base64url');
/** @throws VALIDATION_FAILED for a cursor that no page answered */
export function idOfCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (ID_PATTERN.test(id)) return id;
  const detail = 'is not a cursor that a page answered';
  return refuse('VALIDATION_FAILED', { errors: [{ pointer: '/cursor', code: 'unknown', detail }] });
}

/** A page of rows that were read one beyond its limit. */
export function pageOf<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit);
  const more = rows.length > limit;
  return { items: items.map(view), nextCursor: more ? cursorAfter(items.at(-1)!.id) : null };
}

/** Says which version an answer shows. */
export function tag(ctx: OwnedContext, version: number): void {
  ctx.meta.$responseHeaders = { ...ctx.meta.$responseHeaders, ETag: `"${version}"` };
}

/**
 * Holds a change to the version it was made from.
 * @param ifMatch the header; null for a change that needs none
 * @throws PRECONDITION_REQUIRED, PRECONDITION_FAILED
 */
export function checkPrecondition(ifMatch: string | null | undefined, version: number): void {
  if (ifMatch === null) return;
  if (ifMatch === undefined) refuse('PRECONDITION_REQUIRED');
  const named = ifMatch.split(',').map((item) => item.trim().replace(/^W\//, ''));
  if (!named.includes('*') && !named.includes(`"${version}"`)) refuse('PRECONDITION_FAILED');
}

/** MySQL's word that a row is referred to (1451), or refers to one that has just gone (1452). */
function refuseReference(error: unknown): never {
  if (!(error instanceof ForeignKeyConstraintError)) throw error;
  if ((error.parent as { errno?: number }).errno === 1451) return refuse('IN_USE');
  const pointer = `/${Array.isArray(error.fields) ? error.fields[0] : ''}`;
  const detail = 'refers to something that does not exist';
  return refuse('VALIDATION_FAILED', { errors: [{ pointer, code: 'unknown', detail }] });
}

export class OwnedObjects<Row extends OwnedRow> {
  readonly #kind: OwnedKind<Row>;

  constructor(kind: OwnedKind<Row>) {
    this.#kind = kind;
  }

  get #model() {
    return modelOf<Row>(this.#kind.table);
  }

  view(row: Row): Owned {
    const { id, version } = row;
    const [createdAt, updatedAt] = [row.createdAt.toISOString(), row.updatedAt.toISOString()];
    return { id, ...this.#kind.view(row), version, createdAt, updatedAt };
  }

  /** The row, when the asker may see it. With a transaction it stays ours until that ends. */
  async read(ctx: OwnedContext, id: string, transaction?: Transaction): Promise<Row> {
    const scope = scopeOf(managerOf(ctx));
    if (!ID_PATTERN.test(id)) return refuse('NOT_FOUND');
    const row = await this.#model.findOne({
      where: { id, ...scope } as never,
      attributes: { exclude: [...(this.#kind.heavy ?? [])] },
      raw: true,
      ...(transaction && { transaction, lock: transaction.LOCK.UPDATE }),
    });
    return (row as Row | null) ?? refuse('NOT_FOUND');
  }

  async list(ctx: OwnedContext, { limit = 20, cursor }: PageQuery): Promise<Page<Owned>> {
    const scope = scopeOf(managerOf(ctx));
    const after = cursor === undefined ? {} : { id: { [Op.lt]: idOfCursor(cursor) } };
    const rows = await this.#model.findAll({
      where: { ...scope, ...after } as never,
      attributes: { exclude: [...(this.#kind.heavy ?? [])] },
      order: [['id', 'DESC']],
      limit: limit + 1,
      raw: true,
    });
    return pageOf(rows as unknown as Row[], limit, (row) => this.view(row));
  }

  async create(ctx: OwnedContext, written: Written<Row>): Promise<Owned> {
    const now = new Date();
    const owner = { id: newId(now.getTime(), randomBytes), ownerUid: managerOf(ctx).uid };
    const row = { ...written, ...owner, version: 1, createdAt: now, updatedAt: now } as Row;
    const view = this.view(row);
    await this.#write(async (transaction) => {
      await this.#model.create(row as never, { transaction });
      await this.audit(ctx, 'create', row.id, undefined, view, transaction);
    });
    tag(ctx, row.version);
    return view;
  }

  /**
   * Changes a row as `decide` says, in one transaction with its audit row. A decision that changes
   * nothing leaves the version as it is.
   */
  async change(
    ctx: OwnedContext,
    { id, ifMatch, action = 'update' }: { id: string; ifMatch?: string | null; action?: string },
    decide: (row: Row, transaction: Transaction) => Promise<Partial<Written<Row>>>,
  ): Promise<Row> {
    const changed = await this.#write(async (transaction) => {
      const before = await this.read(ctx, id, transaction);
      checkPrecondition(ifMatch, before.version);
      const written = await decide(before, transaction);
      if (Object.keys(written).length === 0) return before;
      const after = {
        ...before,
        ...written,
        version: before.version + 1,
        updatedAt: new Date(),
      };
      const { version, updatedAt } = after;
      await this.#model.update({ ...written, version, updatedAt } as never, {
        where: { id } as never,
        transaction,
      });
      await this.audit(ctx, action, id, this.view(before), this.view(after), transaction);
      return after;
    });
    tag(ctx, changed.version);
    return changed;
  }

  /** Removes a row for good; the audit log keeps what it said. */
  async remove(
    ctx: OwnedContext,
    { id, ifMatch }: { id: string; ifMatch?: string },
    allow: (row: Row) => void = () => {},
  ): Promise<{ id: string }> {
    await this.#write(async (transaction) => {
      const row = await this.read(ctx, id, transaction);
      checkPrecondition(ifMatch ?? null, row.version);
      allow(row);
      await this.#model.destroy({ where: { id } as never, transaction });
      await this.audit(ctx, 'remove', id, this.view(row), undefined, transaction);
    });
    return { id };
  }

  /**
   * One transaction. What it changed for everybody is told of when it has ended, and also when
   * MySQL went away over it: it may have been committed all the same.
   */
  async #write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const tell = this.#kind.isPublic ? catalogueChanged : async () => {};
    try {
      const written = await inTransaction(work);
      await tell();
      return written;
    } catch (error) {
      if (wordOf(error) === 'BUSY') await tell();
      return refuseReference(error);
    }
  }

  /** One line of who did what. */
  async audit(
    ctx: OwnedContext,
    verb: string,
    id: string,
    before: object | undefined,
    after: object | undefined,
    transaction: Transaction,
  ): Promise<void> {
    const who = { ...managerOf(ctx), requestId: ctx.meta.requestId ?? ctx.requestID ?? '' };
    const change = { action: `${this.#kind.kind}.${verb}`, target: id, before, after };
    await writeAudit(who, change, transaction);
  }
}
