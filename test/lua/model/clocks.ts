/** Commands that end holds and sales: sell, release, deadlines, the passing of time, the switch. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { SaleSwitch } from '../../../contracts/sale.ts';
import { SALE } from '../stage.ts';
import { type Command, command, endingOf } from './command.ts';

const ENDS = {
  sells: { state: 'SOLD' },
  releases: { state: 'RELEASED' },
} as const;

/** Any hold there ever was: most of them late or for the second time. */
export const end: fc.Arbitrary<Command> = fc
  .tuple(fc.nat({ max: 50 }), fc.constantFrom('sells', 'releases'))
  .map(([which, how]) =>
    command(
      `${how} ${which}`,
      async (model, on) => {
        const hold = model.holds[which % model.holds.length]!;
        const { changed } =
          how === 'sells'
            ? await on.arbiter.sell(SALE, hold.orderId)
            : await on.arbiter.release(SALE, hold.orderId, 'CANCELLED');
        expect(changed).toBe(model.end(hold, ENDS[how].state));
      },
      ({ holds }) => holds.length > 0,
    ),
  );

export const stranger: fc.Arbitrary<Command> = fc.constantFrom('sells', 'releases').map((how) =>
  command(`${how} nobody’s`, async (_model, on) => {
    const act =
      how === 'sells'
        ? on.arbiter.sell(SALE, 'nobody')
        : on.arbiter.release(SALE, 'nobody', 'CANCELLED');
    expect(await act).toEqual({ changed: false });
  }),
);

export const tick: fc.Arbitrary<Command> = fc
  .constantFrom(1_000, 30_000, 90_000, 600_000)
  .map((ms) =>
    command(`${ms} ms pass`, async (model) => {
      model.nowMs += ms;
    }),
  );

export const due: fc.Arbitrary<Command> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(2_000, 60_000))
  .map(([limit, repeatMs]) =>
    command(`due, ${limit} at once, again after ${repeatMs} ms`, async (model, on) => {
      const expected = model.due(limit, repeatMs);
      const { posted } = await on.arbiter.due(SALE, limit, repeatMs, model.nowMs);
      expect(posted).toBe(expected.length);
      const messages = await on.messages('deadline.due');
      expect(messages).toHaveLength(model.posted);
      expect(messages.slice(messages.length - posted)).toEqual(
        expected.map(({ orderId, deadlineMs }) => ({ sale: SALE, orderId, deadlineMs })),
      );
    }),
  );

const to = fc.constantFrom<SaleSwitch[]>('OPEN', 'OPEN', 'OPEN', 'OPEN', 'PAUSED', 'CLOSED');
export const turn: fc.Arbitrary<Command> = to.map((next) =>
  command(`turn ${next}`, async (model, on) => {
    const refused = model.switch === 'CLOSED' && next !== 'CLOSED';
    const { word } = await endingOf(on.arbiter.turn(SALE, next));
    expect(word).toBe(refused ? 'SALE_CLOSED' : 'OK');
    if (!refused) model.switch = next;
  }),
);

export const reserve: fc.Arbitrary<Command> = fc.nat({ max: 5 }).map((who) =>
  command(`buyer${who} reserves`, async (model, on) => {
    const { reserved, terms, nowMs } = model;
    const uid = `buyer${who}`;
    const before = reserved.get(uid);
    const closed = model.switch === 'CLOSED' || nowMs >= terms.reservationClosesAtMs;
    const { word, answer } = await endingOf(on.arbiter.reserve(SALE, uid, nowMs));
    expect(word).toBe(before === undefined && closed ? 'RESERVATION_CLOSED' : 'OK');
    if (word === 'OK') {
      expect(answer).toEqual({ reservedAtMs: before ?? nowMs, created: before === undefined });
      reserved.set(uid, before ?? nowMs);
    }
    expect(await on.arbiter.isReserved(SALE, uid)).toBe(reserved.has(uid));
    expect(await on.messages('reservation.made')).toHaveLength(reserved.size);
  }),
);
