/** What a buyer sees of a sale follows from the switch, the clock and the free seats alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SaleClock, type SaleState, saleStateAt } from '../../contracts/sale.ts';

const [opensAtMs, closesAtMs] = [1_000, 2_000];
const sale = (over: Partial<SaleClock>): SaleClock => ({
  switch: 'OPEN',
  opensAtMs,
  closesAtMs,
  leftTotal: 5,
  ...over,
});

describe('the state of a sale', () => {
  it.each<[string, Partial<SaleClock>, number, SaleState]>([
    ['before it opens', {}, 999, 'SCHEDULED'],
    ['at the moment it opens', {}, 1_000, 'OPEN'],
    ['at the last moment', {}, 1_999, 'OPEN'],
    ['at the moment it closes', {}, 2_000, 'CLOSED'],
    ['with no seat free', { leftTotal: 0 }, 1_500, 'SOLD_OUT'],
    ['with no seat free, before it opens', { leftTotal: 0 }, 500, 'SCHEDULED'],
    ['with no seat free, after it closes', { leftTotal: 0 }, 2_500, 'CLOSED'],
    ['paused', { switch: 'PAUSED' }, 1_500, 'PAUSED'],
    ['paused before it opens', { switch: 'PAUSED' }, 500, 'PAUSED'],
    ['paused, with no seat free', { switch: 'PAUSED', leftTotal: 0 }, 1_500, 'PAUSED'],
    ['paused, after it closes', { switch: 'PAUSED' }, 2_000, 'CLOSED'],
    ['closed early', { switch: 'CLOSED' }, 1_500, 'CLOSED'],
    ['closed before it opens', { switch: 'CLOSED' }, 500, 'CLOSED'],
  ])('%s', (_, over, nowMs, state) => {
    expect(saleStateAt(sale(over), nowMs)).toBe(state);
  });
  it('is OPEN only when a lock could succeed', () => {
    const clock = fc.record({
      switch: fc.constantFrom('OPEN', 'PAUSED', 'CLOSED'),
      opensAtMs: fc.nat(100),
      closesAtMs: fc.nat(100),
      leftTotal: fc.nat(2),
    }) as fc.Arbitrary<SaleClock>;
    fc.assert(
      fc.property(clock, fc.nat(100), (at, nowMs) => {
        const couldLock =
          at.switch === 'OPEN' &&
          nowMs >= at.opensAtMs &&
          nowMs < at.closesAtMs &&
          at.leftTotal > 0;
        expect(saleStateAt(at, nowMs) === 'OPEN').toBe(couldLock);
      }),
    );
  });
});
