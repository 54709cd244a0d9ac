/**
 * One virtual buyer: token → reservation → permit → lock → order → payment, or a change of mind, or
 * silence until the deadline. Sends every request with an Idempotency-Key where the road takes one,
 * so that sending it again after a lost answer is harmless.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Client, Unanswered } from './client.ts';
import type { Ending, Hop } from './tally.ts';
import type { WaitingRoom } from './waiting.ts';
import { pickSeats, type Wishes } from './wishes.ts';

/** What all buyers of a rush share. */
export interface Road {
  readonly client: Client;
  readonly sessionId: string;
  readonly tiers: readonly string[];
  readonly waiting: WaitingRoom;
}

interface Order {
  readonly orderId: string;
  readonly deadlineMs: number;
}
type SeatsWanted =
  | { readonly seats: readonly number[] }
  | { readonly best: { readonly count: number; readonly tier: string } };

const ROUNDS = 6;
/** Who would not pay anyway does not stand in line for long. */
const IDLE_TRIES = 3;
/** The slowest buyer reads a refusal this long, and takes this long to decide about paying. */
const READ_MS = 1_000;
const DECIDE_MS = 4_000;
/** How long a row, a payment or a passed deadline may take to show before the buyer gives up. */
const SHOWS_MS = 30_000;
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 1_000;

/** Walks the road to its end. A road cut short by the end of the rush ends `calledBack`. */
export async function walk(wishes: Wishes, road: Road): Promise<void> {
  const { tally } = road.client;
  try {
    await walkToEnd(wishes, road);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    tally.end('calledBack');
  }
  tally.done++;
}

async function walkToEnd(wishes: Wishes, road: Road): Promise<void> {
  const { client, sessionId } = road;
  const { token } = await expectOk(client, 'token', '/dev/token', { body: { uid: wishes.uid } });
  await expectOk(client, 'reserve', `/sessions/${sessionId}/reservations`, { token, body: {} });
  const { permit } = await expectOk(client, 'permit', `/sessions/${sessionId}/permits`, {
    token,
    body: {},
  });
  // Who meant to pay and was too slow for the deadline comes again.
  for (let round = 1; round <= ROUNDS; round++) {
    const order = await lock(wishes, road, { token, permit, round });
    const ending = order ? await walkOrder(wishes, road, token, order) : 'emptyHanded';
    client.tally.end(ending);
    if (wishes.payAtMs !== undefined) return;
    if (wishes.end !== 'pay' || (ending !== 'timedOut' && ending !== 'aborted')) return;
  }
}

/** From a lock to whatever its order ends in. */
async function walkOrder(wishes: Wishes, road: Road, token: string, order: Order): Promise<Ending> {
  const { tally } = road.client;
  const lockedMs = performance.now();
  const state = await waitForState(road, token, order, ['INIT'], 'away');
  if (state === 'ORDER_ABORTED') return 'aborted';
  tally.orders++;
  tally.took('lock → order LOCKED', performance.now() - lockedMs);
  if (wishes.end === 'abandon') return abandon(road, token, order);
  const decidedMs = wishes.pace * DECIDE_MS;
  const untilPayMs = order.deadlineMs - Date.now() + (wishes.payAtMs ?? 0);
  await sleep(wishes.payAtMs === undefined ? decidedMs : Math.max(untilPayMs, 0));
  return wishes.end === 'cancel' ? cancel(road, token, order) : pay(road, token, order);
}

/** A POST whose refusal would be a fault of the system, not of the crowd. */
async function expectOk(client: Client, hop: Hop, path: string, ask: object) {
  const answer = await client.send(hop, 'POST', path, ask);
  if (answer.status < 300) return answer.body;
  throw new Unanswered(`POST ${path}: ${answer.word}`);
}

/** Tries until seats are locked, or nothing can come back any more. */
async function lock(
  wishes: Wishes,
  road: Road,
  { token, permit, round }: { token: string; permit: string; round: number },
): Promise<Order | undefined> {
  const { client, sessionId } = road;
  let wanted: SeatsWanted | undefined = await firstWish(wishes, road);
  const tries = wishes.end === 'pay' ? Number.POSITIVE_INFINITY : IDLE_TRIES;
  for (let attempt = 1; wanted && attempt <= tries; attempt++) {
    const answer = await client.send('lock', 'POST', `/sessions/${sessionId}/locks`, {
      token,
      headers: { 'x-permit': permit, 'idempotency-key': `${wishes.uid}-${round}-${attempt}` },
      body: wanted,
    });
    if (answer.status < 300) return accept(wishes.uid, road, answer);
    await sleep(wishes.pace * READ_MS);
    // Seats of an order that just ended may still be on their way back.
    if (answer.word !== 'LIMIT_REACHED' || round === 1)
      wanted = await nextWish(wishes, road, answer);
  }
  return undefined;
}

function accept(uid: string, { client }: Road, { body }: Answer): Order {
  const seats = (body.seats as { seat: number }[]).map(({ seat }) => seat);
  client.tally.accepted.push({ orderId: body.orderId, uid, seats, amountFen: body.amountFen });
  return { orderId: body.orderId, deadlineMs: Date.parse(body.deadline) };
}

async function firstWish(wishes: Wishes, road: Road): Promise<SeatsWanted> {
  const { count, taste } = wishes;
  if (wishes.way === 'best') {
    const tier = road.tiers[Math.floor(taste * road.tiers.length)]!;
    return { best: { count, tier } };
  }
  const seats = pickSeats(await statesNow(road), count, taste);
  // Nothing free: ask all the same, the answer says whether it is worth waiting.
  return seats.length > 0 ? { seats } : { best: { count, tier: road.tiers[0]! } };
}

/** What to try after a refusal; undefined when there is nothing left to want. */
async function nextWish(
  wishes: Wishes,
  road: Road,
  { word, body }: Answer,
): Promise<SeatsWanted | undefined> {
  const alternatives = body?.alternatives as { seats: number[] }[] | undefined;
  if (word === 'SEAT_TAKEN' && alternatives?.length)
    return { seats: alternatives[Math.floor(wishes.taste * alternatives.length)]!.seats };
  if (word !== 'SEAT_TAKEN' && word !== 'SOLD_OUT') return undefined;
  if (wishes.end === 'pay' && !(await road.waiting.wait())) return undefined;
  const seats = pickSeats(await statesNow(road), wishes.count, wishes.taste);
  if (seats.length > 0) return { seats };
  return wishes.end === 'pay' ? nextWish(wishes, road, { status: 409, body: {}, word }) : undefined;
}

async function statesNow({ client, sessionId }: Road): Promise<string> {
  const { body } = await client.send('seats', 'GET', `/sessions/${sessionId}/seats`);
  return body.states;
}

/**
 * Looks at the order until its state is in `states` (`in`) or no longer in them (`away`).
 * @returns the state, or ORDER_ABORTED
 */
async function waitForState(
  { client }: Road,
  token: string,
  { orderId }: Order,
  states: readonly string[],
  when: 'in' | 'away',
): Promise<string> {
  const untilMs = performance.now() + SHOWS_MS;
  for (let lookMs = FIRST_LOOK_MS; performance.now() < untilMs; ) {
    const { status, body, word } = await client.send('order', 'GET', `/orders/${orderId}`, {
      token,
    });
    const state: string = status === 200 ? body.state : word;
    if (status !== 200 || states.includes(state) === (when === 'in')) return state;
    await sleep(lookMs);
    lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS);
  }
  throw new Unanswered(`order ${orderId} shows nothing new after ${SHOWS_MS} ms`);
}

const ENDING_OF: Readonly<Record<string, Ending>> = {
  PAID: 'paid',
  CANCELLED: 'cancelled',
  TIMEOUT_CANCELLED: 'timedOut',
  ORDER_ABORTED: 'aborted',
};
const ENDS = Object.keys(ENDING_OF);

async function pay(road: Road, token: string, order: Order): Promise<Ending> {
  const { client } = road;
  const opened = await client.send('pay', 'POST', `/orders/${order.orderId}/payments`, {
    token,
    headers: { 'idempotency-key': `pay-${order.orderId}` },
    body: {},
  });
  if (opened.status < 300) {
    const { paymentId } = opened.body as { paymentId: string };
    const startedMs = performance.now();
    await client.send('succeed', 'POST', `/sandbox/payments/${paymentId}/succeed`, { body: {} });
    const state = await waitForState(road, token, order, ENDS, 'in');
    if (state === 'PAID') client.tally.took('success → order PAID', performance.now() - startedMs);
    return ENDING_OF[state] ?? 'calledBack';
  }
  return ENDING_OF[await waitForState(road, token, order, ENDS, 'in')] ?? 'calledBack';
}

async function cancel(road: Road, token: string, order: Order): Promise<Ending> {
  await road.client.send('cancel', 'POST', `/orders/${order.orderId}/cancel`, { token, body: {} });
  // A repeated cancel is refused because the first one was obeyed: the order itself says.
  return ENDING_OF[await waitForState(road, token, order, ENDS, 'in')] ?? 'calledBack';
}

/** Waits out the deadline, unless that lies beyond the rush. */
async function abandon(road: Road, token: string, order: Order): Promise<Ending> {
  const { over } = road.client;
  try {
    await sleep(Math.max(order.deadlineMs - Date.now(), 0), undefined, { signal: over });
  } catch (error) {
    if (over.aborted) return 'calledBack';
    throw error;
  }
  const state = await waitForState(road, token, order, ENDS, 'in');
  road.client.tally.took('deadline → order ended', Math.max(Date.now() - order.deadlineMs, 0));
  return ENDING_OF[state] ?? 'calledBack';
}
