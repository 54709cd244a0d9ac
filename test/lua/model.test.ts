/** Any sequence of moves, held against a model without Lua, and audited after every step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordOf } from '../../contracts/errors.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { createArbiter, type LockAnswer } from '../../lua/arbiter.ts';
import { audit } from './audit.ts';
import { drawnHall, plainHall } from './hall.ts';
import { freshOrderId, SALE, type Stage, stage } from './stage.ts';

const LIMIT = 4;

interface Held {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  state: 'LOCKED' | 'SOLD' | 'RELEASED';
}
/** What a sale is, without Redis. */
class Model {
  readonly tierOf: Map<number, string>;
  readonly holds: Held[] = [];
  readonly hall: LayoutColumns;
  constructor(hall: LayoutColumns) {
    this.hall = hall;
    this.tierOf = new Map(hall.seat.map((seat, i) => [seat, hall.tiers[hall.tier[i]!]!]));
  }
  get live() {
    return this.holds.filter(({ state }) => state !== 'RELEASED');
  }
  isFree(seat: number) {
    return this.tierOf.has(seat) && !this.live.some(({ seats }) => seats.includes(seat));
  }
  heldBy(uid: string) {
    return this.live.filter((hold) => hold.uid === uid).flatMap(({ seats }) => seats).length;
  }
  freeOf(tier: string) {
    return this.hall.seat.filter((seat) => this.tierOf.get(seat) === tier && this.isFree(seat));
  }
  /** The word a lock of these seats must end with. */
  judge(uid: string, seats: readonly number[]): string {
    if (this.heldBy(uid) + seats.length > LIMIT) return 'LIMIT_REACHED';
    if (seats.some((seat) => !this.tierOf.has(seat))) return 'SEAT_UNKNOWN';
    if (new Set(seats).size < seats.length) return 'SEAT_REPEATED';
    if (!this.hall.seat.some((seat) => this.isFree(seat))) return 'SOLD_OUT';
    return seats.every((seat) => this.isFree(seat)) ? 'OK' : 'SEAT_TAKEN';
  }
  judgeBest(uid: string, count: number, tier: string): string {
    if (this.heldBy(uid) + count > LIMIT) return 'LIMIT_REACHED';
    return this.freeOf(tier).length < count ? 'SOLD_OUT' : 'OK';
  }
  /** True when `count` free seats of a tier stand side by side somewhere. */
  canSitTogether(count: number, tier: string): boolean {
    const free = new Set(this.freeOf(tier));
    const inARow = (seat: number) =>
      Array.from({ length: count }, (_, i) => seat + i).every((one) => free.has(one));
    return [...free].some(inARow);
  }
}

type Step = (on: Stage, model: Model) => Promise<void>;

const wordAfter = async (act: Promise<LockAnswer>, keep: (answer: LockAnswer) => void) =>
  act.then(
    (answer) => {
      keep(answer);
      return 'OK';
    },
    (error: unknown) => wordOf(error) ?? Promise.reject(error),
  );

const lockStep =
  (buyer: number, seats: number[]): Step =>
  async (on, model) => {
    const uid = `buyer${buyer}`;
    const expected = model.judge(uid, seats);
    const word = await wordAfter(on.lock(uid, { seats }), ({ orderId, seats: got }) => {
      expect(got.map(({ seat }) => seat)).toEqual(seats.toSorted((a, b) => a - b));
      model.holds.push({ orderId, uid, seats, state: 'LOCKED' });
    });
    expect(word).toBe(expected);
  };

const bestStep =
  (buyer: number, count: number, tier: string): Step =>
  async (on, model) => {
    if (!model.hall.tiers.includes(tier)) return;
    const uid = `buyer${buyer}`;
    const expected = model.judgeBest(uid, count, tier);
    const together = model.canSitTogether(count, tier);
    const word = await wordAfter(on.lock(uid, { best: { count, tier } }), (answer) => {
      const seats = answer.seats.map(({ seat }) => seat);
      expect(new Set(seats).size).toBe(count);
      for (const seat of seats) expect(model.isFree(seat)).toBe(true);
      expect(answer.seats.every((seat) => seat.tier === tier)).toBe(true);
      expect(answer.adjacent).toBe(together);
      model.holds.push({ orderId: answer.orderId, uid, seats, state: 'LOCKED' });
    });
    expect(word).toBe(expected);
  };

const endStep =
  (which: number, sell: boolean): Step =>
  async (on, model) => {
    const hold = model.holds[which % Math.max(1, model.holds.length)];
    if (!hold) return;
    const { changed } = sell
      ? await on.arbiter.sell(SALE, hold.orderId)
      : await on.arbiter.release(SALE, hold.orderId, 'CANCELLED');
    expect(changed).toBe(hold.state === 'LOCKED');
    if (changed) hold.state = sell ? 'SOLD' : 'RELEASED';
  };

const buyer = fc.nat({ max: 5 });
const seatNumber = fc.integer({ min: 0, max: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(buyer, fc.array(seatNumber, { minLength: 1, maxLength: 5 }))
      .map(([who, seats]) => lockStep(who, seats)),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(buyer, fc.integer({ min: 1, max: 5 }), fc.constantFrom('A', 'B'))
      .map(([who, count, tier]) => bestStep(who, count, tier)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat({ max: 50 }), fc.boolean())
      .map(([which, sell]) => endStep(which, sell)),
  },
);
const row = fc.string({
  unit: fc.constantFrom('A', 'A', 'A', 'B', ' '),
  minLength: 1,
  maxLength: 12,
});
const hallOf = fc
  .array(row, { minLength: 1, maxLength: 4 })
  .map((rows) => drawnHall(rows))
  .filter(({ seatCount }) => seatCount > 0);

describe('any moves', () => {
  it('end as the model says, and leave nothing that contradicts anything', async () => {
    await fc.assert(
      fc.asyncProperty(hallOf, fc.array(step, { maxLength: 25 }), async (hall, steps) => {
        const on = await stage(hall, { seatsPerBuyerMax: LIMIT });
        try {
          const model = new Model(hall);
          for (const act of steps) {
            await act(on, model);
            expect(await audit(on, hall)).toEqual([]);
          }
        } finally {
          await on.end();
        }
      }),
      { numRuns: 100 },
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
