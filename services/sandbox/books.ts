/**
 * The books of the sandbox provider. It believes whoever stands at its counter: a payment may
 * succeed after it failed, or after it was closed (the provider that lost the close), because that
 * is what the other side must survive.
 *
 * Always true: a payment's state and the event that tells of it are written in one transaction. The
 * event of a payment and a type is one event: asking again delivers the same bytes again.
 */
import type { PaymentEvent } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { inTransaction } from '../../mixins/database.ts';
import { type Statements, sqlTime, statements } from '../../mixins/statement.ts';
import { faultsFor, tellingOf } from './faults.ts';

export type SandboxState = 'OPEN' | 'STARTED' | 'SUCCEEDED' | 'FAILED' | 'CLOSED';
export interface SandboxPayment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly amountFen: number;
  readonly state: SandboxState;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export interface SandboxEvent {
  readonly eventId: string;
  readonly attempts: number;
  readonly deliveredAt: Date | null;
  /** What a forgery of it was answered. */
  readonly forgeryAnswer: number | null;
}

/** What the counter does: which states it may leave, and what is told. */
const ACTS = {
  start: { to: 'STARTED', from: ['OPEN', 'FAILED', 'CLOSED'], type: 'payment.started' },
  succeed: {
    to: 'SUCCEEDED',
    from: ['OPEN', 'STARTED', 'FAILED', 'CLOSED'],
    type: 'payment.succeeded',
  },
  fail: { to: 'FAILED', from: ['OPEN', 'STARTED', 'CLOSED'], type: 'payment.failed' },
} as const satisfies Record<
  string,
  { to: SandboxState; from: readonly SandboxState[]; type: PaymentEvent['type'] }
>;
export type Act = keyof typeof ACTS;

export const findPayment = (
  paymentId: string,
  sql: Statements = statements(),
): Promise<SandboxPayment | undefined> =>
  sql.row<SandboxPayment>('SELECT * FROM sandbox_payments WHERE paymentId = :paymentId', {
    paymentId,
  });

export const eventsOf = (paymentId: string): Promise<SandboxEvent[]> =>
  statements().rows<SandboxEvent>(
    `SELECT eventId, attempts, deliveredAt, forgeryAnswer FROM sandbox_events
     WHERE paymentId = :paymentId ORDER BY createdAt`,
    { paymentId },
  );

/** Opens a payment; again: changes nothing. */
export async function createPayment(
  payment: Pick<SandboxPayment, 'paymentId' | 'orderId' | 'amountFen'> & { expiresAtMs: number },
): Promise<SandboxPayment> {
  const { paymentId, orderId, amountFen } = payment;
  await statements().change(
    `INSERT IGNORE INTO sandbox_payments
       (paymentId, orderId, amountFen, state, expiresAt, createdAt, updatedAt)
     VALUES (:paymentId, :orderId, :amountFen, 'OPEN', :expiresAt, UTC_TIMESTAMP(3),
       UTC_TIMESTAMP(3))`,
    { paymentId, orderId, amountFen, expiresAt: sqlTime(payment.expiresAtMs) },
  );
  return (await findPayment(paymentId))!;
}

/** Closes a payment unless it has the money. @throws NOT_FOUND */
export async function closePayment(paymentId: string): Promise<SandboxPayment> {
  await statements().change(
    `UPDATE sandbox_payments SET state = 'CLOSED', updatedAt = UTC_TIMESTAMP(3)
     WHERE paymentId = :paymentId AND state IN ('OPEN', 'STARTED', 'FAILED')`,
    { paymentId },
  );
  return (await findPayment(paymentId)) ?? refuse('NOT_FOUND');
}

/**
 * Gives money back; again with the same refundId: changes nothing.
 * @returns `refused` when the payment has no such money (any more).
 */
export function refundPayment(
  refundId: string,
  paymentId: string,
  amountFen: number,
): Promise<'done' | 'refused' | 'unknown'> {
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const payment = await sql.row<SandboxPayment>(
      'SELECT * FROM sandbox_payments WHERE paymentId = :paymentId FOR UPDATE',
      { paymentId },
    );
    if (!payment) return 'unknown';
    const given = await sql.rows<{ refundId: string; amountFen: number }>(
      'SELECT refundId, amountFen FROM sandbox_refunds WHERE paymentId = :paymentId',
      { paymentId },
    );
    if (given.some((refund) => refund.refundId === refundId)) return 'done';
    const sum = given.reduce((total, refund) => total + refund.amountFen, amountFen);
    if (payment.state !== 'SUCCEEDED' || sum > payment.amountFen) return 'refused';
    await sql.change(
      `INSERT INTO sandbox_refunds (refundId, paymentId, amountFen, at)
       VALUES (:refundId, :paymentId, :amountFen, UTC_TIMESTAMP(3))`,
      { refundId, paymentId, amountFen },
    );
    return 'done';
  });
}

/**
 * Does what the buyer does at the provider's page, and files the event that tells of it. What the
 * payment's state does not allow (failing what succeeded) is taken note of and changes nothing.
 * @throws NOT_FOUND
 */
export function perform(paymentId: string, act: Act): Promise<void> {
  const { to, from, type } = ACTS[act];
  return inTransaction(async (transaction) => {
    const sql = statements(transaction);
    const changed = await sql.change(
      `UPDATE sandbox_payments SET state = :to, updatedAt = UTC_TIMESTAMP(3)
       WHERE paymentId = :paymentId AND state IN (:from)`,
      { paymentId, to, from: [...from] },
    );
    const payment = (await findPayment(paymentId, sql)) ?? refuse('NOT_FOUND');
    if (changed === 0 && payment.state !== to) return;
    const nowMs = await sql.nowMs();
    const eventId = `${paymentId}.${type}`;
    const { orderId, amountFen } = payment;
    const occurredAt = new Date(nowMs).toISOString();
    const event: PaymentEvent = { eventId, type, paymentId, orderId, amountFen, occurredAt };
    const { delayMs, copies, forgery } = tellingOf(await faultsFor(type, paymentId, sql));
    await sql.change(
      `INSERT INTO sandbox_events (eventId, paymentId, body, copies, forgery, nextAt, createdAt)
       VALUES (:eventId, :paymentId, :body, :copies, :forgery, :nextAt, :at)
       ON DUPLICATE KEY UPDATE deliveredAt = NULL, nextAt = :nextAt, copies = :copies,
         forgery = :forgery, forgeryAnswer = NULL`,
      {
        eventId,
        paymentId,
        body: JSON.stringify(event),
        copies,
        forgery,
        nextAt: sqlTime(nowMs + delayMs),
        at: sqlTime(nowMs),
      },
    );
  });
}
