/** The rows of sessions and their frozen layouts, and how each reader sees a session. */
import { DataTypes } from 'sequelize';
import type { SessionView } from '../../contracts/catalogue-view.ts';
import type { SaleSwitch, SaleTerms } from '../../contracts/sale.ts';
import { OwnedObjects, type OwnedRow, type Written } from '../../mixins/owned.ts';

export const SESSIONS = 'sessions';
export const LAYOUTS = 'session_layouts';

/**
 * DRAFT: anything may change. FROZEN: its layout and terms are fixed, but the arbiter has not been
 * heard to have opened it. PUBLISHED: it has, for good.
 */
export type Stage = 'DRAFT' | 'FROZEN' | 'PUBLISHED';

export interface PricedTier {
  readonly tier: string;
  readonly priceFen: number;
  readonly color?: string;
}
export interface SessionRow extends OwnedRow {
  readonly showId: string;
  readonly venueId: string;
  readonly seatTemplateId: string;
  readonly startsAt: Date;
  readonly reservationOpensAt: Date;
  readonly reservationClosesAt: Date;
  readonly saleOpensAt: Date;
  readonly saleClosesAt: Date;
  readonly reservationRequired: boolean;
  readonly seatsPerBuyerMax: number;
  readonly lockMs: number;
  /** {@link PricedTier}s as JSON. */
  readonly tiers: string;
  readonly stage: Stage;
  /** What its organiser last ordered, for a sale that must be opened again. */
  readonly saleSwitch: SaleSwitch;
  readonly layoutVersion: string | null;
  readonly seatCount: number | null;
}
export type WrittenSession = Written<SessionRow>;
export interface LayoutRow {
  readonly sessionId: string;
  readonly layoutVersion: string;
  /** `LayoutColumns` as JSON, gzipped. */
  readonly layout: Buffer;
}

const ID = { type: DataTypes.STRING(64), allowNull: false };
const WORD = DataTypes.STRING(16);
const MOMENT = DataTypes.DATE(3);

export const SESSION_COLUMNS = {
  id: { ...ID, primaryKey: true },
  ownerUid: ID,
  showId: ID,
  venueId: ID,
  seatTemplateId: ID,
  startsAt: MOMENT,
  reservationOpensAt: MOMENT,
  reservationClosesAt: MOMENT,
  saleOpensAt: MOMENT,
  saleClosesAt: MOMENT,
  reservationRequired: DataTypes.BOOLEAN,
  seatsPerBuyerMax: DataTypes.INTEGER,
  lockMs: DataTypes.INTEGER,
  tiers: DataTypes.TEXT('medium'),
  stage: WORD,
  saleSwitch: WORD,
  layoutVersion: DataTypes.STRING(64),
  seatCount: DataTypes.INTEGER,
  version: DataTypes.INTEGER,
  createdAt: MOMENT,
  updatedAt: MOMENT,
};
export const LAYOUT_COLUMNS = {
  sessionId: { ...ID, primaryKey: true },
  layoutVersion: DataTypes.STRING(64),
  layout: DataTypes.BLOB('long'),
};

export const tiersIn = (row: Pick<SessionRow, 'tiers'>): PricedTier[] => JSON.parse(row.tiers);

/** What everybody may know, and its organiser too. */
const common = (row: SessionRow) => ({
  showId: row.showId,
  venueId: row.venueId,
  startsAt: row.startsAt.toISOString(),
  saleOpensAt: row.saleOpensAt.toISOString(),
  saleClosesAt: row.saleClosesAt.toISOString(),
  reservationOpensAt: row.reservationOpensAt.toISOString(),
  reservationClosesAt: row.reservationClosesAt.toISOString(),
  reservationRequired: Boolean(row.reservationRequired),
  seatsPerBuyerMax: row.seatsPerBuyerMax,
  lockMs: row.lockMs,
});

/** A published session as buyers see it. */
export const publicView = (row: SessionRow): SessionView => ({
  id: row.id,
  ...common(row),
  tiers: tiersIn(row).map(({ tier, priceFen, color }) => ({ tier, name: tier, priceFen, color })),
  currency: 'CNY',
  layoutVersion: row.layoutVersion,
  seatCount: row.seatCount,
});

export const sessions = new OwnedObjects<SessionRow>({
  kind: 'session',
  table: SESSIONS,
  isPublic: true,
  view: (row) => ({
    ...common(row),
    seatTemplateId: row.seatTemplateId,
    tiers: tiersIn(row).map(({ tier, priceFen }) => ({ tier, priceFen })),
    currency: 'CNY',
    stage: row.stage,
    saleSwitch: row.saleSwitch,
    layoutVersion: row.layoutVersion,
    seatCount: row.seatCount,
  }),
});

/** The terms of its sale, as the arbiter takes them. */
export const saleTermsOf = (row: SessionRow): SaleTerms => ({
  reservationRequired: Boolean(row.reservationRequired),
  reservationOpensAtMs: row.reservationOpensAt.getTime(),
  reservationClosesAtMs: row.reservationClosesAt.getTime(),
  opensAtMs: row.saleOpensAt.getTime(),
  closesAtMs: row.saleClosesAt.getTime(),
  seatsPerBuyerMax: row.seatsPerBuyerMax,
  lockMs: row.lockMs,
});
