/** Everything that can be refused, prepared: what the table of `refusals.test.ts` asks for. */
import type { Stack } from '../support/stack.ts';
import {
  type Buyer,
  buildHall,
  comeToBuy,
  draftSession,
  type Hall,
  isoIn,
  openSession,
  plainPlan,
  statesOf,
  until,
  Visitor,
} from './visitor.ts';

const HOUR_MS = 3_600_000;

/** Sessions in every state, and people who may or may not act on them. */
export interface World {
  readonly stack: Stack;
  readonly hall: Hall;
  readonly anybody: Visitor;
  /** On sale; `buyer` has a reservation and a permit for it, `other` as well. */
  readonly open: string;
  readonly buyer: Buyer;
  readonly other: Buyer;
  /** Seats that exist, in order; and an index between two of them that is no seat. */
  readonly seats: readonly number[];
  readonly gap: number;
  /** A seat that `other` has locked, and the order it belongs to. */
  readonly taken: { readonly seat: number; readonly orderId: string };
  readonly cancelledOrder: string;
  readonly scheduled: string;
  readonly paused: string;
  readonly closed: string;
  readonly soldOut: string;
  readonly late: string;
  readonly draft: string;
  readonly permits: Readonly<Record<'scheduled' | 'paused' | 'closed' | 'soldOut', Buyer>>;
}
/** Builds all of it over HTTP, on a system that has just started. */
export async function buildWorld(stack: Stack): Promise<World> {
  const hall = await buildHall(stack.url, plainPlan(2, 4, 2));
  const far = { saleOpensAt: isoIn(HOUR_MS), saleClosesAt: isoIn(2 * HOUR_MS) };
  const [open, scheduled, paused, closed, soldOut, late, draft] = await Promise.all([
    openSession(hall, { seatsPerBuyerMax: 2 }),
    openSession(hall, far),
    openSession(hall),
    openSession(hall),
    openSession(hall),
    openSession(hall, { reservationClosesAt: isoIn(-1_000) }),
    draftSession(hall),
  ]);
  const come = (sessionId: string) => comeToBuy(stack.url, sessionId);
  const [buyer, other] = await Promise.all([come(open), come(open)]);
  const permits = {
    scheduled: await come(scheduled),
    paused: await come(paused),
    closed: await come(closed),
    soldOut: await come(soldOut),
  };
  await hall.organiser.made(`/admin/sessions/${paused}/pause`);
  await hall.organiser.made(`/admin/sessions/${closed}/close`);
  for (const tier of ['Front', 'Rear']) {
    const { status } = await (await come(soldOut)).lock({ best: { count: 4, tier } });
    if (status !== 201) throw new Error(`the hall does not sell out: ${status}`);
  }
  const marks = await statesOf(stack.url, open);
  const seats = [...marks].flatMap((mark, seat) => (mark === '0' ? [seat] : []));
  const { orderId } = (await other.lock({ seats: [seats[0]] })).body;
  await other.orderIn(orderId, ['LOCKED']);
  const changed = (await buyer.lock({ seats: [seats.at(-1)] })).body.orderId;
  await buyer.orderIn(changed, ['LOCKED']);
  await buyer.made(`/orders/${changed}/cancel`);
  await until(
    'the seat back',
    2_000,
    () => statesOf(stack.url, open),
    (t) => t.at(-1) === '0',
  );
  return {
    stack,
    hall,
    anybody: new Visitor(stack.url),
    open,
    buyer,
    other,
    seats,
    gap: marks.indexOf('-'),
    taken: { seat: seats[0]!, orderId },
    cancelledOrder: changed,
    scheduled,
    paused,
    closed,
    soldOut,
    late,
    draft,
    permits,
  };
}
