/** The terms of a sale that is open for an hour yet, and that nobody has to have reserved for. */
import type { SaleTerms } from '../contracts/sale.ts';

const HOUR = 3_600_000;

export const openTerms = (nowMs: number): SaleTerms => ({
  reservationRequired: false,
  reservationOpensAtMs: nowMs - 2 * HOUR,
  reservationClosesAtMs: nowMs - HOUR,
  opensAtMs: nowMs - HOUR,
  closesAtMs: nowMs + HOUR,
  seatsPerBuyerMax: 6,
  lockMs: HOUR,
});
