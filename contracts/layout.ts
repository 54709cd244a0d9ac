/**
 * The shape of a layout: the frozen, indexed plan of one session, shared by server and pages.
 *
 * Always true: a seat's number is its offset in the arbiter and its position in `states`. Two seats
 * with consecutive numbers are neighbours; where two seats that follow each other are not, one
 * number between them is left out (a gap), so that a run of free neighbours is a run of `0`.
 */

export interface LayoutSeat {
  readonly seat: number;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly tier: string;
}
export interface LayoutRow {
  readonly row: string;
  readonly seats: readonly LayoutSeat[];
}
export interface LayoutSection {
  readonly section: string;
  readonly rows: readonly LayoutRow[];
}

/** What `GET /sessions/:id/layout` answers. */
export interface Layout {
  readonly layoutVersion: string;
  readonly seatCount: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly sections: readonly LayoutSection[];
}

/**
 * The compact form (`?form=columns`), also what crosses processes and what MySQL keeps. Column `i`
 * describes one seat; `section`, `row` and `tier` are indexes into the name lists.
 */
export interface LayoutColumns {
  readonly layoutVersion: string;
  readonly seatCount: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly tiers: readonly string[];
  readonly sections: readonly string[];
  /** Row names with the section each belongs to; `standing` rows have no neighbours. */
  readonly rows: readonly { readonly section: number; readonly row: string }[];
  readonly seat: readonly number[];
  readonly label: readonly string[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly tier: readonly number[];
  readonly row: readonly number[];
}

/** Unfolds the compact form into what `GET /sessions/:id/layout` answers. */
export function layoutOf(columns: LayoutColumns): Layout {
  const rows = columns.rows.map(({ row }) => ({ row, seats: [] as LayoutSeat[] }));
  columns.seat.forEach((seat, i) => {
    rows[columns.row[i]!]!.seats.push({
      seat,
      label: columns.label[i]!,
      x: columns.x[i]!,
      y: columns.y[i]!,
      tier: columns.tiers[columns.tier[i]!]!,
    });
  });
  const sections = columns.sections.map((section, s) => ({
    section,
    rows: rows.filter((_, r) => columns.rows[r]!.section === s),
  }));
  const { layoutVersion, seatCount, size } = columns;
  return { layoutVersion, seatCount, size, sections };
}
