/** Moments as they are written outside: RFC 3339, or a day where a day is enough. */

const DAY = String.raw`(\d{4})-(\d\d)-(\d\d)`;
const HOUR_AND_MINUTE = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const INSTANT = new RegExp(
  String.raw`^${DAY}T${HOUR_AND_MINUTE}:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]${HOUR_AND_MINUTE})$`,
);
const WHOLE_DAY = new RegExp(`^${DAY}$`);
const DAY_MS = 86_400_000;

/** From 1970 on, and no 30 February. */
function namesADay(parts: RegExpExecArray | null): boolean {
  if (!parts) return false;
  const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** True for a moment of RFC 3339 that exists: no bare date. */
export const isInstant = (text: string): boolean => namesADay(INSTANT.exec(text));
/** True for a day, `2027-01-31`, that exists. */
export const isDay = (text: string): boolean => namesADay(WHOLE_DAY.exec(text));

/** Where a stretch of time begins that starts with this instant, or with this day of UTC. */
export const fromMs = (text: string): number => Date.parse(text);
/** Where it ends, the end itself no part of it: at this instant, or after this day of UTC. */
export const untilMs = (text: string): number => Date.parse(text) + (isDay(text) ? DAY_MS : 0);
