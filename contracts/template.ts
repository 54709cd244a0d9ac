/** What is said of a seat template beside the template itself. */
import type { Fault } from './errors.ts';
import type { LayoutColumns } from './layout.ts';

/** What comes beside a body that is a stream; a CSV file has no place for the last two. */
export interface PlanHints {
  readonly contentType?: string;
  readonly venueId?: string;
  readonly name?: string;
}
/** What a plan would be, and everything wrong with it: nothing is counted of a bad one. */
export interface PlanReport {
  readonly valid: boolean;
  readonly errors: readonly Fault[];
  /** What a table was written in, as it was found. */
  readonly encoding?: string;
  readonly seatCount: number;
  readonly tiers: readonly { readonly tier: string; readonly seatCount: number }[];
  /** How it would be drawn; left out of a bad plan, and where it is too big for an answer. */
  readonly layout?: LayoutColumns;
}
/** A version whose plan can still be read. */
export interface TemplateVersion {
  readonly version: number;
  readonly name: string;
  readonly seatCount: number;
  readonly updatedAt: string;
}
