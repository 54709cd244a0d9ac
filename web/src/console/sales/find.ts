/** Finding a seat by what somebody types: its label, its row and number, or `#` and its index. */

/** What is known of a seat by its label. */
interface Labelled {
  readonly seat: number;
  readonly label: string;
  readonly section: string;
  readonly row: string;
}

const FOUND_MAX = 20;

const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .split(/[\s\-–,，、/排座号行]+/)
    .filter(Boolean);
const numberOf = (label: string) => label.slice(label.lastIndexOf('-') + 1).toLowerCase();

/**
 * The last word is the number of the seat, the one before it the row, all before them parts of the
 * section; one word alone is found anywhere in a label.
 */
export function findSeats<Place extends Labelled>(places: Iterable<Place>, typed: string): Place[] {
  const index = /^#(\d+)$/.exec(typed.trim())?.[1];
  const words = wordsOf(typed);
  const [number, row, ...sections] = words.toReversed();
  if (number === undefined) return [];
  const fits = (place: Place): boolean => {
    if (index !== undefined) return place.seat === Number(index);
    if (row === undefined) return place.label.toLowerCase().includes(number);
    const section = place.section.toLowerCase();
    return (
      numberOf(place.label) === number &&
      place.row.toLowerCase() === row &&
      sections.every((word) => section.includes(word))
    );
  };
  const found: Place[] = [];
  for (const place of places) {
    if (fits(place)) found.push(place);
    if (found.length === FOUND_MAX) break;
  }
  return found;
}
