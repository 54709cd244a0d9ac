/**
 * Rules of fields that several objects have. Each call makes a rule of its own: the validator takes
 * an object it has met for a circle.
 */
import { isDay, isInstant } from '../contracts/moment.ts';

type Complaints = { type: string; actual: unknown }[];

/** No control characters, and no half of a character: neither can be shown, or kept as it came. */
const LINE = /^[^\p{Cc}\p{Cs}]*$/u;
const TEXT = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u;

/** One line that says something. */
export const line = (max: number) =>
  ({ type: 'string', trim: true, empty: false, max, pattern: LINE }) as const;
/** One line that may be left out, or be empty. */
export const optionalLine = (max: number) =>
  ({ type: 'string', trim: true, max, pattern: LINE, optional: true }) as const;
/** Several lines that may be left out. */
export const optionalText = (max: number) =>
  ({ type: 'string', max, pattern: TEXT, optional: true }) as const;

const complainUnless =
  (type: string, holds: (text: string) => boolean) => (value: unknown, errors: Complaints) => {
    if (typeof value === 'string' && !holds(value)) errors.push({ type, actual: value });
    return value;
  };

/** A moment of RFC 3339 that exists. */
export const instant = () =>
  ({ type: 'string', max: 40, custom: complainUnless('instant', isInstant) }) as const;
/** A moment, or a day of UTC. */
export const instantOrDay = () =>
  ({
    type: 'string',
    max: 40,
    optional: true,
    custom: complainUnless('instantOrDay', (text) => isInstant(text) || isDay(text)),
  }) as const;
