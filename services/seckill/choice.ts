/** Which seats a buyer asks for, as far as it can be judged without knowing the hall. Pure. */
import { refuse } from '../../contracts/errors.ts';

/** More than anybody may buy, so that a mistake is named before a limit. */
const SEATS_NAMED_MAX = 100;

/** The rules of the two ways to ask, for the action's `params`. */
export const CHOICE_RULES = {
  seats: {
    type: 'array',
    optional: true,
    min: 1,
    max: SEATS_NAMED_MAX,
    items: { type: 'number', integer: true },
  },
  best: {
    type: 'object',
    optional: true,
    strict: true,
    props: {
      count: { type: 'number', integer: true, min: 1, max: SEATS_NAMED_MAX },
      tier: { type: 'string', min: 1, max: 190 },
      section: { type: 'string', min: 1, max: 190, optional: true },
    },
  },
} as const;

export interface Best {
  readonly count: number;
  readonly tier: string;
  readonly section?: string;
}
export type Choice = { readonly seats: readonly number[] } | { readonly best: Best };

/**
 * Exactly one of the two ways, and no seat that no hall has.
 * @throws VALIDATION_FAILED, SEAT_UNKNOWN (with the seats), SEAT_REPEATED
 */
export function choiceOf(asked: { seats?: readonly number[] | null; best?: Best | null }): Choice {
  const { seats, best } = asked;
  if (!seats === !best) {
    const fault = { pointer: '', code: 'exactlyOne', detail: '', expected: 'seats, best' };
    return refuse('VALIDATION_FAILED', { errors: [fault] });
  }
  if (best) return { best };
  const unknown = seats!.filter((seat) => seat < 0 || !Number.isSafeInteger(seat));
  if (unknown.length > 0) refuse('SEAT_UNKNOWN', { seats: unknown });
  if (new Set(seats).size < seats!.length) refuse('SEAT_REPEATED');
  return { seats: seats! };
}
