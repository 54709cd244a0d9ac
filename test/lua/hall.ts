/** Halls for tests and benches: drawn as text, or as many straight rows as asked. */
import type { LayoutColumns } from '../../contracts/layout.ts';

interface Place {
  tier: number;
  row: number;
  x: number;
  y: number;
  seat: number;
}

/**
 * A hall drawn as rows of characters, the stage above the first: a letter is a seat of that tier, a
 * space is an aisle. The number of the next seat after an aisle or a row skips one.
 */
export function drawnHall(
  rows: readonly string[],
  sections: readonly string[] = rows.map(() => 'Hall'),
): LayoutColumns {
  const tiers = [...new Set(rows.join('').replaceAll(' ', ''))].sort();
  const names = [...new Set(sections)];
  const places: Place[] = [];
  let next = 0;
  rows.forEach((text, y) => {
    let apart = y > 0;
    [...text].forEach((char, x) => {
      if (char === ' ') {
        apart = true;
        return;
      }
      if (apart && places.length > 0) next++;
      apart = false;
      places.push({ tier: tiers.indexOf(char), row: y, x, y, seat: next++ });
    });
  });
  const rowNames = rows.map((_, y) => ({ section: names.indexOf(sections[y]!), row: `${y + 1}` }));
  return columns(places, tiers, names, rowNames);
}

/** Straight rows of `rowLength` seats of one tier, `A`; the last row may be shorter. */
export function plainHall(seatCount: number, rowLength = 30): LayoutColumns {
  const rows = Math.ceil(seatCount / rowLength);
  return drawnHall(
    Array.from({ length: rows }, (_, row) =>
      'A'.repeat(Math.min(rowLength, seatCount - row * rowLength)),
    ),
  );
}

function columns(
  places: readonly Place[],
  tiers: readonly string[],
  sections: readonly string[],
  rows: LayoutColumns['rows'],
): LayoutColumns {
  return {
    layoutVersion: 'drawn',
    seatCount: places.length,
    size: {
      width: places.reduce((width, { x }) => Math.max(width, x + 1), 0),
      height: rows.length,
    },
    tiers,
    sections,
    rows,
    seat: places.map(({ seat }) => seat),
    label: places.map(({ row, x }) => `Row ${row + 1} Seat ${x + 1}`),
    x: places.map(({ x }) => x),
    y: places.map(({ y }) => y),
    tier: places.map(({ tier }) => tier),
    row: places.map(({ row }) => row),
  };
}
