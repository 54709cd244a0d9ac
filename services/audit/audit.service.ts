/**
 * The audit log, for operators: who did what to which object, what it was before and after, and by
 * which request. It is written in the transaction of each change (`mixins/audit.ts`), or here for
 * whoever has no database.
 */
import type { Context, ServiceSchema } from 'moleculer';
import type { Actions, AuditRow, Page } from '../../contracts/actions.ts';
import { fromMs, untilMs } from '../../contracts/moment.ts';
import { writeAudit } from '../../mixins/audit.ts';
import { inTransaction } from '../../mixins/database.ts';
import { instantOrDay } from '../../mixins/fields.ts';
import { given } from '../../mixins/owned-actions.ts';
import { PAGE_PARAMS, pageOf, refuseCursor } from '../../mixins/page.ts';
import { sqlTime, statements, type Value } from '../../mixins/statement.ts';

type Asked = Actions['audit.list']['params'];
interface Row {
  readonly auditId: number | string;
  readonly at: Date;
  readonly uid: string;
  readonly role: string;
  readonly action: string;
  readonly target: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly requestId: string;
}

const view = (row: Row): AuditRow => ({
  id: String(row.auditId),
  at: row.at.toISOString(),
  actor: row.uid,
  role: row.role,
  action: row.action,
  target: row.target,
  before: row.before && JSON.parse(row.before),
  after: row.after && JSON.parse(row.after),
  requestId: row.requestId,
});

const cursorOf = ({ auditId }: Row) => Buffer.from(String(auditId)).toString('base64url');
function rowOf(cursor: string): string {
  const auditId = Buffer.from(cursor, 'base64url').toString();
  return /^\d{1,19}$/.test(auditId) ? auditId : refuseCursor();
}

/** The condition of each filter that was given. */
const CONDITIONS: Readonly<Record<string, string>> = {
  target: 'target = :target',
  actor: 'uid = :actor',
  action: 'action = :action',
  from: ':from <= at',
  to: ':to > at',
  cursor: 'auditId < :cursor',
};

async function list({ limit = 20, ...asked }: Asked): Promise<Page<AuditRow>> {
  const { cursor, from, to } = asked;
  const values: Record<string, Value> = {
    ...asked,
    ...(cursor !== undefined && { cursor: rowOf(cursor) }),
    ...(from !== undefined && { from: sqlTime(fromMs(from)) }),
    ...(to !== undefined && { to: sqlTime(untilMs(to)) }),
  };
  const conditions = Object.keys(values).map((name) => CONDITIONS[name]);
  const rows = await statements().rows<Row>(
    `SELECT auditId, at, uid, role, action, target, \`before\`, \`after\`, requestId
     FROM audit_log ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY auditId DESC LIMIT ${limit + 1}`,
    values,
  );
  return pageOf(rows, limit, view, cursorOf);
}

const word = () => ({ type: 'string', max: 64, empty: false, optional: true }) as const;

const schema: ServiceSchema = {
  name: 'audit',
  actions: {
    list: {
      params: {
        ...PAGE_PARAMS,
        target: word(),
        actor: word(),
        action: word(),
        from: instantOrDay(),
        to: instantOrDay(),
      },
      handler: (ctx: Context<Asked>) => list(given(ctx.params)),
    },

    record: {
      visibility: 'public',
      params: { $$strict: true, by: 'object', action: 'string', target: 'string', after: 'object' },
      async handler({ params: { by, ...done } }: Context<Actions['audit.record']['params']>) {
        await inTransaction((transaction) =>
          writeAudit(by, { ...done, before: undefined }, transaction),
        );
        return { recorded: true };
      },
    },
  },
};
export default schema;
