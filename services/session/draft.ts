/**
 * What an organiser may write of a session, and whether it makes sense: moments that exist, windows
 * that open before they close, a price for everything with seats, and only references to what is
 * theirs.
 */
import { call, type Owned } from '../../contracts/actions.ts';
import { type Fault, refuse, wordOf } from '../../contracts/errors.ts';
import { instant } from '../../mixins/fields.ts';
import { live } from '../../mixins/live-config.ts';
import type { OwnedContext } from '../../mixins/owned.ts';
import type { PricedTier, WrittenSession } from './session.model.ts';

/** A session as its organiser writes it. */
export interface Draft {
  readonly showId: string;
  readonly venueId: string;
  readonly seatTemplateId: string;
  readonly startsAt: string;
  readonly reservationOpensAt: string;
  readonly reservationClosesAt: string;
  readonly saleOpensAt: string;
  readonly saleClosesAt: string;
  readonly reservationRequired: boolean;
  readonly seatsPerBuyerMax: number;
  readonly lockMs: number;
  readonly tiers: readonly { readonly tier: string; readonly priceFen: number }[];
}

const reference = () => ({ type: 'string', empty: false, max: 64 });

export const DRAFT_RULES = {
  showId: reference(),
  venueId: reference(),
  seatTemplateId: reference(),
  startsAt: instant(),
  reservationOpensAt: instant(),
  reservationClosesAt: instant(),
  saleOpensAt: instant(),
  saleClosesAt: instant(),
  reservationRequired: { type: 'boolean' },
  seatsPerBuyerMax: { type: 'number', integer: true, min: 1, max: 6 },
  lockMs: {
    type: 'number',
    integer: true,
    min: 5_000,
    max: 3_600_000,
    optional: true,
    default: () => live().lockMsDefault,
  },
  tiers: {
    type: 'array',
    min: 1,
    max: 200,
    items: {
      type: 'object',
      strict: true,
      props: {
        tier: { type: 'string', empty: false, max: 64 },
        priceFen: { type: 'number', integer: true, min: 0, max: 100_000_000 },
      },
    },
  },
};

const WINDOWS = [
  ['reservationOpensAt', 'reservationClosesAt'],
  ['saleOpensAt', 'saleClosesAt'],
] as const;

type Template = Owned & {
  venueId: string;
  tiers: { tier: string; seatCount: number }[];
  categories: { name: string; color?: string }[];
};

/**
 * The columns a draft amounts to.
 * @throws VALIDATION_FAILED naming every fault
 */
export async function judge(ctx: OwnedContext, draft: Draft): Promise<Partial<WrittenSession>> {
  const errors: Fault[] = [];
  for (const [opens, closes] of WINDOWS)
    if (Date.parse(draft[opens]) >= Date.parse(draft[closes]))
      errors.push({ pointer: `/${closes}`, code: 'window', detail: `must be after ${opens}` });
  const [template] = await Promise.all([
    mine(ctx, 'seat-template.adminGet', draft.seatTemplateId, '/seatTemplateId', errors),
    mine(ctx, 'show.adminGet', draft.showId, '/showId', errors),
    mine(ctx, 'venue.adminGet', draft.venueId, '/venueId', errors),
  ]);
  if (template && template.venueId !== draft.venueId) {
    const detail = 'is a plan of another venue';
    errors.push({ pointer: '/seatTemplateId', code: 'otherVenue', detail });
  }
  const tiers = template ? priced(draft, template as Template, errors) : [];
  if (errors.length > 0) refuse('VALIDATION_FAILED', { errors });
  const { showId, venueId, seatTemplateId, reservationRequired, seatsPerBuyerMax, lockMs } = draft;
  return {
    showId,
    venueId,
    seatTemplateId,
    reservationRequired,
    seatsPerBuyerMax,
    lockMs,
    startsAt: new Date(draft.startsAt),
    reservationOpensAt: new Date(draft.reservationOpensAt),
    reservationClosesAt: new Date(draft.reservationClosesAt),
    saleOpensAt: new Date(draft.saleOpensAt),
    saleClosesAt: new Date(draft.saleClosesAt),
    tiers: JSON.stringify(tiers),
  };
}

async function mine(
  ctx: OwnedContext,
  action: 'seat-template.adminGet' | 'show.adminGet' | 'venue.adminGet',
  id: string,
  pointer: string,
  errors: Fault[],
): Promise<Owned | undefined> {
  try {
    return await call(ctx, action, { id });
  } catch (error) {
    if (wordOf(error) !== 'NOT_FOUND') throw error;
    errors.push({ pointer, code: 'unknown', detail: 'refers to nothing of yours' });
    return undefined;
  }
}

/** The prices with the colours of the plan, in the order of the plan. */
function priced(draft: Draft, template: Template, errors: Fault[]): PricedTier[] {
  const prices = new Map<string, number>();
  draft.tiers.forEach(({ tier, priceFen }, i) => {
    const pointer = `/tiers/${i}/tier`;
    if (prices.has(tier)) errors.push({ pointer, code: 'repeated', detail: 'has a price already' });
    else if (!template.tiers.some((known) => known.tier === tier))
      errors.push({ pointer, code: 'unknown', detail: 'names no category of the plan' });
    prices.set(tier, priceFen);
  });
  errors.push(...unpriced(template.tiers, prices));
  return template.categories
    .filter(({ name }) => prices.has(name))
    .map(({ name, color }) => ({ tier: name, priceFen: prices.get(name)!, color }));
}

/** One fault for each tier that has seats and no price. */
export const unpriced = (
  tiers: readonly { tier: string; seatCount: number }[],
  prices: ReadonlyMap<string, number>,
): Fault[] =>
  tiers
    .filter(({ tier, seatCount }) => seatCount > 0 && !prices.has(tier))
    .map(({ tier }) => ({
      pointer: '/tiers',
      code: 'required',
      detail: `needs a price for "${tier}", which has seats`,
    }));
