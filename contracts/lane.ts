/**
 * The lanes of a gray release: a process is in one, and so is every request. `meta.lane` of a call
 * and of a message names the lane when it is not the stable one.
 */

export const LANES = ['stable', 'gray'] as const;
export type Lane = (typeof LANES)[number];

/** The lane that something is in, by what its meta says. */
export const laneOf = (meta: { readonly lane?: unknown } | null | undefined): Lane =>
  meta?.lane === 'gray' ? 'gray' : 'stable';
