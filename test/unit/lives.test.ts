/** What the follower of moves lets pass and what it names: each seat is moved by who has it. */
import { expect, test } from 'vitest';
import { Lives } from '../../bin/chaos/lives.ts';
import type { SeatMoved } from '../../contracts/channels.ts';

const TO = { locked: '1', sold: '2', released: '0', blocked: '2', restored: '1' } as const;
const moved = (
  version: number,
  type: SeatMoved['type'],
  orderId: string,
  seats: number[],
  epoch = 1,
) =>
  ({ sale: 's', epoch, version, type, orderId, uid: 'u', to: TO[type], seats, atMs: 0 }) as never;

function faultsOf(...moves: SeatMoved[]): string[] {
  const lives = new Lives();
  for (const move of moves) lives.move(move);
  return lives.faults;
}
const locked = moved(1, 'locked', 'a', [4]);

test('locks, sales and releases of the own seat pass, and so does the same message again', () => {
  expect(
    faultsOf(
      ...[locked, locked, moved(2, 'released', 'a', [4]), moved(3, 'locked', 'b', [4])],
      ...[moved(4, 'sold', 'b', [4]), locked],
    ),
  ).toEqual([]);
});

test.each([
  ['a lock of a seat that is locked', moved(2, 'locked', 'b', [4])],
  ['a release by somebody else', moved(2, 'released', 'b', [4])],
  ['a sale to somebody else', moved(2, 'sold', 'b', [4])],
  ['a restoration over somebody else', moved(2, 'restored', 'b', [4])],
])('%s is named', (_what, move) => {
  expect(faultsOf(locked, move)).toHaveLength(1);
});

test('a seat is blocked while it is free, and freed by the block that has it', () => {
  const block = '0000000000000000-block-0000000000000000';
  const blocked = moved(3, 'blocked', block, [4]);
  const freed = moved(2, 'released', 'a', [4]);
  expect(faultsOf(locked, freed, blocked, moved(4, 'released', block, [4]))).toEqual([]);
  expect(faultsOf(locked, moved(2, 'blocked', block, [4]))).toHaveLength(1);
  expect(faultsOf(locked, freed, blocked, moved(4, 'locked', 'b', [4]))).toHaveLength(1);
});

test('a sold seat that is freed is named', () => {
  expect(faultsOf(locked, moved(2, 'sold', 'a', [4]), moved(3, 'released', 'a', [4]))).toHaveLength(
    1,
  );
});

test('after a gap or a new epoch nothing is claimed of a seat before its next move', () => {
  expect(faultsOf(locked, moved(3, 'released', 'b', [4]))).toEqual([]);
  expect(faultsOf(locked, moved(2, 'released', 'b', [4], 2))).toEqual([]);
  const after = [moved(5, 'locked', 'c', [4]), moved(6, 'released', 'd', [4])];
  expect(faultsOf(locked, ...after)).toHaveLength(1);
});
