/** What the pages know of a hall: a snapshot, the deltas after it, and what a choice does. */
import { describe, expect, it } from 'vitest';
import { strandedBy } from '../../web/src/choice.ts';
import { Seats } from '../../web/src/seats.ts';

const delta = (from: number, v: number, moves: [number, string][], epoch = 1) => ({
  epoch,
  from,
  v,
  moves,
});
const read = (states: string, version = 0) => {
  const seats = new Seats();
  expect(seats.read({ epoch: 1, version, states })).toBe(true);
  return seats;
};

describe('the seats of a hall', () => {
  it('are those of the snapshot with every later delta', () => {
    const seats = read('000-00', 4);
    expect(seats.hear(delta(5, 6, [[1, '1']]))).toEqual([[1, '1']]);
    expect(seats.hear(delta(7, 7, [[1, '2']]))).toEqual([[1, '2']]);
    expect(seats.text()).toBe('020-00');
  });
  it('do not change by what the snapshot knows already', () => {
    const seats = read('010', 4);
    expect(seats.hear(delta(3, 4, [[1, '0']]))).toEqual([]);
    expect(seats.text()).toBe('010');
  });
  it('take a delta that began before the snapshot and ends after it', () => {
    const seats = read('010', 4);
    expect(seats.hear(delta(3, 5, [[2, '1']]))).toEqual([[2, '1']]);
  });
  it('are older than what a later moment knows, never than what an earlier one did', () => {
    const seats = read('010', 4);
    const older = [
      [1, 3],
      [1, 4],
      [1, 5],
      [2, 1],
    ].map(([epoch, version]) => seats.isOlder({ epoch: epoch!, version: version! }));
    expect(older).toEqual([false, false, true, true]);
  });
  it('are read again after a gap and in a new epoch, and change by neither', () => {
    for (const strange of [delta(6, 6, [[0, '1']]), delta(1, 1, [[0, '1']], 2)]) {
      const seats = read('000', 4);
      expect(seats.hear(strange)).toBe('gap');
      expect(seats.text()).toBe('000');
    }
  });
  it('keep what comes while they are being read', () => {
    const seats = new Seats();
    expect(seats.hear(delta(5, 5, [[0, '1']]))).toEqual([]);
    expect(seats.read({ epoch: 1, version: 4, states: '000' })).toBe(true);
    expect(seats.text()).toBe('100');
  });
  it('must be read once more when what came meanwhile does not follow on', () => {
    const seats = new Seats();
    seats.hear(delta(8, 8, [[0, '1']]));
    expect(seats.read({ epoch: 1, version: 4, states: '000' })).toBe(false);
    expect(seats.read({ epoch: 1, version: 8, states: '100' })).toBe(true);
  });
});

describe('a choice', () => {
  const strands = (states: string, ...chosen: number[]) =>
    strandedBy(chosen, (seat) => states[seat] ?? '-');

  it('strands the free seat it leaves between itself and what is not free', () => {
    expect(strands('00000', 1, 2)).toEqual([0]);
    expect(strands('01000', 3)).toEqual([2, 4]);
  });
  it('strands nobody who has a free neighbour left', () => {
    expect(strands('000000', 2, 3)).toEqual([]);
    expect(strands('00000', 0, 1)).toEqual([]);
  });
  it('is not to blame for a seat it does not touch', () => {
    expect(strands('101', 1)).toEqual([]);
    expect(strands('10-00', 3, 4)).toEqual([]);
  });
  it('knows that seats on either side of a gap are no neighbours', () => {
    expect(strands('00-00', 0, 1)).toEqual([]);
  });
});
