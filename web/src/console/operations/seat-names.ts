/** Seats of a layout by what they are called. */
import type { LayoutColumns } from '../../../../contracts/layout.ts';

const LIKE_MAX = 30;
type Named = Pick<LayoutColumns, 'seat' | 'label'>;

/** What people type differs from the name in spaces and case. */
const plain = (text: string) => text.replaceAll(/\s+/g, '').toLowerCase();

export const labelOf = ({ seat, label }: Named, number: number): string | undefined =>
  label[seat.indexOf(number)];

/** The seat that is called so, or has this number. */
export function seatBy({ seat, label }: Named, text: string): number | undefined {
  const typed = plain(text);
  if (typed === '') return undefined;
  const named = label.findIndex((name) => plain(name) === typed);
  if (named >= 0) return seat[named];
  const number = /^\d+$/.test(typed) ? Number(typed) : -1;
  return seat.includes(number) ? number : undefined;
}

/** The first seats whose name has this in it. */
export function seatsLike({ label }: Named, text: string): string[] {
  const typed = plain(text);
  if (typed === '') return [];
  const found: string[] = [];
  for (const name of label) {
    if (plain(name).includes(typed)) found.push(name);
    if (found.length === LIKE_MAX) break;
  }
  return found;
}
