/** The decisions about an order, fact by fact: no clock, no table, no server. */
import { expect, test } from 'vitest';
import { orderMachine } from '../../contracts/order.ts';
import {
  decideCreate,
  decideRelease,
  decideSettle,
  decideTimeout,
  type SettleFacts,
  type TimeoutFacts,
} from '../../services/order/decisions.ts';

const fresh = {
  verdict: undefined,
  nowMs: 999,
  deadlineMs: 1_000,
  heldAfter: 2,
  seatsPerBuyerMax: 2,
  claimed: false,
} as const;

test.each([
  ['a fresh lock becomes an order', {}, { do: 'create' }],
  ['a lock that has a verdict is left alone', { verdict: 'ABORTED' }, { do: 'ignore' }],
  ['also when it is late', { verdict: 'ORDERED', nowMs: 5_000 }, { do: 'ignore' }],
  ['at its deadline it is expired', { nowMs: 1_000 }, { do: 'abort', reason: 'expired' }],
  ['one seat too many is refused', { heldAfter: 3 }, { do: 'abort', reason: 'quota' }],
  ['a claimed seat is not sold twice', { claimed: true }, { do: 'abort', reason: 'claimed' }],
] as const)('%s', (_, facts, decision) => {
  expect(decideCreate({ ...fresh, ...facts })).toEqual(decision);
});

const due: TimeoutFacts = {
  state: 'LOCKED',
  verdict: 'ORDERED',
  nowMs: 1_000,
  deadlineMs: 1_000,
  payGraceMs: 500,
  payment: 'none',
};
const timeouts: [string, Partial<TimeoutFacts>, object][] = [
  ['LOCKED times out at its deadline', {}, { do: 'move', by: 'deadline' }],
  ['LOCKED waits until then', { nowMs: 999 }, { do: 'wait', untilMs: 1_000 }],
  ['PAYING has the grace', { state: 'PAYING' }, { do: 'wait', untilMs: 1_500 }],
  ['PAYING ends with it', { state: 'PAYING', nowMs: 1_500 }, { do: 'move', by: 'grace' }],
  ['money on its way is waited for', { payment: 'taken' }, { do: 'wait', untilMs: 1_500 }],
  ['but not for ever', { payment: 'taken', nowMs: 1_500 }, { do: 'move', by: 'deadline' }],
  ['a silent provider keeps no seat', { payment: 'unknown' }, { do: 'move', by: 'deadline' }],
  [
    'no order and no verdict is an orphan',
    { state: undefined, verdict: undefined },
    { do: 'abort' },
  ],
  [
    'an orphan has until its deadline to become an order',
    { state: undefined, verdict: undefined, nowMs: 999 },
    { do: 'wait', untilMs: 1_000 },
  ],
  ['a verdict ahead of its order waits', { state: undefined }, { do: 'wait' }],
  ['an aborted hold is told again', { state: undefined, verdict: 'ABORTED' }, { do: 'repeat' }],
  ['so is a paid order', { state: 'PAID' }, { do: 'repeat' }],
  ['and a cancelled one', { state: 'CANCELLED' }, { do: 'repeat' }],
];
test.each(timeouts)('%s', (_, facts, decision) => {
  expect(decideTimeout({ ...due, ...facts })).toEqual(decision);
});

const locked = { state: 'LOCKED', amountFen: 100 } as const;
const paid: SettleFacts = {
  type: 'payment.succeeded',
  seen: false,
  spent: false,
  foreign: false,
  amountFen: 100,
  order: locked,
};
const settlements: [string, Partial<SettleFacts>, object][] = [
  [
    'success walks a LOCKED order both steps',
    {},
    { do: 'move', by: ['payment.started', 'payment.succeeded'] },
  ],
  [
    'and a PAYING one the last',
    { order: { state: 'PAYING', amountFen: 100 } },
    { do: 'move', by: ['payment.succeeded'] },
  ],
  ['an event seen before does nothing', { seen: true }, { do: 'none' }],
  ['money that is accounted for does nothing', { spent: true }, { do: 'none' }],
  ['a wrong amount goes back', { amountFen: 99 }, { do: 'refund', reason: 'mismatch' }],
  ['so does the money of another order', { foreign: true }, { do: 'refund', reason: 'mismatch' }],
  ['and money for no order', { order: undefined }, { do: 'refund', reason: 'unknown' }],
  [
    'and a second payment',
    { order: { state: 'PAID', amountFen: 100 } },
    { do: 'refund', reason: 'duplicate' },
  ],
  [
    'and what came after the end',
    { order: { state: 'TIMEOUT_CANCELLED', amountFen: 100 } },
    { do: 'refund', reason: 'late' },
  ],
  ['a start moves LOCKED', { type: 'payment.started' }, { do: 'move', by: ['payment.started'] }],
  [
    'a start that was overtaken does nothing',
    { type: 'payment.started', order: { state: 'PAID', amountFen: 100 } },
    { do: 'none' },
  ],
  [
    'a start after the end is noted',
    { type: 'payment.started', order: { state: 'CANCELLED', amountFen: 100 } },
    { do: 'none', note: 'started while CANCELLED' },
  ],
  ['a failure changes nothing', { type: 'payment.failed' }, { do: 'none' }],
];
test.each(settlements)('%s', (_, facts, decision) => {
  expect(decideSettle({ ...paid, ...facts })).toEqual(decision);
});

test('every end of an order owes its seats a message, and nothing else does', () => {
  for (const state of orderMachine.states)
    expect(decideRelease(state) !== undefined).toBe(orderMachine.isEnd(state));
});
