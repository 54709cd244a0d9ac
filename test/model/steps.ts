/**
 * Every step the small world may take. A fair step happens in the end, because somebody repeats it
 * until it did; the others may happen or never: buyers, crashes, messages that come twice or late.
 */
import type { SettleFacts } from '../../services/order/decisions.ts';
import { moved } from './arbiter.ts';
import { Breach } from './breach.ts';
import { actOnDue, askAfter, create, lookAtDue, moveOrder, settle } from './mysql.ts';
import type { Protocol } from './protocol.ts';
import {
  type Cast,
  isLive,
  type Letter,
  type Life,
  lastClock,
  stateOf,
  type World,
  withArbiter,
  withLetter,
  withLife,
  withSeen,
  wordOf,
} from './world.ts';

export interface Step {
  readonly name: string;
  readonly fair: boolean;
  readonly to: World;
}
/** What is explored: who takes part, what decides, and how often Redis may lose its tail. */
export interface Scene {
  readonly cast: Cast;
  readonly protocol: Protocol;
  readonly lossesMax: number;
}
type Take = (name: string, fair: boolean, to: World) => void;
/** One road of the system: the steps it may take for one lock. */
type Road = (take: Take, world: World, of: number, scene: Scene) => void;

/** The buyer comes, for one lock after the other: which is the first makes no difference. */
const buyer: Road = (take, world, of, { cast, protocol }) => {
  const life = world.lives[of]!;
  const turn = of === 0 || world.lives[of - 1]!.accepted;
  if (!life.accepted && turn && (world.adopted || !protocol.runChecked)) {
    const arbiter = moved(protocol.moves, 'lock', world.arbiter, of, cast);
    if (arbiter !== world.arbiter) {
      if (!world.adopted) throw new Breach('I13', `lock ${of} on a Redis nobody has looked at`);
      const told = protocol.lockTells;
      const to = withArbiter(world, withLetter(arbiter, of, 'locked', told));
      take('lock', false, withLife(to, of, { accepted: true, told }));
    }
  }
  if (life.accepted && !life.told) {
    const to = withArbiter(world, withLetter(world.arbiter, of, 'locked', true));
    take('announce', false, withLife(to, of, { told: true }));
  }
  if (life.accepted && life.clock < lastClock(cast, of))
    take('tick', true, withLife(world, of, { clock: life.clock + 1 }));
  if (cast.acts[of] && life.history.length > 0)
    take('cancel', false, moveOrder(world, of, 'cancel', cast, protocol));
};

/** The provider's side: a payment, what its buyer does with it, and the events that tell. */
const money: Road = (take, world, of, { cast, protocol }) => {
  const life = world.lives[of]!;
  const change = (name: string, now: Partial<Life>) => take(name, false, withLife(world, of, now));
  const told = (from: World, type: SettleFacts['type'], seen: boolean) =>
    settle(from, of, type, seen, cast, protocol);
  if (life.provider === 'none') {
    if (cast.acts[of] && stateOf(life) === 'LOCKED') change('open', { provider: 'open' });
    return;
  }
  if (life.provider !== 'captured') change('pay', { provider: 'captured', succeeded: 'sent' });
  take('started', false, told(world, 'payment.started', false));
  if (life.succeeded === 'none') return;
  const answered = withLife(world, of, { succeeded: 'answered' });
  if (life.succeeded === 'sent') take('paid', true, told(answered, 'payment.succeeded', false));
  if (!protocol.eventAckLast) take('paid.lost', false, answered);
  // the same event, and the same success under another id
  const seen = life.succeeded === 'answered';
  take('paid.again', false, told(world, 'payment.succeeded', seen));
  take('paid.twice', false, told(world, 'payment.succeeded', false));
};

/** Messages: each is given to its consumer until it is acknowledged, and perhaps once more. */
const messages: Road = (take, world, of, scene) => {
  const { outbox, told } = world.lives[of]!;
  hear('locked', told, (now) => create(now, of, scene.cast, scene.protocol));
  for (const [letter, how] of CONSEQUENCES) {
    const sent = outbox[letter] === 'posted' || outbox[letter] === 'again';
    hear(letter, sent, (now) =>
      withArbiter(now, moved(scene.protocol.moves, how, now.arbiter, of, scene.cast)),
    );
    if (outbox[letter] === 'unposted' || outbox[letter] === 'again') {
      const to = withArbiter(world, withLetter(world.arbiter, of, letter, true));
      take(`post.${letter}`, true, withLife(to, of, { outbox: { ...outbox, [letter]: 'posted' } }));
    }
  }

  function hear(letter: Letter, sent: boolean, handle: (now: World) => World): void {
    const acknowledge = (now: World) =>
      withArbiter(now, withLetter(now.arbiter, of, letter, false));
    if (world.arbiter.holds[of]!.waiting[letter]) {
      take(letter, true, acknowledge(handle(world)));
      if (scene.protocol.ackedEarly.includes(letter))
        take(`${letter}.lost`, false, acknowledge(world));
    }
    if (sent) take(`${letter}.again`, false, handle(world));
  }
};
const CONSEQUENCES = [
  ['order.paid', 'sell'],
  ['order.cancelled', 'release'],
] as const;

/** Deadlines: announced by the arbiter, found by the sweep of MySQL, or said once more. */
const deadlines: Road = (take, world, of, { cast, protocol }) => {
  const life = world.lives[of]!;
  if (life.closing !== undefined) take('timeout', true, actOnDue(world, of, cast, protocol));
  if (!life.accepted) return;
  const held = protocol.deadlines && world.arbiter.holds[of]!.state === 'LOCKED';
  const overdue = protocol.sweep && isLive(life);
  // an end that the arbiter knows is told again by a repeated message as well
  const ended = life.verdict !== undefined && !(isLive(life) && stateOf(life) !== 'PAID');
  if (life.closing === undefined && (held || (!ended && (protocol.deadlines || overdue))))
    for (const to of lookAtDue(world, of, protocol)) {
      // asked to close, the provider answers later; or at once, so that judging it comes to rest
      const asked = to.lives[of]!.closing !== undefined;
      take('due', !asked && (held || overdue), to);
      if (asked) take('judge', held || overdue, actOnDue(to, of, cast, protocol));
    }
  if (life.clock === lastClock(cast, of)) take('ask', true, askAfter(world, of, protocol));
};

/** Reconcile: what MySQL says is read now and acted on later, on what the arbiter has then. */
const repair: Road = (take, world, of, { cast, protocol }) => {
  if (!protocol.reconcile) return;
  const { repair: pending } = world;
  const word = wordOf(world.lives[of]!);
  if (pending?.of === of)
    take('recWrite', true, {
      ...repaired(world, of, pending.word, cast, protocol),
      repair: undefined,
    });
  if (protocol.decideRepair(word, gripOf(world, of, cast)) === 'alarm')
    throw new Breach('I3', `reconcile finds ${word} and a seat that says otherwise`);
  if (pending) return;
  // only a live word can be stale when it is acted on: an end stays what it is
  if (isLive(world.lives[of]!) && word !== 'PAID')
    take('recRead', false, { ...world, repair: { of, word } });
  const mended = repaired(world, of, word, cast, protocol);
  if (
    isLive(world.lives[of]!) &&
    word !== 'PAID' &&
    mended.arbiter.seats[cast.seatOf[of]!]!.mark === 0
  )
    throw new Breach('I9', `reconcile leaves the seat of the live order ${of} to anybody`);
  take('reconcile', true, mended);
};

function gripOf({ arbiter }: World, of: number, cast: Cast) {
  const { owner, mark } = arbiter.seats[cast.seatOf[of]!]!;
  if (owner !== of || mark === 0) return 'NONE';
  return mark === 2 ? 'SOLD' : 'LOCKED';
}

const REPAIRS = { lock: 'relock', sell: 'resell', release: 'release' } as const;

function repaired(
  world: World,
  of: number,
  word: ReturnType<typeof wordOf>,
  cast: Cast,
  protocol: Protocol,
): World {
  const what = protocol.decideRepair(word, gripOf(world, of, cast));
  // MySQL was asked a moment ago: an alarm now means only that the world went on; and the house,
  // which blocks seats, is not of this world
  const arbiter =
    what === 'none' || what === 'alarm' || what === 'block'
      ? world.arbiter
      : moved(protocol.moves, REPAIRS[what], world.arbiter, of, cast);
  return withSeen(withArbiter(world, arbiter), of);
}

/**
 * The arbiter's disk: its last second may be lost, and a new run must be adopted. Of all the
 * moments at which the disk was up to date only the last one before a loss matters.
 */
function disk(take: Take, world: World, { protocol, lossesMax }: Scene): void {
  const { arbiter, synced, losses, adopted, unseen } = world;
  if (!adopted && !unseen.includes(true)) take('adopt', true, { ...world, adopted: true });
  if (losses === lossesMax) return;
  if (synced === undefined) take('fsync', false, { ...world, synced: arbiter });
  take('LOSS', false, {
    ...world,
    arbiter: synced ?? world.before,
    before: synced ?? world.before,
    synced: undefined,
    losses: losses + 1,
    adopted: false,
    unseen: unseen.map(() => protocol.reconcile),
  });
}

const ROADS: readonly Road[] = [buyer, messages, deadlines, money, repair];

/**
 * The world after its consumers have acknowledged what changes nothing. That such a message is
 * heard later, when it would, is a step of its own: it comes again.
 */
function withoutEchoes(world: World, { cast, protocol }: Scene): World {
  let { arbiter } = world;
  for (const of of world.lives.keys()) {
    const { waiting } = arbiter.holds[of]!;
    if (waiting.locked && world.lives[of]!.verdict !== undefined)
      arbiter = withLetter(arbiter, of, 'locked', false);
    for (const [letter, how] of CONSEQUENCES)
      if (waiting[letter] && protocol.moves[how](arbiter, of, cast) === arbiter)
        arbiter = withLetter(arbiter, of, letter, false);
  }
  return withArbiter(world, arbiter);
}

/** Every step out of a world that leads to another one. @throws Breach */
export function stepsOf(world: World, scene: Scene): Step[] {
  const steps: Step[] = [];
  const take = (name: string, fair: boolean, to: World) => {
    if (to !== world) steps.push({ name, fair, to: withoutEchoes(to, scene) });
  };
  for (const of of world.lives.keys())
    for (const road of ROADS)
      road((name, ...rest) => take(`${name}${of}`, ...rest), world, of, scene);
  disk(take, world, scene);
  return steps;
}
