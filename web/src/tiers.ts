/** The colour of each price, the same on the map, in the legend and in the list. */
import { inkOn, tierColour } from '../seat-map/palette.ts';

/** As custom properties: the styles decide what is painted with them. */
export type TierStyle = (tier: string) => Readonly<Record<'--tier' | '--on-tier', string>>;

/** @param tiers - in the order of the layout, which is the map's */
export const tierStyles =
  (tiers: readonly string[]): TierStyle =>
  (tier) => {
    const colour = tierColour(Math.max(0, tiers.indexOf(tier)));
    return { '--tier': colour, '--on-tier': inkOn(colour) };
  };
