/** What the console works out by itself: the edge's numbers, moves, curves, files, finding. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SalesAnswer } from '../../contracts/admin.ts';
import { wordOfFault } from '../../web/src/console/operations/books.ts';
import { labelOf, seatBy, seatsLike } from '../../web/src/console/operations/seat-names.ts';
import { groupOf, valueRead, valueSaid } from '../../web/src/console/operations/settings.ts';
import { csvOf, curveOf, soldBy } from '../../web/src/console/sales/curve.ts';
import { findSeats } from '../../web/src/console/sales/find.ts';
import { clockOf } from '../../web/src/console/sales/lines.ts';
import { between, meteredIn, refusalRows } from '../../web/src/console/sales/meter.ts';
import { nothing, standingOf, sumOf, tally } from '../../web/src/console/sales/moves.ts';
import en from '../../web/src/words/en.ts';

const total = (route: string, gate: string, word: string, count: number) =>
  `edge_requests_total{route="${route}",gate="${gate}",word="${word}"} ${count}`;

describe('the numbers of the edge', () => {
  const text = [
    '# TYPE edge_requests_total counter',
    total('locks', '', '', 70),
    total('locks', 'permit', 'PERMIT_INVALID', 5),
    total('locks', 'limits', 'RATE_LIMITED', 25),
    total('member', 'token', 'UNAUTHENTICATED', 9),
    'edge_connections_active 3',
  ].join('\n');
  const metered = meteredIn(text);

  it('are read from its text: what came, and what was refused by which gate', () => {
    expect(metered.came).toEqual({ locks: 100, member: 9 });
    expect(metered.refused).toHaveLength(3);
  });
  it('between two readings are those of a rush, and begin anew with the edge', () => {
    const later = meteredIn([total('locks', '', '', 170), total('permits', '', '', 4)].join('\n'));
    expect(between(metered, later)).toEqual({ came: 74, refused: 0 });
    const restarted = meteredIn(total('locks', 'limits', 'RATE_LIMITED', 2));
    expect(between(metered, restarted)).toEqual({ came: 2, refused: 2 });
  });
  it('are a rate for each gate and word, the fastest first', () => {
    const later = meteredIn(text.replace('word="PERMIT_INVALID"} 5', 'word="PERMIT_INVALID"} 25'));
    const rows = refusalRows(metered, later, 2);
    expect(rows.map(({ word, perSecond }) => [word, perSecond])).toEqual([
      ['PERMIT_INVALID', 10],
      ['RATE_LIMITED', 0],
    ]);
    expect(refusalRows(undefined, later, 2).every(({ perSecond }) => perSecond === 0)).toBe(true);
  });
});

describe('the moves of seats', () => {
  it('are counted by what they mean; not when nothing moved, nor what is blocked', () => {
    const happened = nothing();
    const before = (seat: number) => '012102'[seat]!;
    tally(
      happened,
      [
        [0, '1'],
        [1, '0'],
        [2, '2'],
        [3, '2'],
        [4, '2'],
        [5, '0'],
      ],
      before,
    );
    expect(happened).toEqual({ locked: 1, sold: 1, freed: 1 });
  });
  it('leave every tier with as many seats as it had', () => {
    const places = [0, 1, 2, 3, 4].map((seat) => ({ seat, tier: seat < 2 ? 'A' : 'B' }));
    const standings = standingOf(places, (seat) => '0121b'[seat]!);
    expect(standings.get('A')).toEqual({ total: 2, free: 1, locked: 1, sold: 0, blocked: 0 });
    expect(sumOf(standings.values())).toEqual({
      ...{ total: 5, free: 1, locked: 2, sold: 1, blocked: 1 },
    });
  });
});

describe('what was sold', () => {
  const step = (minute: number, tier: string, seats: number, amountFen: number) => ({
    at: new Date(minute * 60_000).toISOString(),
    tier,
    orders: 1,
    seats,
    amountFen,
  });
  const sales: SalesAnswer = {
    sessionId: 's1',
    stepMs: 60_000,
    items: [step(10, 'A', 2, 200), step(12, 'A', 1, 100), step(12, '=B', 3, 333)],
    orders: { PAID: 3 },
  };

  it('is a curve for each tier that never falls, until now', () => {
    expect(curveOf(sales, ['A', '=B'], 20 * 60_000)).toEqual({
      at: [600, 660, 720, 780, 1_200],
      seats: [
        [0, 2, 2, 3, 3],
        [0, 0, 0, 3, 3],
      ],
    });
  });
  it('ends now while a step is still running', () => {
    const { at, seats } = curveOf(sales, ['A'], 12.5 * 60_000);
    expect(at).toEqual([600, 660, 720, 750]);
    expect(seats).toEqual([[0, 2, 2, 3]]);
  });
  it('is nothing at first', () => {
    expect(curveOf({ ...sales, items: [] }, ['A'], 0)).toEqual({ at: [], seats: [[]] });
  });
  it('is a file that no spreadsheet takes for a formula', () => {
    const lines = csvOf(sales).split('\r\n');
    expect(lines).toHaveLength(5);
    expect(lines[3]).toBe("s1,1970-01-01T00:12:00.000Z,1970-01-01T00:13:00.000Z,'=B,1,3,3.33");
    const quoted = csvOf({ ...sales, items: [step(1, 'A "front", left', 1, 1)] });
    expect(quoted).toContain(',"A ""front"", left",');
  });
  it('adds up by tier', () => {
    expect(soldBy(sales, ['A', '=B', 'C'])).toEqual([
      { tier: 'A', seats: 3, amountFen: 300 },
      { tier: '=B', seats: 3, amountFen: 333 },
      { tier: 'C', seats: 0, amountFen: 0 },
    ]);
  });
});

describe('a seat', () => {
  const place = (seat: number, section: string, row: string, number: string) => ({
    seat,
    section,
    row,
    label: `${section} ${row}-${number}`,
    x: 0,
    y: 0,
    tier: 'A',
  });
  const places = [
    place(0, '池座', 'A', '1'),
    place(1, '池座', 'A', '12'),
    place(2, '楼座', 'A', '12'),
    place(3, 'Stalls left', '12', '1'),
  ];
  const found = (typed: string) => findSeats(places, typed).map(({ seat }) => seat);

  it('is found by section, row and number, or less, in either language', () => {
    expect(found('池座 A-12')).toEqual([1]);
    expect(found('a 12')).toEqual([1, 2]);
    expect(found('A排12座')).toEqual([1, 2]);
    expect(found('left 12 1')).toEqual([3]);
    expect(found('stalls')).toEqual([3]);
  });
  it('is found by its number after a #', () => {
    expect(found('#2')).toEqual([2]);
    expect(found('#99')).toEqual([]);
  });
  it('is not found by nothing', () => {
    expect(found('  ')).toEqual([]);
  });
});

describe('the moments of a chart', () => {
  it('are said as shortly as their distance allows', () => {
    expect(clockOf([0, 10, 20])).toEqual(['08:00:00', '08:00:10', '08:00:20']);
    expect(clockOf([0, 3_600])).toEqual(['08:00', '09:00']);
    expect(clockOf([0, 43_200, 86_400])).toEqual(['01-01 08:00', '01-01 20:00', '01-02 08:00']);
    expect(clockOf([0, 86_400])).toEqual(['01-01', '01-02']);
  });
});

describe('the words of the console', () => {
  const WORDS = join(import.meta.dirname, '../../web/src/console/words');
  const names = readdirSync(WORDS);
  const areas = [...new Set(names.map((name) => name.split('.')[0]!))];

  it('are there in both languages, under a name that buyers’ words do not have', () => {
    for (const area of areas) {
      expect(names).toContain(`${area}.en.ts`);
      expect(names).toContain(`${area}.zh-CN.ts`);
      expect(Object.keys(en)).not.toContain(area);
    }
  });
  it('in Chinese are Chinese', () => {
    for (const area of areas) {
      const text = readFileSync(join(WORDS, `${area}.zh-CN.ts`), 'utf8');
      expect(text.match(/[\u4e00-\u9fff]/g)?.length).toBeGreaterThan(20);
    }
  });
});

describe('a setting', () => {
  const view = { setting: 'lockMsDefault', type: 'integer', min: 5_000, max: 900_000 } as never;
  it('stands in a group, and its time is said with a unit', () => {
    expect(groupOf('lockMsDefault')).toBe('sale');
    expect(groupOf('relayEveryMs')).toBe('order');
    expect(valueSaid('lockMsDefault', 900_000)).toBe('900,000 ms (15 min)');
    expect(valueSaid('edgeIpRate', 1_500)).toBe('1,500');
    expect(valueSaid('flowRules', '[{},{}]')).toBe('[2]');
  });
  it('is read from what was written, or the fault is named', () => {
    expect(valueRead(view, ' 6000 ')).toEqual({ value: 6_000 });
    for (const text of ['', '6e3', '4999', '900001', 'soon'])
      expect(valueRead(view, text)).toEqual({ fault: 'notWhole' });
    const rules = { type: 'flowRules' } as never;
    expect(valueRead(rules, '[ ]')).toEqual({ value: '[]' });
    expect(valueRead(rules, '{}')).toEqual({ fault: 'notJson' });
  });
});

describe('a seat of an operator', () => {
  const named = { seat: [4, 5, 9], label: ['Stalls 1-1', 'Stalls 1-2', 'Stalls 2-1'] };
  it('is known by its name however it is spaced, or by its number', () => {
    expect(seatBy(named, 'stalls1-2')).toBe(5);
    expect(seatBy(named, '9')).toBe(9);
    expect(seatBy(named, '1')).toBeUndefined();
    expect(seatsLike(named, 'stalls 1')).toEqual(['Stalls 1-1', 'Stalls 1-2']);
    expect(labelOf(named, 9)).toBe('Stalls 2-1');
  });
});

describe('the faults of the books', () => {
  it('all have a sentence of their own', () => {
    const source = readFileSync(join(import.meta.dirname, '../../services/order/books.ts'), 'utf8');
    const faults = [...source.matchAll(/^ {2}'(.+)': `$/gm)].map(([, fault]) => fault!);
    expect(faults.length).toBeGreaterThan(5);
    expect(faults.map(wordOfFault)).not.toContain(undefined);
  });
});
