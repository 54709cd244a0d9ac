/** Moments as somebody in the zone of a venue reads and writes them. */

/** As an input of a moment takes it: `2026-11-26T11:40:05`. */
export function localOf(moment: string | number, timeZone: string): string {
  const form = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return form.format(new Date(moment)).replace(' ', 'T');
}

const asUtcMs = (local: string) => Date.parse(`${local}Z`);

/** The moment an input says, or undefined for an empty one. */
export function momentOf(local: string, timeZone: string): string | undefined {
  const wanted = asUtcMs(local);
  if (Number.isNaN(wanted)) return undefined;
  let moment = wanted;
  // Twice: the first guess may lie on the other side of a change of the clock.
  for (let i = 0; i < 2; i++) moment += wanted - asUtcMs(localOf(moment, timeZone));
  return new Date(moment).toISOString();
}
