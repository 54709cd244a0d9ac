/** What an order holds of its seats. */
import { expect, test } from 'vitest';
import { gripOf } from '../../services/scheduler/reconcile.ts';

test('a grip is only whole when every seat has the same mark', () => {
  const seats = new Map([
    [1, { mark: '1', orderId: 'a' }],
    [2, { mark: '2', orderId: 'a' }],
    [3, { mark: '1', orderId: 'b' }],
  ]);
  const grip = (orderId: string, ...of: number[]) => gripOf({ orderId, seats: of }, seats);
  expect([grip('a', 1), grip('a', 2), grip('a', 1, 2)]).toEqual(['LOCKED', 'SOLD', 'PARTIAL']);
  expect([grip('b', 3, 4), grip('b', 1), grip('c', 9)]).toEqual(['PARTIAL', 'NONE', 'NONE']);
});
