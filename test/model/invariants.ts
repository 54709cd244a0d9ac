/** What must be true of every world, and of one in which only buyers and accidents still act. */
import { orderMachine } from '../../contracts/order.ts';
import { Breach } from './breach.ts';
import type { Scene } from './steps.ts';
import { isLive, type Life, SEATS_PER_BUYER_MAX, stateOf, type World } from './world.ts';

type Fault = string | false | undefined;
interface Invariant {
  readonly name: string;
  /** `always`, or only when everything that happens in the end has happened. */
  readonly when: 'always' | 'quiet';
  /** Of one lock; a text is a fault. */
  readonly of: (world: World, of: number, scene: Scene) => Fault;
}

const seatOf = (world: World, of: number, { cast }: Scene) =>
  world.arbiter.seats[cast.seatOf[of]!]!;
const isPaid = (life: Life) => stateOf(life) === 'PAID';

const INVARIANTS: readonly Invariant[] = [
  {
    name: 'I1',
    when: 'always',
    of: ({ lives }, of, { cast }) =>
      isLive(lives[of]!) &&
      lives.some((life, i) => i !== of && isLive(life) && cast.seatOf[i] === cast.seatOf[of]) &&
      'two live orders have one seat',
  },
  {
    name: 'I1',
    when: 'always',
    of: ({ lives }, of) =>
      lives[of]!.claim !== isLive(lives[of]!) && 'a claim is kept exactly while its order lives',
  },
  {
    name: 'I3',
    when: 'quiet',
    of: (world, of, scene) => {
      const { mark, owner } = seatOf(world, of, scene);
      return isPaid(world.lives[of]!) && (mark !== 2 || owner !== of) && 'PAID and not SOLD';
    },
  },
  {
    name: 'I2',
    when: 'quiet',
    of: (world, of, scene) => seatOf(world, of, scene).mark === 1 && 'a seat is LOCKED for ever',
  },
  {
    name: 'I2',
    when: 'quiet',
    of: ({ lives }, of) => isLive(lives[of]!) && !isPaid(lives[of]!) && 'an order waits for ever',
  },
  {
    name: 'I3',
    when: 'always',
    of: (world, of, scene) => {
      const { mark, owner } = seatOf(world, of, scene);
      return mark === 2 && owner === of && !isPaid(world.lives[of]!) && 'SOLD without PAID';
    },
  },
  {
    name: 'I4',
    when: 'always',
    of: ({ lives, quota }, of, { cast }) => {
      const buyer = cast.buyerOf[of]!;
      const has = lives.filter((life, i) => cast.buyerOf[i] === buyer && isLive(life)).length;
      if (has > SEATS_PER_BUYER_MAX) return 'a buyer has too many';
      return quota[buyer] !== has && 'the quota does not count what a buyer has';
    },
  },
  {
    name: 'I5',
    when: 'always',
    of: ({ lives }, of) => {
      const { history } = lives[of]!;
      if (history.length === 0 || orderMachine.isPath(['INIT', ...history])) return undefined;
      return `${history.join(' → ')} is no path`;
    },
  },
  {
    name: 'I6',
    when: 'quiet',
    of: ({ lives }, of) =>
      lives[of]!.accepted && lives[of]!.verdict === undefined && 'an accepted lock has no verdict',
  },
  {
    name: 'I6',
    when: 'always',
    of: ({ lives }, of) =>
      lives[of]!.history.length > 0 !== (lives[of]!.verdict === 'ORDERED') &&
      'the verdict ORDERED and the order are one',
  },
  {
    name: 'I8',
    when: 'always',
    of: ({ lives }, of) => {
      const { refunds, provider } = lives[of]!;
      const spent = refunds + (isPaid(lives[of]!) ? 1 : 0);
      return spent > (provider === 'captured' ? 1 : 0) && 'money is spent that is not there';
    },
  },
  {
    name: 'I8',
    when: 'quiet',
    of: ({ lives }, of) => {
      const { refunds, provider } = lives[of]!;
      const kept = provider === 'captured' && refunds === 0 && !isPaid(lives[of]!);
      return kept && 'money is neither a ticket nor given back';
    },
  },
  {
    name: 'I9',
    when: 'always',
    of: (world, of, scene) => {
      if (world.losses > 0 || !isLive(world.lives[of]!)) return undefined;
      return seatOf(world, of, scene).owner !== of && 'a live order whose seat is not its own';
    },
  },
  {
    name: 'I14',
    when: 'quiet',
    of: ({ lives, arbiter }, of) => {
      const unsent = Object.values(lives[of]!.outbox).some(
        (row) => row === 'unposted' || row === 'again',
      );
      const unheard = Object.values(arbiter.holds[of]!.waiting).includes(true);
      return (unsent || unheard) && 'a message waits for ever';
    },
  },
];

/** @throws Breach of the first invariant that does not hold */
export function check(world: World, quiet: boolean, scene: Scene): void {
  for (const { name, when, of } of INVARIANTS) {
    if (when === 'quiet' && !quiet) continue;
    for (const lock of world.lives.keys()) {
      const fault = of(world, lock, scene);
      if (fault) throw new Breach(name, `lock ${lock}: ${fault}`);
    }
  }
}
