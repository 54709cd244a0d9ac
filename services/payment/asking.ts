/**
 * What the provider says of a payment, told or asked, and what follows: `order.settle` decides what
 * it means for the order, then our own row follows. Asking is the slow road for events that never
 * come: any number of processes may ask at once, and a payment may be asked about twice.
 */
import { config } from '../../config/index.ts';
import {
  type Caller,
  call,
  type PaymentEvent,
  type SettleAnswer,
} from '../../contracts/actions.ts';
import { statements } from '../../mixins/statement.ts';
import { decidePoll, nextPollMs } from './decisions.ts';
import { follow, type PaymentRow, pollAgain, takeDue } from './payment.model.ts';
import { type ProviderPayment, type ProviderState, provider } from './provider.ts';

/** A buyer waits for the provider, and so does a deadline. */
const PROVIDER_MS = 1_500;
/** Payments asked about side by side. */
const ABREAST = 8;

const firstWebhookKey = () => config.webhookKeys.values().next().value!;
export const outside = provider(config.providerUrl, firstWebhookKey, PROVIDER_MS);

/** The event that would have told of a state. */
const TELLS: Readonly<Partial<Record<ProviderState, PaymentEvent['type']>>> = {
  STARTED: 'payment.started',
  SUCCEEDED: 'payment.succeeded',
  FAILED: 'payment.failed',
};

/** Settles an event; the order first, because our row says that its order knows. */
export async function hear(
  caller: Caller,
  event: PaymentEvent,
  payment: PaymentRow | undefined,
): Promise<SettleAnswer> {
  const openedFor = payment && { openedFor: payment.orderId };
  const answer = await call(caller, 'order.settle', { ...event, ...openedFor });
  await follow(event.paymentId, event.type);
  return answer;
}

/** Acts on an answer as on the event that should have come; its id is made so that it is one. */
async function learn(caller: Caller, row: PaymentRow, answer: ProviderPayment): Promise<void> {
  const { state, amountFen } = answer;
  if (state === row.state) return;
  if (state === 'CLOSED') await follow(row.paymentId, 'closed');
  const type = TELLS[state];
  if (type === undefined) return;
  const { paymentId, orderId } = row;
  const eventId = `asked:${paymentId}:${type}`;
  const occurredAt = new Date().toISOString();
  await hear(caller, { eventId, type, paymentId, orderId, amountFen, occurredAt }, row);
}

/**
 * Asks the provider to close what is open for an order.
 * @returns false when it has the money of one
 * @throws when it cannot be asked about one, and no other has money
 */
export async function closeAll(caller: Caller, open: readonly PaymentRow[]): Promise<boolean> {
  const answers = await Promise.allSettled(open.map((row) => closeOne(caller, row)));
  if (answers.some((answer) => answer.status === 'fulfilled' && !answer.value)) return false;
  const failure = answers.find((answer) => answer.status === 'rejected');
  if (failure) throw failure.reason;
  return true;
}

async function closeOne(caller: Caller, row: PaymentRow): Promise<boolean> {
  const answer = await outside.close(row.paymentId);
  if (answer?.state === 'SUCCEEDED') {
    // who asked must hear of the money even when it cannot be settled now: a poll does it then
    await Promise.allSettled([learn(caller, row, answer)]);
    return false;
  }
  await follow(row.paymentId, 'closed');
  return true;
}

/**
 * Asks about every payment whose moment came more than `lateMs` ago. A provider that answers nobody
 * is left alone until the next turn.
 * @returns how many were asked about
 * @throws the first failure, after the others were tried
 */
export async function pollDue(caller: Caller, lateMs: number, limit: number): Promise<number> {
  const due = await takeDue(lateMs, limit);
  const nowMs = await statements().nowMs();
  let done = 0;
  let failure: PromiseRejectedResult | undefined;
  for (let i = 0; i < due.length; i += ABREAST) {
    const some = due.slice(i, i + ABREAST);
    const answers = await Promise.allSettled(some.map((row) => pollOne(caller, row, nowMs)));
    const heard = answers.filter(({ status }) => status === 'fulfilled').length;
    failure ??= answers.find((answer) => answer.status === 'rejected');
    done += heard;
    if (heard === 0) break;
  }
  if (failure) throw failure.reason;
  return done;
}

async function pollOne(caller: Caller, row: PaymentRow, nowMs: number): Promise<void> {
  const { paymentId, state } = row;
  const expiresAtMs = row.expiresAt.getTime();
  const ask = outside[decidePoll(state, nowMs, expiresAtMs, config.payGraceMs)];
  const answer = await ask(paymentId);
  if (answer) await learn(caller, row, answer);
  // never heard of, and by now nobody will offer it again
  else if (nowMs >= expiresAtMs) await follow(paymentId, 'closed');
  await pollAgain(paymentId, nextPollMs(answer?.state ?? state, nowMs, expiresAtMs));
}
