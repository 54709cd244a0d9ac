/**
 * A deadline came due: announced by the arbiter, or found by a sweep. Both roads end here, and each
 * item is judged anew in a transaction, so that a stale list or a second scheduler does no harm.
 */
import type { DeadlineDue } from '../../contracts/channels.ts';
import type { AbortReason, HoldVerdict } from '../../contracts/order.ts';
import { inTransaction } from '../../mixins/database.ts';
import { type Statements, sqlTime, statements } from '../../mixins/statement.ts';
import { abortLetter, abortWithin } from './creation.ts';
import { type CloseAnswer, decideTimeout } from './decisions.ts';
import { lettersOf, moveOrder } from './moves.ts';
import { lockOrder, type OrderRow, readOrder, seatsOf } from './order.model.ts';
import { enqueue } from './outbox.ts';

export interface DueOutcome {
  readonly became: 'waits' | 'aborted' | 'cancelled' | 'repeated';
  /** How much too early it was, when that is known. */
  readonly earlyMs?: number;
}

/** What is asked of the rest of the system; each answers within its own bound and never throws. */
export interface DueHelp {
  /** Asks the provider to close what is open for an order. */
  closePayment(orderId: string): Promise<CloseAnswer>;
  /** Whose lock it is, for the message; undefined when nobody can say. */
  holder(orderId: string): Promise<{ uid: string; seats: readonly number[] } | undefined>;
}

/** Judges one due deadline and acts on it. */
export async function handleDue(
  due: DeadlineDue,
  requestId: string,
  payGraceMs: number,
  help: DueHelp,
): Promise<DueOutcome> {
  const sql = statements();
  const before = await readOrder(sql, due.orderId);
  const known = before ? undefined : await verdictOf(sql, due.orderId);
  const nowMs = await sql.nowMs();
  const decision = decideTimeout({
    state: before?.state,
    verdict: known?.verdict,
    nowMs,
    deadlineMs: before?.deadline.getTime() ?? due.deadlineMs,
    payGraceMs,
    payment: 'none',
  });
  if (decision.do === 'wait') return waits(decision.untilMs, nowMs);
  if (decision.do === 'abort') return abortOrphan(due, requestId, help);
  if (known?.verdict === 'ABORTED') return repeatAbort(due, known.reason, requestId, help);
  // asked outside the transaction: a slow provider must not hold a row
  const payment = decision.do === 'move' ? await help.closePayment(due.orderId) : 'none';
  return inTransaction((transaction) =>
    decideAgain(statements(transaction), due.orderId, payGraceMs, payment),
  );
}

const waits = (untilMs: number | undefined, nowMs: number): DueOutcome =>
  untilMs === undefined ? { became: 'waits' } : { became: 'waits', earlyMs: untilMs - nowMs };

type Verdict =
  | { readonly verdict: Extract<HoldVerdict, 'ORDERED'> }
  | { readonly verdict: Extract<HoldVerdict, 'ABORTED'>; readonly reason: AbortReason };

const verdictOf = (sql: Statements, orderId: string): Promise<Verdict | undefined> =>
  sql.row<Verdict>('SELECT verdict, reason FROM hold_verdicts WHERE orderId = :orderId', {
    orderId,
  });

/** No order yet: only a successful insert proves that there never will be one. */
async function abortOrphan(
  due: DeadlineDue,
  requestId: string,
  help: DueHelp,
): Promise<DueOutcome> {
  const hold = await holdOf(due, 'orphan', help);
  const first = await inTransaction((transaction) =>
    abortWithin(statements(transaction), hold, requestId),
  );
  // lost to a verdict that came first: the deadline is announced again and finds it
  return { became: first ? 'aborted' : 'waits' };
}

/** An aborted hold as its message tells it; whose it was is told when the arbiter still knows. */
async function holdOf(due: DeadlineDue, reason: AbortReason, help: DueHelp) {
  const { sale, orderId } = due;
  const { uid = '', seats = [] } = (await help.holder(orderId)) ?? {};
  return { sale, orderId, uid, seats, reason };
}

async function decideAgain(
  sql: Statements,
  orderId: string,
  payGraceMs: number,
  payment: CloseAnswer,
): Promise<DueOutcome> {
  const order = await lockOrder(sql, orderId);
  const nowMs = await sql.nowMs();
  if (!order) return { became: 'waits' };
  const decision = decideTimeout({
    state: order.state,
    verdict: 'ORDERED',
    nowMs,
    deadlineMs: order.deadline.getTime(),
    payGraceMs,
    payment,
  });
  if (decision.do === 'repeat') return repeat(sql, order, sqlTime(nowMs));
  if (decision.do !== 'move') return { became: 'waits' };
  const moved = await moveOrder(sql, order, decision.by, sqlTime(nowMs));
  return { became: moved ? 'cancelled' : 'waits' };
}

async function repeat(sql: Statements, order: OrderRow, at: string): Promise<DueOutcome> {
  await enqueue(sql, lettersOf(order, await seatsOf(sql, order.orderId)), at);
  return { became: 'repeated' };
}

/** The first message of an abort is sent again, or made again when the outbox has forgotten it. */
async function repeatAbort(
  due: DeadlineDue,
  reason: AbortReason,
  requestId: string,
  help: DueHelp,
): Promise<DueOutcome> {
  const hold = await holdOf(due, reason, help);
  await inTransaction(async (transaction) => {
    const sql = statements(transaction);
    await enqueue(sql, [abortLetter(hold, requestId)], sqlTime(await sql.nowMs()));
  });
  return { became: 'repeated' };
}
