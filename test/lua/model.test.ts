/**
 * Any commands, run on the real scripts and on a model without Lua. After each of them the arbiter
 * is audited and its hall compared; in the end every seat's life is replayed from the messages. A
 * failure prints the shortest commands that lead to it, and the seed and path that play them again:
 * put these into `fc.assert`, and the `replayPath` into `fc.commands`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordOf } from '../../contracts/errors.ts';
import { createArbiter } from '../../lua/arbiter.ts';
import { audit } from './audit.ts';
import { drawnHall, plainHall } from './hall.ts';
import { due, end, reserve, stranger, tick, turn } from './model/clocks.ts';
import type { Command } from './model/command.ts';
import { replay } from './model/history.ts';
import { again, lock } from './model/locks.ts';
import { block, blockAgain, recount, restore, restoreAgain } from './model/repairs.ts';
import { Sale } from './model/sale.ts';
import { freshOrderId, SALE, type Stage, stage, termsAt } from './stage.ts';

/** How often each command is drawn. */
const COMMANDS: readonly [weight: number, command: fc.Arbitrary<Command>][] = [
  [8, lock],
  [4, end],
  [2, again],
  [2, due],
  [2, tick],
  [1, turn],
  [1, reserve],
  [1, stranger],
  [2, restore],
  [1, restoreAgain],
  [2, block],
  [1, blockAgain],
  [1, recount],
];
const anyCommand = fc.oneof(...COMMANDS.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** A command, and after it the look at everything. */
const audited = (command: Command): Command => ({
  check: (model) => command.check(model),
  run: async (model, on) => {
    await command.run(model, on);
    expect(await audit(on, model.hall)).toEqual([]);
    const { states, version, epoch } = await on.arbiter.snapshot(SALE);
    expect({ states, version, epoch }).toEqual({
      states: model.marks(),
      version: model.version,
      epoch: 1,
    });
  },
  toString: () => command.toString(),
});

const row = fc.string({
  unit: fc.constantFrom('A', 'A', 'A', 'B', ' '),
  minLength: 1,
  maxLength: 12,
});
const hallOf = fc
  .array(row, { minLength: 1, maxLength: 4 })
  .map((rows) => drawnHall(rows))
  .filter(({ seatCount }) => seatCount > 0);

async function replayed(on: Stage, model: Sale): Promise<void> {
  const moves = (await on.messages('seat.moved')) as unknown as Parameters<typeof replay>[1];
  const { marks, faults } = replay(new Sale(model.hall, model.terms, 0).marks(), moves);
  expect(faults).toEqual([]);
  expect(marks).toBe(await on.marks());
}

describe('any commands', () => {
  it('end as the model says, and leave nothing that contradicts anything', async () => {
    const commands = fc.commands([anyCommand.map(audited)], { maxCommands: 40, size: 'max' });
    await fc.assert(
      fc.asyncProperty(hallOf, commands, async (hall, drawn) => {
        const nowMs = Date.now();
        const terms = { ...termsAt(nowMs), seatsPerBuyerMax: 4, lockMs: 60_000 };
        const on = await stage(hall, terms);
        const model = new Sale(hall, terms, nowMs);
        try {
          await fc.asyncModelRun(() => ({ model, real: on }), drawn);
          await replayed(on, model);
        } finally {
          await on.end();
        }
      }),
      { numRuns: 200 },
    );
  }, 120_000);
});

describe('two arbiters', () => {
  it('fighting for the same seats give each to one buyer, and none to nobody', async () => {
    const hall = plainHall(60, 10);
    const on = await stage(hall, { seatsPerBuyerMax: 2 });
    const other = createArbiter({ redis: on.redis.duplicate(), keys: on.keys });
    const won: number[] = [];
    const fight = async (uid: string, arbiter: typeof other, seats: number[]) => {
      const who = { sale: SALE, uid, orderId: freshOrderId(), requestId: '' };
      const answer = await arbiter.lock({ ...who, seats }).catch((error: unknown) => {
        expect(wordOf(error)).toMatch(/^(SEAT_TAKEN|SOLD_OUT)$/);
      });
      won.push(...(answer?.seats.map(({ seat }) => seat) ?? []));
    };
    const pairs = hall.seat
      .filter((seat) => hall.seat.includes(seat + 1))
      .map((seat) => [seat, seat + 1]);
    await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        fight(`buyer${i}`, i % 2 ? on.arbiter : other, pairs[(i * 7) % pairs.length]!),
      ),
    );
    expect(new Set(won).size).toBe(won.length);
    expect([...(await on.marks())].filter((mark) => mark === '1')).toHaveLength(won.length);
    expect(await audit(on, hall)).toEqual([]);
    await other.close();
    await on.end();
  });
});
