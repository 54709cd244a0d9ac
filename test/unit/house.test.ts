/** What chaos says of seats that the house keeps back: told and not so, blocked and given away. */
import { expect, test } from 'vitest';
import { House } from '../../bin/chaos/house.ts';
import { randomOf } from '../../bin/chaos/random.ts';
import type { Call, Client } from '../../bin/rush/client.ts';
import type { Stage } from '../../bin/rush/stage.ts';

const STAGE = { sessionId: 's', tierOf: new Map([[4, 'A']]) } as unknown as Stage;
const answering = (blocked: number[], over = new AbortController().signal) =>
  ({
    over,
    send: async () => ({
      status: 200,
      body: { items: blocked.map((seat) => ({ seat })), nextCursor: null },
    }),
  }) as unknown as Client;

/** A house whose one seat is told to be blocked, and then has no time for more. */
async function blocked(): Promise<House> {
  const over = new AbortController();
  const house = new House(
    {
      ...answering([], over.signal),
      send: async () => {
        over.abort();
        return { status: 200, body: {} };
      },
    } as unknown as Client,
    [STAGE],
  );
  await house.work('token', randomOf(1));
  return house;
}
const lock = (fromMs: number, status: number): Call =>
  ({
    hop: 'lock',
    path: '/sessions/s/locks',
    invokeAtMs: fromMs,
    completeAtMs: fromMs + 1,
    answer: { status, body: { orderId: 'o', seats: [{ seat: 4 }] } },
  }) as unknown as Call;

test('nothing is wrong where what was told is so', async () => {
  const house = await blocked();
  house.note(lock(Date.now() - 60_000, 201));
  house.note(lock(Date.now() + 10, 409));
  expect(await house.faults(answering([4]), 'token')).toEqual([]);
});

test('a seat that was told blocked and is not is named', async () => {
  expect(await (await blocked()).faults(answering([]), 'token')).toEqual([
    'seat 4 of s was told blocked, and is not',
  ]);
});

test('a lock of a blocked seat is named', async () => {
  const house = await blocked();
  house.note(lock(Date.now() + 10, 201));
  expect(await house.faults(answering([4]), 'token')).toEqual([
    'seat 4 of s was given to o while blocked',
  ]);
});
