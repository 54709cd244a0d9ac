/** What a sale is, without Redis: who has which seat, until when, and what was answered before. */
import type { LayoutColumns } from '../../../contracts/layout.ts';
import type { SaleSwitch, SaleTerms } from '../../../contracts/sale.ts';

export interface Held {
  readonly orderId: string;
  readonly uid: string;
  readonly seats: readonly number[];
  readonly deadlineMs: number;
  state: 'LOCKED' | 'SOLD' | 'BLOCKED' | 'RELEASED';
}
export type Asked =
  | { readonly seats: readonly number[] }
  | { readonly best: { readonly count: number; readonly tier: string } };
interface Answered {
  readonly asked: string;
  readonly orderId: string;
}

const MARKS = { LOCKED: '1', SOLD: '2', BLOCKED: '2' } as const;

export class Sale {
  readonly hall: LayoutColumns;
  readonly terms: SaleTerms;
  readonly tierOf: ReadonlyMap<number, string>;
  readonly holds: Held[] = [];
  readonly requests = new Map<string, Answered>();
  readonly reserved = new Map<string, number>();
  /** When a hold is looked at again, by orderId. */
  readonly deadlines = new Map<string, number>();
  switch: SaleSwitch = 'OPEN';
  version = 0;
  posted = 0;
  nowMs: number;

  constructor(hall: LayoutColumns, terms: SaleTerms, nowMs: number) {
    this.hall = hall;
    this.terms = terms;
    this.nowMs = nowMs;
    this.tierOf = new Map(hall.seat.map((seat, i) => [seat, hall.tiers[hall.tier[i]!]!]));
  }

  get live(): Held[] {
    return this.holds.filter(({ state }) => state !== 'RELEASED');
  }
  get isOpen(): boolean {
    return this.refusalOfGate() === undefined;
  }
  isFree(seat: number): boolean {
    return this.tierOf.has(seat) && !this.live.some(({ seats }) => seats.includes(seat));
  }
  heldBy(uid: string): number {
    return this.live.filter((hold) => hold.uid === uid).flatMap(({ seats }) => seats).length;
  }
  freeOf(tier: string): number[] {
    return this.hall.seat.filter((seat) => this.tierOf.get(seat) === tier && this.isFree(seat));
  }
  /** True when `count` free seats of a tier stand side by side somewhere. */
  canSitTogether(count: number, tier: string): boolean {
    const free = new Set(this.freeOf(tier));
    const inARow = (seat: number) =>
      Array.from({ length: count }, (_, i) => seat + i).every((one) => free.has(one));
    return [...free].some(inARow);
  }

  /** The word a lock must end with. */
  judge(uid: string, asked: Asked, key: string | undefined): string {
    const before = this.answered(uid, key);
    if (before) return before.asked === JSON.stringify(asked) ? 'OK' : 'IDEMPOTENCY_CONFLICT';
    const refusal = this.refusalOfGate();
    if (refusal) return refusal;
    const count = 'seats' in asked ? asked.seats.length : asked.best.count;
    if (this.heldBy(uid) + count > this.terms.seatsPerBuyerMax) return 'LIMIT_REACHED';
    if ('seats' in asked) return this.#judgeSeats(asked.seats);
    if (!this.hall.tiers.includes(asked.best.tier)) return 'VALIDATION_FAILED';
    return this.freeOf(asked.best.tier).length < count ? 'SOLD_OUT' : 'OK';
  }
  #judgeSeats(seats: readonly number[]): string {
    if (seats.some((seat) => !this.tierOf.has(seat))) return 'SEAT_UNKNOWN';
    if (new Set(seats).size < seats.length) return 'SEAT_REPEATED';
    if (!this.hall.seat.some((seat) => this.isFree(seat))) return 'SOLD_OUT';
    return seats.every((seat) => this.isFree(seat)) ? 'OK' : 'SEAT_TAKEN';
  }
  refusalOfGate(): string | undefined {
    if (this.switch === 'CLOSED' || this.nowMs >= this.terms.closesAtMs) return 'SALE_CLOSED';
    return this.switch === 'PAUSED' ? 'SALE_PAUSED' : undefined;
  }
  answered(uid: string, key: string | undefined): Answered | undefined {
    return key === undefined ? undefined : this.requests.get(`${uid} ${key}`);
  }

  lock(hold: Omit<Held, 'state'>, asked: Asked, key: string | undefined): void {
    this.holds.push({ ...hold, state: 'LOCKED' });
    this.deadlines.set(hold.orderId, hold.deadlineMs);
    this.version++;
    if (key !== undefined)
      this.requests.set(`${hold.uid} ${key}`, {
        asked: JSON.stringify(asked),
        orderId: hold.orderId,
      });
  }
  restore(hold: Omit<Held, 'state'>, state: 'LOCKED' | 'SOLD' | 'BLOCKED'): void {
    const before = this.holds.find(({ orderId }) => orderId === hold.orderId);
    if (before) before.state = state;
    else this.holds.push({ ...hold, state });
    if (state === 'LOCKED') this.deadlines.set(hold.orderId, hold.deadlineMs);
    this.version++;
  }
  /** @returns whether the hold was still LOCKED, or a block that is lifted */
  end(hold: Held, state: 'SOLD' | 'RELEASED'): boolean {
    const lifted = hold.state === 'BLOCKED' && state === 'RELEASED';
    if (hold.state !== 'LOCKED' && !lifted) return false;
    hold.state = state;
    this.deadlines.delete(hold.orderId);
    this.version++;
    return true;
  }
  /** The holds whose deadline is announced now, oldest first; each is looked at again later. */
  due(limit: number, repeatMs: number): Held[] {
    const found = [...this.deadlines]
      .filter(([, atMs]) => atMs <= this.nowMs)
      .sort(([a, atMs], [b, btMs]) => atMs - btMs || (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([orderId]) => this.holds.find((hold) => hold.orderId === orderId)!);
    for (const { orderId, deadlineMs } of found) {
      const waitMs = Math.min(Math.max(repeatMs, this.nowMs - deadlineMs), 30 * repeatMs);
      this.deadlines.set(orderId, this.nowMs + waitMs);
    }
    this.posted += found.length;
    return found;
  }
  /** The marks of the hall, as a snapshot says them. */
  marks(): string {
    const marks = Array.from({ length: this.hall.seat.at(-1)! + 1 }, () => '-');
    for (const seat of this.hall.seat) marks[seat] = '0';
    for (const { seats, state } of this.live)
      for (const seat of seats) marks[seat] = MARKS[state as keyof typeof MARKS];
    return marks.join('');
  }
}
