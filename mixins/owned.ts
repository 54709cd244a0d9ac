/**
 * Objects that belong to an organiser, in a table each: who may see and change one, from which
 * version, and the audit row of every change, written in the transaction of the change.
 *
 * Always true: an organiser sees only what is theirs, another's is NOT_FOUND; an operator sees all;
 * a change names the version it was made from; what something else refers to stays (IN_USE); what
 * is removed is gone for everybody, and stays in its table.
 */
import { randomBytes } from 'node:crypto';
import type { Context } from 'moleculer';
import { Op, type Transaction } from 'sequelize';
import type { CallMeta, Owned, OwnedQuery, Page } from '../contracts/actions.ts';
import type { Principal } from '../contracts/claims.ts';
import { refuse, wordOf } from '../contracts/errors.ts';
import { ID_PATTERN, newId } from '../contracts/ids.ts';
import { writeAudit } from './audit.ts';
import { inTransaction } from './database.ts';
import { catalogueChanged } from './generation.ts';
import { cursorAfter, idOfCursor, pageOf } from './page.ts';
import { checkPrecondition } from './precondition.ts';
import { holdReferred, refuseReferred } from './references.ts';
import { statements } from './statement.ts';
import { modelOf } from './table.ts';

export { checkPrecondition };

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
  /** Columns a list is searched in. */
  readonly searched?: readonly string[];
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

/** What was removed is in nobody's scope. */
const LIVE = { removedAt: null };
const scopeOf = ({ role, uid }: Principal) =>
  role === 'operator' ? LIVE : { ...LIVE, ownerUid: uid };

/** Says which version an answer shows. */
export function tag(ctx: OwnedContext, version: number): void {
  ctx.meta.$responseHeaders = { ...ctx.meta.$responseHeaders, ETag: `"${version}"` };
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

  /** @param where - what else must hold, column by column */
  async list(
    ctx: OwnedContext,
    { limit = 20, cursor, q }: OwnedQuery,
    where: Readonly<Record<string, string>> = {},
  ): Promise<Page<Owned>> {
    const scope = { ...scopeOf(managerOf(ctx)), ...where, ...this.#found(q) };
    const after = cursor === undefined ? {} : { id: { [Op.lt]: idOfCursor(cursor) } };
    const rows = await this.#model.findAll({
      where: { ...scope, ...after } as never,
      attributes: { exclude: [...(this.#kind.heavy ?? [])] },
      order: [['id', 'DESC']],
      limit: limit + 1,
      raw: true,
    });
    return pageOf(
      rows as unknown as Row[],
      limit,
      (row) => this.view(row),
      ({ id }) => cursorAfter(id),
    );
  }

  #found(q: string | undefined): object {
    if (!q) return {};
    const like = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    const columns = this.#kind.searched ?? [];
    return { [Op.or]: columns.map((column) => ({ [column]: { [Op.like]: like } })) };
  }

  async create(ctx: OwnedContext, written: Written<Row>): Promise<Owned> {
    const now = new Date();
    const owner = { id: newId(now.getTime(), randomBytes), ownerUid: managerOf(ctx).uid };
    const row = { ...written, ...owner, version: 1, createdAt: now, updatedAt: now } as Row;
    const view = this.view(row);
    await this.#write(async (transaction) => {
      await holdReferred(statements(transaction), this.#kind.table, row as never);
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
      await holdReferred(statements(transaction), this.#kind.table, written as never);
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

  /** Removes a row: nobody finds it any more, the audit log and its table still do. */
  async remove(
    ctx: OwnedContext,
    { id, ifMatch }: { id: string; ifMatch?: string },
    allow: (row: Row) => void = () => {},
  ): Promise<{ id: string }> {
    const { role, uid } = managerOf(ctx);
    const { table } = this.#kind;
    await this.#write(async (transaction) => {
      const sql = statements(transaction);
      const row = await this.read(ctx, id, transaction);
      checkPrecondition(ifMatch ?? null, row.version);
      allow(row);
      await refuseReferred(sql, table, id, role === 'operator' ? undefined : uid);
      await sql.change(`UPDATE ${table} SET removedAt = UTC_TIMESTAMP(3) WHERE id = :id`, { id });
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
      throw error;
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
