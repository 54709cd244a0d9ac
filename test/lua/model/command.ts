/** What a command of the model is, and how an act that may be refused ends. */
import type fc from 'fast-check';
import { wordOf } from '../../../contracts/errors.ts';
import type { Stage } from '../stage.ts';
import type { Sale } from './sale.ts';

export type Command = fc.AsyncCommand<Sale, Stage>;

/** A command that says what it is, so that a failure can be read and played again. */
export const command = (
  name: string,
  run: (model: Sale, on: Stage) => Promise<void>,
  check: (model: Readonly<Sale>) => boolean = () => true,
): Command => ({ check, run, toString: () => name });

export interface Ending<Answer> {
  readonly word: string;
  readonly answer?: Answer;
  readonly data?: unknown;
}

/** How an act ends: `OK` with its answer, or a word of the refusals with its data. */
export async function endingOf<Answer>(act: Promise<Answer>): Promise<Ending<Answer>> {
  return act.then(
    (answer) => ({ word: 'OK', answer }),
    (error: unknown) => {
      const word = wordOf(error);
      if (!word) throw error;
      return { word, data: (error as { data: unknown }).data };
    },
  );
}
