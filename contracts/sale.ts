/**
 * A sale is a session's life in the seckill domain. What the arbiter stores is only what somebody
 * ordered (`SaleSwitch`); what a buyer sees follows from it, the clock and the free seats.
 */

/** What an organiser ordered; stored in the arbiter and, for a rebuild, with the session. */
export type SaleSwitch = 'OPEN' | 'PAUSED' | 'CLOSED';

export type SaleState = 'DRAFT' | 'SCHEDULED' | 'OPEN' | 'PAUSED' | 'SOLD_OUT' | 'CLOSED';

export interface SaleClock {
  readonly switch: SaleSwitch;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  /** AVAILABLE seats of the whole sale. */
  readonly leftTotal: number;
}

/** The state a buyer sees at `nowMs`. `SOLD_OUT` is derived: open, and no AVAILABLE seat now. */
export function saleStateAt(sale: SaleClock, nowMs: number): Exclude<SaleState, 'DRAFT'> {
  if (sale.switch === 'CLOSED' || nowMs >= sale.closesAtMs) return 'CLOSED';
  if (sale.switch === 'PAUSED') return 'PAUSED';
  if (nowMs < sale.opensAtMs) return 'SCHEDULED';
  return sale.leftTotal === 0 ? 'SOLD_OUT' : 'OPEN';
}

/** What an organiser decided about a sale, fixed when it is published. Times are epoch ms. */
export interface SaleTerms {
  readonly reservationRequired: boolean;
  readonly reservationOpensAtMs: number;
  readonly reservationClosesAtMs: number;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  /** 1–6. */
  readonly seatsPerBuyerMax: number;
  /** How long a lock lives unpaid, 5,000–3,600,000 ms. */
  readonly lockMs: number;
}
