/**
 * Everything that decides in the small world: the production functions themselves, and the roads
 * between them. A mutant is this table with one row replaced.
 */
import { orderMachine } from '../../contracts/order.ts';
import {
  decideCreate,
  decideRelease,
  decideSettle,
  decideTimeout,
} from '../../services/order/decisions.ts';
import { decideRepair } from '../../services/scheduler/decisions.ts';
import { MOVES, type Moves } from './arbiter.ts';
import type { Letter } from './world.ts';

export interface Protocol {
  readonly decideCreate: typeof decideCreate;
  readonly decideTimeout: typeof decideTimeout;
  readonly decideSettle: typeof decideSettle;
  readonly decideRelease: typeof decideRelease;
  readonly decideRepair: typeof decideRepair;
  readonly next: typeof orderMachine.next;
  readonly moves: Moves;

  /** The message of a lock exists exactly when the lock does. */
  readonly lockTells: boolean;
  /** `lock` refuses on a Redis whose run is not the recorded one. */
  readonly runChecked: boolean;
  /** Deadlines of the arbiter are announced until somebody acts. */
  readonly deadlines: boolean;
  /** MySQL is searched for overdue orders. */
  readonly sweep: boolean;
  /** Reconcile, every minute and before a new run is adopted. */
  readonly reconcile: boolean;
  /** An abort is written down. */
  readonly verdicts: boolean;
  /** The claim of a seat has a primary key. */
  readonly claims: boolean;
  /** A transition is `UPDATE … WHERE state IN (…)` on the row as it is now. */
  readonly guarded: boolean;
  /** An ended order gives back its claim and its quota in the same transaction. */
  readonly givesBack: boolean;
  /** The messages that are acknowledged before what they ask for is done. */
  readonly ackedEarly: readonly Letter[];
  /** An event of the provider is answered after the commit. */
  readonly eventAckLast: boolean;
}

export const PROTOCOL: Protocol = {
  decideCreate,
  decideTimeout,
  decideSettle,
  decideRelease,
  decideRepair,
  next: orderMachine.next,
  moves: MOVES,
  lockTells: true,
  runChecked: true,
  deadlines: true,
  sweep: true,
  reconcile: true,
  verdicts: true,
  claims: true,
  guarded: true,
  givesBack: true,
  ackedEarly: [],
  eventAckLast: true,
};
