/** Shows, venues and sessions as everybody may see them. */

/** A show in every language it is written in. */
export interface ShowText {
  readonly title: string;
  readonly titleEn: string | null;
  readonly artist: string | null;
  readonly artistEn: string | null;
  readonly category: string;
  readonly city: string | null;
  readonly description: string | null;
  readonly descriptionEn: string | null;
}
export interface ShowView extends ShowText {
  readonly id: string;
}
/** A show with its published sessions, soonest first. */
export interface ShowWithSessions extends ShowView {
  readonly sessions: readonly SessionView[];
}

export interface VenueView {
  readonly id: string;
  readonly name: string;
  readonly nameEn: string | null;
  readonly city: string;
  readonly address: string | null;
  /** IANA, e.g. `Asia/Shanghai`: times of its sessions are read there. */
  readonly timeZone: string;
}

export interface TierView {
  readonly tier: string;
  readonly name: string;
  readonly priceFen: number;
  readonly color?: string;
}
/** A published session. Moments are ISO 8601, UTC. */
export interface SessionView {
  readonly id: string;
  readonly showId: string;
  readonly venueId: string;
  readonly startsAt: string;
  readonly saleOpensAt: string;
  readonly saleClosesAt: string;
  readonly reservationOpensAt: string;
  readonly reservationClosesAt: string;
  readonly reservationRequired: boolean;
  readonly seatsPerBuyerMax: number;
  readonly lockMs: number;
  readonly tiers: readonly TierView[];
  readonly currency: string;
  readonly layoutVersion: string | null;
  readonly seatCount: number | null;
}
