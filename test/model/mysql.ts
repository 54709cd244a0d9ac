/**
 * The transactions of the order service in the small world: facts for a production decision, and
 * the rows it leads to. One call is one transaction.
 */
import type { OrderCause, OrderState } from '../../contracts/order.ts';
import type { SettleFacts } from '../../services/order/decisions.ts';
import { Breach } from './breach.ts';
import type { Protocol } from './protocol.ts';
import {
  type Cast,
  CLOCK_MS,
  DEADLINE_MS,
  GRACE_MS,
  isLive,
  type Life,
  type Outbox,
  SEATS_PER_BUYER_MAX,
  stateOf,
  type World,
  withLife,
  withQuota,
} from './world.ts';

const AGAIN: Readonly<Record<Outbox, Outbox>> = {
  none: 'unposted',
  unposted: 'unposted',
  posted: 'again',
  again: 'again',
};
/** The amount of every order and of every payment. */
const FEN = 1;

/** The row of the message that a state owes: written, or armed again when it was posted. */
function enqueued(life: Life, state: OrderState | 'ABORTED', protocol: Protocol): Life['outbox'] {
  const letter = protocol.decideRelease(state);
  return letter === undefined
    ? life.outbox
    : { ...life.outbox, [letter]: AGAIN[life.outbox[letter]] };
}

/** A lock was announced. */
export function create(world: World, of: number, cast: Cast, protocol: Protocol): World {
  const life = world.lives[of]!;
  const buyer = cast.buyerOf[of]!;
  if (life.verdict !== undefined) return world; // its primary key
  const rival = (other: Life, i: number) =>
    i !== of && other.claim && cast.seatOf[i] === cast.seatOf[of];
  const decision = protocol.decideCreate({
    verdict: life.verdict,
    nowMs: CLOCK_MS[life.clock]!,
    deadlineMs: DEADLINE_MS,
    heldAfter: world.quota[buyer]! + 1,
    seatsPerBuyerMax: SEATS_PER_BUYER_MAX,
    claimed: protocol.claims && world.lives.some(rival),
  });
  if (decision.do === 'ignore') return world;
  if (decision.do === 'abort') return abort(world, of, protocol);
  const history = [protocol.next('INIT', 'seat.locked')!];
  const created = withLife(world, of, { verdict: 'ORDERED', history, claim: true });
  return withQuota(created, buyer, 1);
}

/** Records that a lock never becomes an order, unless something was recorded before. */
export function abort(world: World, of: number, protocol: Protocol): World {
  const life = world.lives[of]!;
  if (life.verdict !== undefined) return world;
  return withLife(world, of, {
    ...(protocol.verdicts && { verdict: 'ABORTED' }),
    outbox: enqueued(life, 'ABORTED', protocol),
  });
}

/** One move of an order; the same world when the table does not have it. */
export function moveOrder(
  world: World,
  of: number,
  by: OrderCause,
  cast: Cast,
  protocol: Protocol,
  from = stateOf(world.lives[of]!),
): World {
  const life = world.lives[of]!;
  const to = from && protocol.next(from, by);
  if (to === undefined) return world;
  const history = [...life.history, to];
  const moved = withLife(world, of, { history, outbox: enqueued(life, to, protocol) });
  const ended = protocol.decideRelease(to) === 'order.cancelled';
  if (!ended || !life.claim || !protocol.givesBack) return moved;
  return withQuota(withLife(moved, of, { claim: false }), cast.buyerOf[of]!, -1);
}

const timeoutFacts = (life: Life) => ({
  state: stateOf(life),
  verdict: life.verdict,
  nowMs: CLOCK_MS[life.clock]!,
  deadlineMs: DEADLINE_MS,
  payGraceMs: GRACE_MS,
});

/**
 * A deadline came due, the first look: an orphan is aborted, an end is told again, and before
 * anything else the provider is asked to close. @returns every way this may go
 */
export function lookAtDue(world: World, of: number, protocol: Protocol): World[] {
  const life = world.lives[of]!;
  const decision = protocol.decideTimeout({ ...timeoutFacts(life), payment: 'none' });
  switch (decision.do) {
    case 'wait':
      return [];
    case 'abort':
      return [abort(world, of, protocol)];
    case 'repeat':
      return [
        withLife(world, of, { outbox: enqueued(life, stateOf(life) ?? 'ABORTED', protocol) }),
      ];
    case 'move': {
      if (life.provider === 'none') return [withLife(world, of, { closing: 'none' })];
      const said = life.provider === 'captured' ? 'taken' : 'closed';
      return [withLife(world, of, { closing: said }), withLife(world, of, { closing: 'unknown' })];
    }
  }
}

/** The second look, in the transaction that moves: `closing` was answered some time ago. */
export function actOnDue(world: World, of: number, cast: Cast, protocol: Protocol): World {
  const { closing: payment, ...life } = world.lives[of]!;
  const done = withLife(world, of, { closing: undefined });
  // what a read before the transaction said, written without looking again
  if (!protocol.guarded) return moveOrder(done, of, 'deadline', cast, protocol, 'LOCKED');
  const facts = { ...timeoutFacts(world.lives[of]!), payment: payment! };
  const decision = protocol.decideTimeout(facts);
  if (decision.do === 'repeat')
    return withLife(done, of, { outbox: enqueued(world.lives[of]!, facts.state!, protocol) });
  if (decision.do !== 'move') return done;
  if (payment === 'taken' && facts.nowMs < DEADLINE_MS + GRACE_MS)
    throw new Breach(
      'I15',
      `order ${of} was cancelled though the provider had said it has the money`,
    );
  return life.history.length > 0 ? moveOrder(done, of, decision.by, cast, protocol) : done;
}

/** An event of the provider. @param seen an event of this id was settled before */
export function settle(
  world: World,
  of: number,
  type: SettleFacts['type'],
  seen: boolean,
  cast: Cast,
  protocol: Protocol,
): World {
  const life = world.lives[of]!;
  const state = stateOf(life);
  const decision = protocol.decideSettle({
    type,
    seen,
    spent: life.refunds > 0 || state === 'PAID',
    foreign: false,
    amountFen: FEN,
    order: state && { state, amountFen: FEN },
  });
  if (decision.do === 'none') return world;
  if (decision.do === 'refund') return withLife(world, of, { refunds: life.refunds + 1 });
  return decision.by.reduce((now, by) => moveOrder(now, of, by, cast, protocol), world);
}

/** A client asks for a lock that the arbiter has forgotten, when it cannot be on its way. */
export const askAfter = (world: World, of: number, protocol: Protocol): World =>
  world.arbiter.holds[of]!.state === 'LOCKED' || isLive(world.lives[of]!)
    ? world
    : abort(world, of, protocol);
