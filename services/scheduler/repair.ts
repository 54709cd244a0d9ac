/**
 * Doing what `decisions.ts` says about orders on which the arbiter and MySQL disagree. What can be
 * given back is given back many at once; whatever is met on the way is looked at one by one.
 */
import type { KeyedRequest } from '../../contracts/channels.ts';
import type { Difference, OrderWord } from '../../contracts/repair.ts';
import type { Arbiter } from '../../lua/arbiter.ts';
import type { Restored } from '../../lua/repairs.ts';
import { decideRepair, type Grip, type Repair } from './decisions.ts';

/** What both sides say of an order. */
export interface Standing {
  readonly orderId: string;
  readonly uid: string;
  readonly word: OrderWord;
  readonly grip: Grip;
  readonly seats: readonly number[];
  readonly deadlineMs: number;
  readonly request?: KeyedRequest;
}
type Did = Difference['did'] | 'none';

/** Younger holds that may have to give way to one paid order: each holds at least one seat. */
const REVOKES_MAX = 8;

/**
 * Mends every order whose two sides differ.
 * @param quiet no message about each order given back: whoever asks announces the sale afterwards
 * @returns what was done, for the orders it was done for
 */
export async function repairAll(
  arbiter: Arbiter,
  sale: string,
  standings: readonly Standing[],
  quiet: boolean,
): Promise<Difference[]> {
  const decided = standings.map((standing) => ({
    standing,
    what: decideRepair(standing.word, standing.grip),
  }));
  const isGiven = ({ standing, what }: (typeof decided)[number]) =>
    what === 'lock' || what === 'block' || (what === 'sell' && standing.grip !== 'LOCKED');
  const given = decided.filter(isGiven);
  const [gave, others] = await Promise.all([
    giveBack(arbiter, sale, given, quiet),
    Promise.all(
      decided
        .filter((row) => row.what !== 'none' && !isGiven(row))
        .map(async ({ standing, what }) =>
          found(standing, await move(arbiter, sale, standing, what)),
        ),
    ),
  ]);
  return [...gave, ...others].flatMap((difference) => difference ?? []);
}

function found(standing: Standing, did: Did): Difference | undefined {
  const { orderId, seats, word: mysql, grip } = standing;
  return did === 'none' ? undefined : { orderId, seats, mysql, arbiter: grip, did };
}

async function giveBack(
  arbiter: Arbiter,
  sale: string,
  rows: readonly { readonly standing: Standing; readonly what: Repair }[],
  quiet: boolean,
): Promise<(Difference | undefined)[]> {
  const orders = rows.map(({ standing, what }) => ({ ...standing, state: STATES[what]! }));
  const results = await arbiter.restore(sale, orders, quiet);
  return Promise.all(
    rows.map(async ({ standing, what }, i) => {
      const { changed, takenBy, unknown } = results[i]!;
      // MySQL names seats that the hall does not have.
      if (unknown) return found(standing, 'alarm');
      if (takenBy === undefined) return found(standing, changed ? (what as Did) : 'none');
      const did = what === 'sell' ? await sellAnyway(arbiter, sale, standing, takenBy) : 'waits';
      return found(standing, did);
    }),
  );
}
const STATES: Partial<Record<Repair, Restored['state']>> = {
  lock: 'LOCKED',
  sell: 'SOLD',
  block: 'BLOCKED',
};

async function move(
  arbiter: Arbiter,
  sale: string,
  { orderId, word }: Standing,
  what: Repair,
): Promise<Did> {
  switch (what) {
    case 'release':
      return (await arbiter.release(sale, orderId, word)).changed ? what : 'none';
    case 'sell':
      return (await arbiter.sell(sale, orderId)).changed ? what : 'none';
    default:
      return 'alarm';
  }
}

/** A paid order gets its seats: a hold that has one of them can never become an order. */
async function sellAnyway(
  arbiter: Arbiter,
  sale: string,
  standing: Standing,
  firstTakenBy: string,
): Promise<Did> {
  let takenBy: string | undefined = firstTakenBy;
  for (let revoked = 0; takenBy !== undefined; revoked++) {
    if (revoked > REVOKES_MAX) return 'waits';
    const { changed } = await arbiter.release(sale, takenBy, 'revoked');
    const [answer] = await arbiter.restore(sale, [{ ...standing, state: 'SOLD' }]);
    // Sold to somebody else: no rule of ours leads here.
    if (!changed && answer!.takenBy === takenBy) return 'alarm';
    takenBy = answer!.takenBy;
  }
  return 'sell';
}
