/** A hall as a watcher keeps it: what the stream says must agree with every later snapshot. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Fold } from '../../bin/rush/fold.ts';

const at = (version: number, states: string, epoch = 1) => ({ epoch, version, states });
const delta = (from: number, v: number, ...moves: [number, string][]) => ({
  epoch: 1,
  from,
  v,
  moves,
});

let fold: Fold;
beforeEach(() => {
  fold = new Fold();
  fold.snapshot(at(5, '000'));
});

describe('a fold', () => {
  it('agrees with a later snapshot, whichever of the two comes first', () => {
    fold.delta(delta(6, 7, [0, '1'], [1, '1']));
    fold.snapshot(at(7, '110'));
    fold.snapshot(at(8, '210'));
    fold.delta(delta(8, 8, [0, '2']));
    expect(fold).toMatchObject({ compared: 2, faults: [] });
  });
  it('sees a snapshot that the deltas contradict', () => {
    fold.delta(delta(6, 7, [0, '1']));
    fold.snapshot(at(7, '010'));
    expect(fold.faults).toEqual(['at 1:7 seat 0 is 0, the deltas made it 1']);
  });
  it('sees a gap, and starts anew', () => {
    fold.delta(delta(6, 6, [0, '1']));
    fold.delta(delta(8, 8, [1, '1']));
    expect(fold.faults).toEqual(['after 1:6 comes a delta from 1:8, and no reset']);
    expect(fold.isBlank).toBe(true);
  });
  it('takes a gap before the first delta for a snapshot that was a moment old', () => {
    fold.delta(delta(8, 8, [1, '1']));
    expect(fold).toMatchObject({ faults: [], isBlank: true });
  });
  it('knows what it has heard: a delta again, or part of one, changes nothing', () => {
    fold.delta(delta(6, 7, [0, '1']));
    fold.delta(delta(6, 7, [0, '0']));
    fold.delta(delta(7, 8, [2, '1']));
    fold.snapshot(at(8, '101'));
    expect(fold).toMatchObject({ compared: 1, faults: [] });
  });
  it('lays what came early onto the snapshot that comes after a reset', () => {
    fold.reset();
    fold.delta(delta(20, 21, [2, '2']));
    fold.snapshot(at(20, '001'));
    fold.snapshot(at(21, '002'));
    expect(fold).toMatchObject({ compared: 1, faults: [], isBlank: false });
  });
  it('compares nothing across epochs', () => {
    fold.snapshot(at(5, '222', 2));
    expect(fold).toMatchObject({ compared: 0, faults: [] });
  });
  it('at rest knows whether it has heard everything', () => {
    fold.delta(delta(6, 7, [0, '1']));
    expect(fold.isAt(at(7, '100'))).toBe(true);
    expect(fold.isAt(at(8, '100'))).toBe(false);
    expect(fold.isAt(at(7, '100', 2))).toBe(false);
    fold.last(at(7, '100'));
    expect(fold).toMatchObject({ compared: 1, faults: [] });
    fold.last(at(8, '100'));
    expect(fold.faults).toEqual(['at rest the hall is at 1:8, the stream told up to 1:7']);
    fold.reset();
    expect(fold.isAt(at(7, '100'))).toBe(false);
  });
});
