/** The audit log: a row per change, in the transaction of the change. */
import type { Transaction } from 'sequelize';
import { statements } from './statement.ts';

export interface Auditor {
  readonly uid: string;
  readonly role: string;
  readonly requestId: string;
}
export interface AuditedChange {
  /** What it was done to and what was done: `show.update`. */
  readonly action: string;
  readonly target: string;
  readonly before: object | undefined;
  readonly after: object | undefined;
}

/** One line of who did what. */
export async function writeAudit(
  { uid, role, requestId }: Auditor,
  { action, target, before, after }: AuditedChange,
  transaction: Transaction,
): Promise<void> {
  const text = (value: object | undefined) => (value ? JSON.stringify(value) : null);
  await statements(transaction).change(
    `INSERT INTO audit_log (at, uid, role, action, target, \`before\`, \`after\`, requestId)
     VALUES (UTC_TIMESTAMP(3), :uid, :role, :action, :target, :before, :after, :requestId)`,
    { uid, role, action, target, before: text(before), after: text(after), requestId },
  );
}
