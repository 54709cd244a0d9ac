/**
 * The protocol with one thing taken away, and the invariant that must notice. Where a second road
 * would heal the wound, that road is closed too, in `without`: the same scene without the mutation
 * must then still hold, or nothing would be shown.
 */
import { free, locked, type Move, sold } from './arbiter.ts';
import { type Protocol, PROTOCOL as REAL } from './protocol.ts';
import { ALONE, FIRST_ACTS, NOBODY_ACTS, TOO_MANY } from './scenes.ts';
import type { Cast } from './world.ts';

export interface Mutant {
  readonly name: string;
  readonly change: Partial<Protocol>;
  readonly without?: Partial<Protocol>;
  readonly cast: Cast;
  readonly lossesMax: number;
  readonly caughtBy: string;
}

const known =
  (move: Move): Move =>
  (arbiter, of, cast) =>
    arbiter.holds[of]!.state === 'none' ? arbiter : move(arbiter, of, cast);
const moves = (change: Partial<Protocol['moves']>) => ({ moves: { ...REAL.moves, ...change } });
/** MySQL and the provider hear of deadlines only from the arbiter, and it is never reconciled. */
const FAST_ROAD = { sweep: false, reconcile: false };

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-token: release asks neither for the owner nor for the hold',
    change: moves({ release: known(free) }),
    cast: NOBODY_ACTS,
    lossesMax: 0,
    caughtBy: 'I10',
  },
  {
    name: 'sell asks neither for the owner nor for the hold',
    change: moves({ sell: sold }),
    cast: FIRST_ACTS,
    lossesMax: 1,
    caughtBy: 'I10',
  },
  {
    name: 'no-claim: a seat may have two orders',
    change: { claims: false },
    cast: NOBODY_ACTS,
    lossesMax: 1,
    caughtBy: 'I1',
  },
  {
    name: 'a cancelled order keeps its claim and its quota',
    change: { givesBack: false },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I1',
  },
  {
    name: 'no-quota: a buyer’s seats are counted by the arbiter alone',
    change: { decideCreate: (facts) => REAL.decideCreate({ ...facts, heldAfter: 0 }) },
    cast: TOO_MANY,
    lossesMax: 1,
    caughtBy: 'I4',
  },
  {
    name: 'no-refund: late money is kept',
    change: {
      decideSettle: (facts) => {
        const decision = REAL.decideSettle(facts);
        return decision.do === 'refund' ? { do: 'none' } : decision;
      },
    },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I8',
  },
  {
    name: 'money that is spent is looked at again',
    change: { decideSettle: (facts) => REAL.decideSettle({ ...facts, spent: false }) },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I8',
  },
  {
    name: 'the provider’s event is answered before the commit',
    change: { eventAckLast: false },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I8',
  },
  {
    name: 'timeout-rmw: a deadline writes what it read before',
    change: { guarded: false },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I5',
  },
  {
    name: 'the answer to the close is ignored',
    change: { decideTimeout: (facts) => REAL.decideTimeout({ ...facts, payment: 'none' }) },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I15',
  },
  {
    name: 'nothing leaves PAYING but money',
    change: { next: (from, by) => (by === 'grace' ? undefined : REAL.next(from, by)) },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I2',
  },
  {
    name: 'no-repair: neither reconcile nor a deadline tells of money again',
    change: {
      reconcile: false,
      decideTimeout: (facts) => {
        const decision = REAL.decideTimeout(facts);
        return decision.do === 'repeat' && facts.state === 'PAID' ? { do: 'wait' } : decision;
      },
    },
    cast: ALONE,
    lossesMax: 1,
    caughtBy: 'I3',
  },
  {
    name: 'a lost lock of a paid order is not given back',
    change: {
      decideRepair: (word, grip) =>
        word === 'PAID' && grip === 'NONE' ? 'none' : REAL.decideRepair(word, grip),
    },
    cast: ALONE,
    lossesMax: 1,
    caughtBy: 'I3',
  },
  {
    name: 'a lost lock of a live order is not given back',
    change: {
      decideRepair: (word, grip) => (word === 'LOCKED' ? 'none' : REAL.decideRepair(word, grip)),
    },
    cast: NOBODY_ACTS,
    lossesMax: 1,
    caughtBy: 'I9',
  },
  {
    name: 'rec-uncond: a repair takes the seat from whoever has it',
    change: moves({ relock: locked }),
    cast: FIRST_ACTS,
    lossesMax: 1,
    caughtBy: 'I11',
  },
  {
    name: 'no-decision+no-expcheck: an abort leaves no verdict, and nobody looks at the clock',
    change: {
      verdicts: false,
      decideCreate: (facts) => REAL.decideCreate({ ...facts, nowMs: 0 }),
    },
    cast: NOBODY_ACTS,
    lossesMax: 0,
    caughtBy: 'I9',
  },
  {
    name: 'nonatomic-event: the message follows the lock, and nobody looks for orphans',
    change: { lockTells: false },
    without: { reconcile: false, deadlines: false },
    cast: NOBODY_ACTS,
    lossesMax: 0,
    caughtBy: 'I2',
  },
  {
    name: 'a lock is acknowledged before the commit, and nobody looks for orphans',
    change: { ackedEarly: ['locked'] },
    without: { reconcile: false, deadlines: false },
    cast: NOBODY_ACTS,
    lossesMax: 0,
    caughtBy: 'I2',
  },
  {
    name: 'order.cancelled is acknowledged before the release, and nothing repeats it',
    change: { ackedEarly: ['order.cancelled'] },
    without: { reconcile: false, deadlines: false },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I2',
  },
  {
    name: 'order.paid is acknowledged before the sale, and nothing repeats it',
    change: { ackedEarly: ['order.paid'] },
    without: { reconcile: false, deadlines: false },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I3',
  },
  {
    name: 'an aborted lock sends no message',
    change: {
      decideRelease: (state) => (state === 'ABORTED' ? undefined : REAL.decideRelease(state)),
    },
    without: FAST_ROAD,
    cast: NOBODY_ACTS,
    lossesMax: 0,
    caughtBy: 'I2',
  },
  {
    name: 'a paid order sends no message',
    change: {
      decideRelease: (state) => (state === 'PAID' ? undefined : REAL.decideRelease(state)),
    },
    without: { reconcile: false },
    cast: ALONE,
    lossesMax: 0,
    caughtBy: 'I3',
  },
  {
    name: 'no-run-check: a lock slips in between a loss and its repair',
    change: { runChecked: false },
    cast: NOBODY_ACTS,
    lossesMax: 1,
    caughtBy: 'I13',
  },
];
