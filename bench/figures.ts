/** The figures of the benches, made out of what was measured. */

/** The value below which a share of all lies: `percentile(values, 0.5)` is the median. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;

export const median = (values: readonly number[]): number => percentile(values, 0.5);
