/** Commands that ask for seats: chosen, the best, under a key, or by a connection that repeats. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { LockAnswer } from '../../../lua/arbiter.ts';
import { freshOrderId, type Stage } from '../stage.ts';
import { type Command, command, type Ending, endingOf } from './command.ts';
import type { Asked, Held, Sale } from './sale.ts';

interface Taken {
  readonly lost: number[];
  readonly stillAvailable: number[];
  readonly alternatives: { seats: number[]; tier: string; adjacent: boolean }[];
}

/** What must come with a refusal, by its word. */
const REFUSED: Readonly<
  Record<string, (model: Sale, uid: string, asked: Asked, data: unknown) => void>
> = {
  LIMIT_REACHED: (model, uid, _asked, data) =>
    expect(data).toEqual({ limit: model.terms.seatsPerBuyerMax, held: model.heldBy(uid) }),
  SEAT_TAKEN: (model, _uid, asked, data) => {
    const seats = (asked as { seats: number[] }).seats.toSorted((a, b) => a - b);
    const { lost, stillAvailable, alternatives } = data as Taken;
    expect(lost).toEqual(seats.filter((seat) => !model.isFree(seat)));
    expect(stillAvailable).toEqual(seats.filter((seat) => model.isFree(seat)));
    for (const set of alternatives) {
      expect(new Set(set.seats).size).toBe(seats.length);
      expect(set.seats.every((seat) => model.isFree(seat))).toBe(true);
    }
  },
};

/** The seats of a fresh answer, which were free until now. */
function seatsGiven(model: Sale, asked: Asked, { seats, adjacent }: LockAnswer): number[] {
  const given = seats.map(({ seat }) => seat);
  for (const seat of given) expect(model.isFree(seat)).toBe(true);
  if ('seats' in asked) {
    expect(given).toEqual(asked.seats.toSorted((a, b) => a - b));
    return given;
  }
  const { count, tier } = asked.best;
  expect(new Set(given).size).toBe(count);
  expect(seats.every((seat) => seat.tier === tier)).toBe(true);
  expect(adjacent).toBe(model.canSitTogether(count, tier));
  return given;
}

function replays(model: Sale, orderId: string, { answer }: Ending<LockAnswer>): void {
  const hold = model.holds.find((one) => one.orderId === orderId)!;
  expect(answer).toMatchObject({ orderId, deadlineMs: hold.deadlineMs });
  expect(answer!.seats.map(({ seat }) => seat)).toEqual(hold.seats);
}

async function ask(
  model: Sale,
  on: Stage,
  uid: string,
  asked: Asked,
  idempotencyKey: string | undefined,
): Promise<void> {
  const expected = model.judge(uid, asked, idempotencyKey);
  const before = model.answered(uid, idempotencyKey);
  const request = { ...asked, idempotencyKey, nowMs: model.nowMs, orderId: freshOrderId() };
  const ending = await endingOf(on.lock(uid, request));
  expect(ending.word).toBe(expected);
  REFUSED[ending.word]?.(model, uid, asked, ending.data);
  if (!ending.answer) return;
  if (before) return replays(model, before.orderId, ending);
  const { orderId, deadlineMs, version, replayed } = ending.answer;
  expect(replayed).toBe(false);
  expect(deadlineMs).toBe(model.nowMs + model.terms.lockMs);
  const seats = seatsGiven(model, asked, ending.answer);
  model.lock({ orderId, uid, seats, deadlineMs }, asked, idempotencyKey);
  expect(version).toBe(model.version);
}

const buyer = fc.nat({ max: 5 }).map((i) => `buyer${i}`);
const key = fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined, freq: 2 });
const tier = fc.constantFrom('A', 'A', 'A', 'B', 'B', 'C');
const chosen = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 5 });
const asked: fc.Arbitrary<Asked> = fc.oneof(
  chosen.map((seats) => ({ seats })),
  fc.record({ count: fc.integer({ min: 1, max: 5 }), tier }).map((best) => ({ best })),
);

export const lock: fc.Arbitrary<Command> = fc
  .tuple(buyer, asked, key)
  .map(([uid, what, idempotencyKey]) =>
    command(`${uid} locks ${JSON.stringify(what)} ${idempotencyKey ?? ''}`, (model, on) =>
      ask(model, on, uid, what, idempotencyKey),
    ),
  );

const held = (model: Readonly<Sale>, which: number): Held | undefined =>
  model.live[which % Math.max(1, model.live.length)];

/** A connection sends the same call again: the same lock, and nothing is changed. */
export const again: fc.Arbitrary<Command> = fc.nat({ max: 50 }).map((which) =>
  command(
    `lock ${which} again`,
    async (model, on) => {
      const { uid, orderId, seats } = held(model, which)!;
      const ending = await endingOf(on.lock(uid, { orderId, seats, nowMs: model.nowMs }));
      expect(ending.word).toBe('OK');
      replays(model, orderId, ending);
    },
    (model) => model.isOpen && held(model, which) !== undefined,
  ),
);
