/**
 * What an operator types about an order, and about messages that died; `bin/repl.ts` brings the
 * identity and does the printing. A dead letter is named by its id or the beginning of it.
 */
import { type Caller, call } from '../../contracts/actions.ts';
import type { LetterState } from '../../contracts/dead-letter.ts';
import { refuse } from '../../contracts/errors.ts';

const LETTERS_SHOWN = 50;

interface LettersOptions {
  readonly state?: LetterState;
  readonly limit?: string;
  readonly cursor?: string;
}

export const commands = [
  {
    command: 'order <orderId>',
    description: 'an order: whose it is, its state and how it came there, its payment and refund',
    alias: 'or',
    options: [],
    action: (caller: Caller, { orderId }: { orderId: string }) =>
      call(caller, 'order.inspect', { orderId }),
  },
  {
    command: 'dead-letters',
    description: 'messages that died and wait for an operator, the last to die first',
    alias: 'dl',
    options: [
      { option: '--state <state>', description: 'open, replayed or discarded (open)' },
      { option: '--limit <n>', description: `at most so many (${LETTERS_SHOWN})` },
      { option: '--cursor <text>', description: 'where the page before ended: its nextCursor' },
    ],
    action: (caller: Caller, { options }: { options: LettersOptions }) =>
      call(caller, 'order.deadLetters', {
        ...(options.state && { state: options.state }),
        ...(options.cursor && { cursor: options.cursor }),
        limit: Number(options.limit ?? LETTERS_SHOWN),
      }),
  },
  {
    command: 'dead-letter <id>',
    description: 'a message that died: what it says, why it died and how often',
    alias: 'dd',
    options: [],
    action: (caller: Caller, { id }: { id: string }) => call(caller, 'order.deadLetter', { id }),
  },
  {
    command: 'replay <id>',
    description: 'post a message that died again, to everybody who hears its stream',
    alias: 'rp',
    options: [],
    action: (caller: Caller, { id }: { id: string }) => call(caller, 'order.replayLetter', { id }),
  },
  {
    command: 'discard <id>',
    description: 'give a message that died up, for a reason',
    alias: 'dc',
    options: [{ option: '--reason <text>', description: 'why (needed)' }],
    async action(caller: Caller, { id, options }: { id: string; options: { reason?: string } }) {
      const { reason } = options;
      if (reason !== undefined) return call(caller, 'order.discardLetter', { id, reason });
      const detail = 'is needed: discard <id> --reason "…"';
      return refuse('VALIDATION_FAILED', {
        errors: [{ pointer: '/reason', code: 'required', detail }],
      });
    },
  },
];
