/** How the lines of charts look and how their moments are said. */
export interface Line {
  readonly label: string;
  readonly colour: string;
  /** Lines differ in their dashes as well: colour alone is not enough. */
  readonly dash?: readonly number[];
}

const DAY_S = 86_400;
const form = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', ...options });
const TIME = form({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const HOUR = form({ hour: '2-digit', minute: '2-digit' });
const DATE = form({ year: 'numeric', month: '2-digit', day: '2-digit' });
const dateOf = (date: Date) => DATE.format(date).slice('1970-'.length);

/** The shortest words that tell these moments apart. @param moments seconds since 1970 */
export function clockOf(moments: readonly number[]): string[] {
  const spanS = (moments.at(-1) ?? 0) - (moments[0] ?? 0);
  const stepS = moments.length > 1 ? spanS / (moments.length - 1) : 0;
  return moments.map((second) => {
    const date = new Date(second * 1_000);
    if (stepS >= DAY_S) return dateOf(date);
    if (spanS >= DAY_S) return `${dateOf(date)} ${HOUR.format(date)}`;
    return (stepS < 60 ? TIME : HOUR).format(date);
  });
}

const DASHES: readonly (readonly number[] | undefined)[] = [
  undefined,
  [8, 4],
  [2, 3],
  [10, 3, 2, 3],
];
export const dashOf = (index: number): { dash?: readonly number[] } => {
  const dash = DASHES[index % DASHES.length];
  return dash ? { dash } : {};
};
