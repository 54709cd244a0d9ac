/** A message that died, as an operator sees it, from its first death until somebody resolves it. */

export const LETTER_STATES = ['open', 'replayed', 'discarded'] as const;
export type LetterState = (typeof LETTER_STATES)[number];

export interface DeadLetter {
  readonly id: string;
  readonly state: LetterState;
  readonly channel: string;
  /** Who could not take it. */
  readonly service: string;
  readonly stream: string;
  /** Of its last death; a list shows the beginning of it. */
  readonly reason: string;
  readonly deaths: number;
  /** The last time. */
  readonly diedAt: string;
  readonly filedAt: string;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
  /** Why it was discarded, or as which entry it was posted again. */
  readonly resolution: string | null;
}
export interface WholeLetter extends DeadLetter {
  /** Where it last died in its stream. */
  readonly entryId: string;
  /** Name, value, name, value, … as they were, and as they will be posted again. */
  readonly fields: readonly string[];
  /** The same by name, read as JSON where it is JSON. */
  readonly content: Readonly<Record<string, unknown>>;
}
