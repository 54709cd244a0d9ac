/** Where a list that is read newest first goes on: after a moment, and an id within it. */
import { Errors } from 'moleculer';
import { sqlTime } from '../../mixins/statement.ts';

export const cursorAt = (at: Date, id: string): string =>
  Buffer.from(`${at.getTime()} ${id}`).toString('base64url');

/** @throws for a cursor that no page answered */
export function readCursor(cursor: string): { at: string; id: string } {
  const parts = /^(\d{1,13}) ([0-9a-z-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!parts)
    throw new Errors.ValidationError('Parameters validation error!', 'VALIDATION_ERROR', [
      { type: 'cursor', field: 'cursor', message: 'Not a cursor of this list' },
    ]);
  return { at: sqlTime(Number(parts[1])), id: parts[2]! };
}
