/**
 * Seats in words, several at once: `看台 12排7-8座`, `Stalls, row 12, seats 7–8`. Pure. Plans name
 * rows and seats as they like: a bare number is dressed in the reader's language, a name that
 * speaks for itself (`12排`, `Balcony A`) is left as it is.
 */
import type { LayoutSeat } from '../../contracts/layout.ts';

type Named = Pick<LayoutSeat, 'label'> & { readonly section: string; readonly row: string };
type Say = (word: string, fields: Readonly<Record<string, string>>) => string;

/** A number, or a letter or two: `12`, `A`, `BB`, `3a`. */
const BARE = /^(?:\d+[a-z]?|[a-z]{1,2}\d*)$/i;

/** What the label says after its row; a suffix that tells two seats apart belongs to it. */
function seatIn({ label, row }: Named): string {
  const at = label.lastIndexOf(`${row}-`);
  return row === '' || at === -1
    ? label.slice(label.lastIndexOf(' ') + 1)
    : label.slice(at + row.length + 1);
}

/** Numbers that follow each other become a stretch: 7, 8, 9, 11 → 7-9, 11. */
function stretches(numbers: readonly string[], dash: string): string[] {
  const found: { from: number; to: number }[] = [];
  for (const number of numbers.map(Number).sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && number === last.to + 1) last.to = number;
    else found.push({ from: number, to: number });
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}${dash}${to}`));
}

/** Numbers that all are written alike, `7座` and `8座`, are joined: `7-8座`. */
function seatsSaid(places: readonly Named[], say: Say): string {
  const names = places.map(seatIn);
  const parts = names.map((name) => /^(\D*)([1-9]\d*)(\D*)$/.exec(name));
  const [first] = parts;
  const isAlike = parts.every((part) => part && part[1] === first![1] && part[3] === first![3]);
  const comma = say('places.comma', {});
  if (!isAlike) return names.join(comma);
  const numbers = parts.map((part) => part![2]!);
  const seats = stretches(numbers, say('places.to', {})).join(comma);
  const [, before, , after] = first!;
  if (before || after) return `${before}${seats}${after}`;
  return say(names.length === 1 ? 'places.seat' : 'places.seats', { seats });
}

function rowSaid(places: readonly Named[], say: Say): string {
  const { row } = places[0]!;
  const seats = seatsSaid(places, say);
  if (row === '') return seats;
  if (!BARE.test(row)) return say('places.inNamedRow', { row, seats });
  return say('places.inRow', { row: say('places.row', { row }), seats });
}

const groupedBy = <Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] => {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
};

/** @param say - what `t` of vue-i18n does, for the words of `places` */
export function placesSaid(places: readonly Named[], say: Say): string {
  const and = say('places.and', {});
  return groupedBy(places, ({ section }) => section)
    .map((seats) => {
      const { section } = seats[0]!;
      const rows = groupedBy(seats, ({ row }) => row)
        .map((ofRow) => rowSaid(ofRow, say))
        .join(and);
      return section === '' ? rows : say('places.inSection', { section, rows });
    })
    .join(and);
}
