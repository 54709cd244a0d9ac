/**
 * The terms of a session in a form: moments as the clock of the venue shows them, prices in yuan.
 * What a published session may no longer change is not sent.
 */
import { localOf, momentOf } from './zone.ts';

export const MOMENTS = [
  'startsAt',
  'reservationOpensAt',
  'reservationClosesAt',
  'saleOpensAt',
  'saleClosesAt',
] as const;
export type Moment = (typeof MOMENTS)[number];
/** May still change when buyers have been told. */
export const ALWAYS_CHANGEABLE: ReadonlySet<string> = new Set(['startsAt']);
export const SEATS_MAX = 6;
export const LOCK_SECONDS = { min: 5, max: 3_600 } as const;
const FEN = 100;
const PRICE_FEN_MAX = 100_000_000;

/** What is read of a session that is kept. */
interface Kept extends Readonly<Record<Moment, string>> {
  readonly showId: string;
  readonly venueId: string;
  readonly seatTemplateId: string;
  readonly reservationRequired: boolean;
  readonly seatsPerBuyerMax: number;
  readonly lockMs: number;
  readonly tiers: readonly { readonly tier: string; readonly priceFen: number }[];
}
export interface Terms {
  showId: string;
  venueId: string;
  seatTemplateId: string;
  moments: Record<Moment, string>;
  reservationRequired: boolean;
  seatsPerBuyerMax: number;
  lockSeconds: number;
  /** Tier by tier, in yuan. */
  prices: Record<string, string>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** From the next full hour on: when things of a new session happen, as a first proposal. */
const PROPOSED_MS: Readonly<Record<Moment, number>> = {
  reservationOpensAt: 0,
  reservationClosesAt: 3 * DAY_MS,
  saleOpensAt: 3 * DAY_MS,
  saleClosesAt: 30 * DAY_MS,
  startsAt: 30 * DAY_MS,
};

export function newTerms(showId: string, timeZone: string, nowMs: number): Terms {
  const hour = Math.ceil(nowMs / HOUR_MS) * HOUR_MS;
  return {
    showId,
    venueId: '',
    seatTemplateId: '',
    moments: momentsOf((name) => localOf(hour + PROPOSED_MS[name], timeZone)),
    reservationRequired: true,
    seatsPerBuyerMax: 4,
    lockSeconds: 900,
    prices: {},
  };
}
export const termsOf = (session: Kept, timeZone: string): Terms => ({
  showId: session.showId,
  venueId: session.venueId,
  seatTemplateId: session.seatTemplateId,
  moments: momentsOf((name) => localOf(session[name], timeZone)),
  reservationRequired: session.reservationRequired,
  seatsPerBuyerMax: session.seatsPerBuyerMax,
  lockSeconds: session.lockMs / 1_000,
  prices: Object.fromEntries(session.tiers.map(({ tier, priceFen }) => [tier, yuanOf(priceFen)])),
});
const momentsOf = (local: (name: Moment) => string) =>
  Object.fromEntries(MOMENTS.map((name) => [name, local(name)])) as Record<Moment, string>;

const yuanOf = (fen: number): string => (fen / FEN).toFixed(fen % FEN === 0 ? 0 : 2);
/** @returns undefined for what is no price */
export function fenOf(yuan: string | undefined): number | undefined {
  if (!yuan || !/^\d{1,7}(\.\d{1,2})?$/.test(yuan.trim())) return undefined;
  const fen = Math.round(Number(yuan) * FEN);
  return fen <= PRICE_FEN_MAX ? fen : undefined;
}

/** Words of `terms.fault` by the field they are about. */
export function faultsIn(terms: Terms, tiers: readonly string[]): Record<string, string> {
  const { moments, prices } = terms;
  const faults: Record<string, string> = {};
  for (const name of ['showId', 'venueId', 'seatTemplateId'] as const)
    if (!terms[name]) faults[name] = 'missing';
  for (const name of MOMENTS) if (!moments[name]) faults[name] = 'missing';
  const windows = [
    ['reservationOpensAt', 'reservationClosesAt'],
    ['saleOpensAt', 'saleClosesAt'],
  ] as const;
  for (const [opens, closes] of windows)
    if (moments[opens] && moments[closes] && moments[opens] >= moments[closes])
      faults[closes] = 'window';
  for (const tier of tiers)
    if (fenOf(prices[tier]) === undefined) faults[`price:${tier}`] = 'price';
  return faults;
}

/** What the API takes of a form without faults. */
export function bodyOf(terms: Terms, tiers: readonly string[], timeZone: string): object {
  const { showId, venueId, seatTemplateId, reservationRequired, seatsPerBuyerMax } = terms;
  return {
    showId,
    venueId,
    seatTemplateId,
    reservationRequired,
    seatsPerBuyerMax,
    ...momentsOf((name) => momentOf(terms.moments[name], timeZone)!),
    lockMs: Math.round(terms.lockSeconds * 1_000),
    tiers: tiers.map((tier) => ({ tier, priceFen: fenOf(terms.prices[tier])! })),
  };
}
/** What is different, of what may change. */
export function changedIn(body: object, before: object, mayAll: boolean): object {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const kept = before as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(body).filter(
      ([name, value]) => (mayAll || ALWAYS_CHANGEABLE.has(name)) && !same(value, kept[name]),
    ),
  );
}
