/** What the catalogue of the console reckons: moments, terms of a session, places of faults. */
import { describe, expect, it } from 'vitest';
import { inOrder, placeOf, sayingOf } from '../../web/src/console/catalogue/faults.ts';
import {
  bodyOf,
  changedIn,
  faultsIn,
  fenOf,
  newTerms,
  termsOf,
} from '../../web/src/console/catalogue/terms.ts';
import { localOf, momentOf } from '../../web/src/console/catalogue/zone.ts';

describe('a moment', () => {
  it.each([
    ['2026-11-26T20:00:00', 'Asia/Shanghai', '2026-11-26T12:00:00.000Z'],
    ['2026-07-01T20:00:30', 'Europe/Paris', '2026-07-01T18:00:30.000Z'],
    // The clock goes forward at 02:00, back at 03:00.
    ['2026-03-29T01:30:00', 'Europe/Paris', '2026-03-29T00:30:00.000Z'],
    ['2026-03-29T03:30:00', 'Europe/Paris', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T03:30:00', 'Europe/Paris', '2026-10-25T02:30:00.000Z'],
  ])('%s in %s is %s, and back', (local, zone, moment) => {
    expect(momentOf(local, zone)).toBe(moment);
    expect(localOf(moment, zone)).toBe(local);
  });
  it('that is not there is none', () => {
    expect(momentOf('', 'Asia/Shanghai')).toBeUndefined();
  });
  it('to the minute is one', () => {
    expect(momentOf('2026-11-26T20:00', 'Asia/Shanghai')).toBe('2026-11-26T12:00:00.000Z');
  });
});

describe('terms', () => {
  const session = {
    showId: 's',
    venueId: 'v',
    seatTemplateId: 't',
    startsAt: '2026-12-26T12:00:00.000Z',
    reservationOpensAt: '2026-11-26T12:00:00.000Z',
    reservationClosesAt: '2026-11-29T12:00:00.000Z',
    saleOpensAt: '2026-11-29T12:00:00.000Z',
    saleClosesAt: '2026-12-26T12:00:00.000Z',
    reservationRequired: true,
    seatsPerBuyerMax: 4,
    lockMs: 900_000,
    tiers: [
      { tier: 'A', priceFen: 68_000 },
      { tier: 'B', priceFen: 28_050 },
    ],
  };
  const zone = 'Asia/Shanghai';

  it('of a kept session are sent as they came', () => {
    const terms = termsOf(session, zone);
    expect(terms.prices).toEqual({ A: '680', B: '280.50' });
    expect(bodyOf(terms, ['A', 'B'], zone)).toEqual(session);
    expect(changedIn(bodyOf(terms, ['A', 'B'], zone), session, true)).toEqual({});
  });
  it('once published only change in their start', () => {
    const terms = termsOf(session, zone);
    terms.moments.startsAt = '2026-12-27T20:00:00';
    terms.seatsPerBuyerMax = 2;
    const body = bodyOf(terms, ['A', 'B'], zone);
    expect(changedIn(body, session, false)).toEqual({ startsAt: '2026-12-27T12:00:00.000Z' });
    expect(changedIn(body, session, true)).toMatchObject({ seatsPerBuyerMax: 2 });
  });
  it('lack what is not said, and have windows that open before they close', () => {
    const terms = newTerms('s', zone, Date.parse('2026-11-26T12:34:00Z'));
    expect(terms.moments.reservationOpensAt).toBe('2026-11-26T21:00:00');
    terms.moments.saleClosesAt = terms.moments.saleOpensAt;
    expect(faultsIn(terms, ['A'])).toEqual({
      venueId: 'missing',
      seatTemplateId: 'missing',
      saleClosesAt: 'window',
      'price:A': 'price',
    });
  });
  it.each([
    ['380', 38_000],
    ['0', 0],
    ['280.5', 28_050],
    ['1000000', 100_000_000],
    ['1000000.01', undefined],
    ['1.234', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
  ])('take %s yuan as %s fen', (yuan, fen) => {
    expect(fenOf(yuan)).toBe(fen);
  });
});

describe('a fault', () => {
  const words = {
    t: (key: string, named: Record<string, unknown>) => `${key}(${Object.values(named)})`,
    te: (key: string) => key.endsWith('.tier') || key.endsWith('.long'),
  };
  const fault = (pointer: string, code: string, detail = 'said') => ({ pointer, code, detail });

  it('is placed by the line of a table, and counted from one in a plan', () => {
    expect(placeOf('/line/12/tier', words)).toBe('plan.place.line(12) · plan.field.tier()');
    expect(placeOf('/plan/zones/0/rows/3/x', words)).toBe(
      'plan.place.zones(1) · plan.place.rows(4) · x',
    );
    expect(placeOf('', words)).toBe('plan.place.whole()');
  });
  it('is said by its code, or by what the backend says', () => {
    expect(sayingOf(fault('', 'long'), words)).toBe('plan.fault.long(said)');
    expect(sayingOf(fault('', 'strange'), words)).toBe('said');
    const twin = fault('', 'repeated', 'the same seat is on line 7');
    expect(sayingOf(twin, words)).toBe('plan.fault.twin(7)');
  });
  it('stands where it stands in the file', () => {
    const lines = ['/line/10', '/line/9/x', ''].map((pointer) => fault(pointer, 'long'));
    expect(inOrder(lines).map(({ pointer }) => pointer)).toEqual(['', '/line/9/x', '/line/10']);
  });
});
