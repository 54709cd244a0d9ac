/**
 * What a repair does to a sale, as commands: orders that only MySQL knows are given their seats,
 * orders the sale knows are given theirs again, everything is counted anew. And what the house
 * keeps back: the same script blocks a seat.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { freshOrderId, SALE } from '../stage.ts';
import { type Command, command } from './command.ts';

const sold = fc.boolean();
const stateOf = (paid: boolean) => (paid ? ('SOLD' as const) : ('LOCKED' as const));

/** An order the arbiter has lost: it gets its seats, unless somebody has one of them. */
export const restore: fc.Arbitrary<Command> = fc
  .tuple(fc.nat({ max: 5 }), fc.uniqueArray(fc.nat({ max: 40 }), { minLength: 1 }), sold)
  .map(([who, numbers, paid]) =>
    command(`restore [${numbers}] to buyer${who}${paid ? ', paid' : ''}`, async (model, on) => {
      const known = numbers.filter((seat) => model.tierOf.has(seat)).slice(0, 4);
      const seats = known.toSorted((a, b) => a - b);
      if (seats.length === 0) return;
      const hold = {
        orderId: freshOrderId(),
        uid: `buyer${who}`,
        seats,
        deadlineMs: model.nowMs + 30_000,
      };
      const others = model.live.filter((live) => seats.some((seat) => live.seats.includes(seat)));
      const [result] = await on.arbiter.restore(SALE, [{ ...hold, state: stateOf(paid) }]);
      expect(result!.changed).toBe(others.length === 0);
      if (others.length > 0)
        expect(others.map(({ orderId }) => orderId)).toContain(result!.takenBy);
      else model.restore(hold, stateOf(paid));
    }),
  );

/** An order the sale knows, as MySQL may still tell of it: only a payment moves anything. */
export const restoreAgain: fc.Arbitrary<Command> = fc
  .tuple(fc.nat({ max: 50 }), sold)
  .map(([which, paid]) =>
    command(`restore ${which} again${paid ? ', paid' : ''}`, async (model, on) => {
      const hold = model.holds[which % Math.max(1, model.holds.length)];
      // Who was released has ended in MySQL: it is never paid there.
      if (!hold || hold.uid === '' || (paid && hold.state === 'RELEASED')) return;
      const { orderId, uid, seats, deadlineMs } = hold;
      const order = { orderId, uid, seats, deadlineMs, state: stateOf(paid) };
      const [result] = await on.arbiter.restore(SALE, [order]);
      expect(result).toEqual({ changed: paid && model.end(hold, 'SOLD') });
    }),
  );

/** A seat is kept back, and was before, or is somebody's. */
export const block: fc.Arbitrary<Command> = fc.nat({ max: 40 }).map((seat) =>
  command(`block ${seat}`, async (model, on) => {
    const hold = { orderId: freshOrderId(), uid: '', seats: [seat], deadlineMs: 0 };
    const other = model.live.find(({ seats }) => seats.includes(seat));
    const [result] = await on.arbiter.restore(SALE, [{ ...hold, state: 'BLOCKED' }]);
    if (!model.tierOf.has(seat)) expect(result).toEqual({ changed: false, unknown: true });
    else if (other) expect(result).toEqual({ changed: false, takenBy: other.orderId });
    else {
      expect(result).toEqual({ changed: true });
      model.restore(hold, 'BLOCKED');
    }
  }),
);

/** A block as MySQL tells of it: one that stands stays, one that was released comes back. */
export const blockAgain: fc.Arbitrary<Command> = fc.nat({ max: 50 }).map((which) =>
  command(`block ${which} again`, async (model, on) => {
    const blocks = model.holds.filter(({ uid }) => uid === '');
    const block = blocks[which % Math.max(1, blocks.length)];
    if (!block) return;
    const { orderId, uid, seats, deadlineMs } = block;
    const again = { orderId, uid, seats, deadlineMs, state: 'BLOCKED' as const };
    const changed = block.state === 'RELEASED' && model.isFree(seats[0]!);
    expect((await on.arbiter.restore(SALE, [again]))[0]!.changed).toBe(changed);
    if (changed) model.restore(again, 'BLOCKED');
  }),
);

export const recount: fc.Arbitrary<Command> = fc.constant(
  command('recount', async (_model, on) => {
    const before = await on.dump();
    expect(await on.arbiter.recount(SALE)).toEqual({ corrected: 0 });
    expect(await on.dump()).toEqual(before);
  }),
);
