/** The engine behind both state machines: what it answers, and every table it refuses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOf, type MachineTable, machine } from '../../contracts/machine.ts';
import { LIVE_ORDER_STATES, type OrderState, orderMachine } from '../../contracts/order.ts';
import { GAP_MARK, SEAT_MARK, STATE_OF_MARK, seatMachine } from '../../contracts/seat.ts';

type Table = MachineTable<string, string>;

const sound: Table = {
  name: 'door',
  initial: 'SHUT',
  states: { SHUT: 'start', OPEN: 'waiting', GONE: 'end' },
  clocks: ['night'],
  moves: [
    { from: 'SHUT', by: 'push', to: 'OPEN' },
    { from: 'OPEN', by: 'night', to: 'SHUT' },
    { from: 'OPEN', by: 'fire', to: 'GONE' },
  ],
};
const withMove = (from: string, by: string, to: string): Table => ({
  ...sound,
  moves: [...sound.moves, { from, by, to }],
});
const without = (by: string): Table => ({
  ...sound,
  moves: sound.moves.filter((move) => move.by !== by),
});

describe('a table that could strand somebody is refused', () => {
  const cases: { why: string; table: Table; faults: string[] }[] = [
    { why: 'nothing is wrong with it', table: sound, faults: [] },
    {
      why: 'a move leaves a state that is not one',
      table: withMove('AJAR', 'push', 'OPEN'),
      faults: ['unknown state AJAR'],
    },
    {
      why: 'a move leads to a state that is not one',
      table: withMove('OPEN', 'wind', 'AJAR'),
      faults: ['unknown state AJAR'],
    },
    {
      why: 'one cause leads to two places',
      table: withMove('OPEN', 'night', 'GONE'),
      faults: ['OPEN has two moves by night'],
    },
    {
      why: 'a state is out of reach',
      table: { ...sound, states: { ...sound.states, LOST: 'end' } },
      faults: ['LOST cannot be reached'],
    },
    {
      why: 'an end can be left',
      table: withMove('GONE', 'repair', 'SHUT'),
      faults: ['GONE is an end, yet has moves'],
    },
    {
      why: 'a state that is no end cannot be left',
      table: {
        ...sound,
        states: { ...sound.states, STUCK: 'start' },
        moves: [...sound.moves, { from: 'OPEN', by: 'rust', to: 'STUCK' }],
      },
      faults: ['STUCK has no way out'],
    },
    {
      why: 'a waiting state has no clock',
      table: without('night'),
      faults: ['OPEN waits, and no clock leaves it'],
    },
    {
      why: 'several things at once: all are named',
      table: { ...without('night'), states: { ...sound.states, LOST: 'end' } },
      faults: ['OPEN waits, and no clock leaves it', 'LOST cannot be reached'],
    },
  ];
  it.each(cases)('$why', ({ table, faults }) => {
    expect(faultsOf(table)).toEqual(faults);
    if (faults.length === 0) expect(machine(table).initial).toBe('SHUT');
    else expect(() => machine(table)).toThrow(`machine door: ${faults.join('; ')}`);
  });
});

describe('the engine answers from the table and from nothing else', () => {
  const door = machine(sound);
  it('leads where the table says, and nowhere otherwise', () => {
    expect(door.next('SHUT', 'push')).toBe('OPEN');
    expect(door.next('SHUT', 'fire')).toBeUndefined();
    expect(door.next('GONE', 'push')).toBeUndefined();
  });
  it('names every state a cause may leave, for the guard of an UPDATE', () => {
    expect(door.sourcesOf('night')).toEqual(['OPEN']);
    expect(door.sourcesOf('rain')).toEqual([]);
  });
  it('knows its ends', () => {
    expect(door.states.filter(door.isEnd)).toEqual(['GONE']);
  });
  it.each<[string[], boolean]>([
    [['SHUT'], true],
    [['SHUT', 'OPEN', 'SHUT', 'OPEN', 'GONE'], true],
    [[], false],
    [['OPEN'], false],
    [['SHUT', 'GONE'], false],
    [['SHUT', 'OPEN', 'GONE', 'SHUT'], false],
    [['SHUT', 'SHUT'], false],
  ])('takes %j for a path: %s', (path, expected) => {
    expect(door.isPath(path)).toBe(expected);
  });
  it('takes every walk along the moves for a path, and no walk with a forged step', () => {
    const causes = fc.array(fc.constantFrom('push', 'night', 'fire'), { maxLength: 20 });
    fc.assert(
      fc.property(causes, (walk) => {
        const path = [door.initial];
        for (const by of walk) {
          const to = door.next(path.at(-1)!, by);
          if (to) path.push(to);
        }
        expect(door.isPath(path)).toBe(true);
        expect(door.isPath([...path, path.at(-1)!])).toBe(false);
      }),
    );
  });
});

describe('the order machine', () => {
  const edges = orderMachine.moves.map(({ from, to }) => `${from} → ${to}`);
  it('has exactly the moves of the design, forward only', () => {
    // The buyer and the operator end it alike: one move of two causes.
    expect([...new Set(edges)].toSorted()).toEqual(
      [
        'INIT → LOCKED',
        'LOCKED → PAYING',
        'LOCKED → CANCELLED',
        'LOCKED → TIMEOUT_CANCELLED',
        'PAYING → PAID',
        'PAYING → TIMEOUT_CANCELLED',
      ].toSorted(),
    );
  });
  it.each<[OrderState[], boolean]>([
    [['INIT', 'LOCKED', 'PAYING', 'PAID'], true],
    [['INIT', 'LOCKED', 'CANCELLED'], true],
    [['INIT', 'LOCKED', 'PAYING', 'TIMEOUT_CANCELLED'], true],
    [['INIT', 'LOCKED', 'PAID'], false],
    [['INIT', 'LOCKED', 'PAYING', 'CANCELLED'], false],
    [['INIT', 'LOCKED', 'PAYING', 'PAID', 'CANCELLED'], false],
    [['LOCKED', 'PAYING', 'PAID'], false],
  ])('takes %j for a path: %s', (path, expected) => {
    expect(orderMachine.isPath(path)).toBe(expected);
  });
  it('calls live exactly the states that keep their seats', () => {
    const left = orderMachine.states.filter((state) => state.endsWith('CANCELLED'));
    const live = orderMachine.states.filter((state) => state !== 'INIT' && !left.includes(state));
    expect([...LIVE_ORDER_STATES].toSorted()).toEqual(live.toSorted());
  });
});

describe('the seat machine', () => {
  it('sells only what is locked, and never takes a sold seat back', () => {
    expect(seatMachine.sourcesOf('sell')).toEqual(['LOCKED']);
    expect(seatMachine.isEnd('SOLD')).toBe(true);
    expect(seatMachine.sourcesOf('lock')).toEqual(['AVAILABLE']);
  });
  it('has one mark of one byte per state, and none is the gap', () => {
    const marks = seatMachine.states.map((state) => SEAT_MARK[state]);
    expect(new Set([...marks, GAP_MARK]).size).toBe(seatMachine.states.length + 1);
    for (const state of seatMachine.states) {
      expect(SEAT_MARK[state]).toHaveLength(1);
      expect(STATE_OF_MARK[SEAT_MARK[state]]).toBe(state);
    }
  });
});
