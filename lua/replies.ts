/**
 * What the scripts answer, read back into the project's types: a word, then what belongs to it.
 * `OK` is the only word that is no refusal.
 */
import { type RefusalWord, refuse } from '../contracts/errors.ts';
import { type SaleSwitch, saleStateAt } from '../contracts/sale.ts';
import { type SeatMark, STATE_OF_MARK } from '../contracts/seat.ts';
import type { Hold, LockAnswer, SaleView, SeatView } from './arbiter.ts';
import type { Reply } from './runner.ts';

/** What a word brings with it, made into the data of its refusal (`RefusalData`). */
const DATA: Partial<Record<RefusalWord, (text: string) => object>> = {
  SALE_NOT_OPEN: (opensAtMs) => ({ opensAt: new Date(Number(opensAtMs)).toISOString() }),
  SEAT_TAKEN: JSON.parse,
  SEAT_UNKNOWN: (seats) => ({ seats: JSON.parse(seats) }),
  SOLD_OUT: JSON.parse,
  LIMIT_REACHED: JSON.parse,
  VALIDATION_FAILED: (field) => ({
    errors: [
      { pointer: `/best/${field}`, code: 'UNKNOWN', detail: `this session has no such ${field}` },
    ],
  }),
};

/** What follows `OK`. @throws the refusal that any other word is */
export function accepted([word, ...rest]: Reply): unknown[] {
  if (word === 'OK') return rest;
  const data = DATA[word as RefusalWord]?.(String(rest[0]));
  return refuse(word as RefusalWord, data as never);
}

/** True, false for `OK 1`, `OK 0`; false as well when the sale is not there. */
export function changed(reply: Reply): boolean {
  if (reply[0] === 'NOT_FOUND') return false;
  return accepted(reply)[0] === 1;
}

export function readHold(json: string): Hold {
  const { orderId, uid, seats, amountFen, deadlineMs, state } = JSON.parse(json);
  return { orderId, uid, seats, amountFen, deadlineMs, state };
}

/** A lock's answer from the hold it left. Another orderId than the one asked with: a replay. */
export function readAnswer(json: string, asked: string): LockAnswer {
  const { orderId, seats, amountFen, deadlineMs, version, adjacent } = JSON.parse(json);
  return { orderId, seats, amountFen, deadlineMs, version, adjacent, replayed: orderId !== asked };
}

export function readView(sale: string, [nowMs, epoch, names, meta]: unknown[]): SaleView {
  const fields = meta as string[];
  const said: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) said[fields[i]!] = fields[i + 1]!;
  const number = (name: string) => Number(said[name]);
  const terms = {
    reservationRequired: said.reservationRequired === '1',
    reservationOpensAtMs: number('reservationOpensAtMs'),
    reservationClosesAtMs: number('reservationClosesAtMs'),
    opensAtMs: number('opensAtMs'),
    closesAtMs: number('closesAtMs'),
    seatsPerBuyerMax: number('seatsPerBuyerMax'),
    lockMs: number('lockMs'),
  };
  const tiers = JSON.parse(String(names)) as string[];
  const left = tiers.map((_, tier) => number(`left:${tier}`));
  const leftTotal = left.reduce((sum, of) => sum + of, 0);
  const clock = { ...terms, switch: said.state as SaleSwitch, leftTotal };
  return {
    sale,
    switch: clock.switch,
    state: saleStateAt(clock, Number(nowMs)),
    terms,
    left: Object.fromEntries(tiers.map((name, tier) => [name, left[tier]!])),
    leftTotal,
    epoch: Number(epoch),
    version: number('version'),
  };
}

export function readSeat(reply: unknown[]): SeatView {
  const [mark, json, orderId, hold] = reply as string[];
  const { seat, label, tier } = JSON.parse(json!);
  const held = hold ? readHold(hold) : undefined;
  if (held?.state === 'BLOCKED') return { seat, label, tier, state: held.state };
  return {
    seat,
    label,
    tier,
    state: STATE_OF_MARK[mark as SeatMark],
    ...(orderId && { orderId }),
    ...(held && { uid: held.uid, deadlineMs: held.deadlineMs }),
  };
}
