/**
 * Colours and shapes. The colours are those of Okabe and Ito, which people of every kind of colour
 * sight tell apart; a state is a shape as well, never a colour alone.
 */

/** By the position of a tier in the layout; the darkest first, so that they differ in light too. */
const OKABE_ITO = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442'];

/** The colour of the tier at a position, for the map and for its legend alike. */
export const tierColour = (tier: number): string => OKABE_ITO[tier % OKABE_ITO.length]!;

export interface Theme {
  readonly floor: string;
  /** A block of seats whose picture is not ready. */
  readonly plate: string;
  readonly stage: string;
  readonly ink: string;
  readonly quiet: string;
  readonly chip: string;
  readonly edge: string;
  readonly locked: string;
  readonly sold: string;
  readonly mine: string;
  readonly lost: string;
}

export const THEME: Theme = {
  floor: '#f6f7f9',
  plate: '#e3e6ec',
  stage: '#2b2f38',
  ink: '#1c2028',
  quiet: '#5b6270',
  chip: '#ffffff',
  edge: '#c9ced8',
  locked: '#8a919e',
  sold: '#b4bac5',
  mine: '#14171d',
  lost: '#d0021b',
};

/** White or dark, whichever reads better on a colour. */
export function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return red! * 0.299 + green! * 0.587 + blue! * 0.114 > 150 ? '#14171d' : '#ffffff';
}

/** What a seat looks like. The first three are the states of the arbiter, in its own numbers. */
export const LOOK = { available: 0, locked: 1, sold: 2, mine: 3, faded: 4 } as const;
export const LOOKS = Object.keys(LOOK).length;
