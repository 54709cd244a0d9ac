/**
 * What an operator types about a sale: `seat`, `sale`, `locks`. Each command asks actions that
 * exist and answers facts; `bin/repl.ts` brings the operator's identity and does the printing.
 */
import { type Caller, call } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';

const LOCKS_SHOWN = 50;

/** A whole number that a human typed. @throws VALIDATION_FAILED */
function whole(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const detail = `${text} is not a whole number`;
  return refuse('VALIDATION_FAILED', {
    errors: [{ pointer: `/${name}`, code: 'integer', detail }],
  });
}

interface LocksOptions {
  readonly lateMs?: string;
  readonly limit?: string;
}

export const commands = [
  {
    command: 'seat <session> <seat>',
    description: 'who has a seat now, every order that ever had it, every time it was blocked',
    alias: 'st',
    options: [],
    async action(caller: Caller, { session, seat }: { session: string; seat: string }) {
      const which = { sessionId: session, seat: whole('seat', seat) };
      const now = await call(caller, 'seckill.inspect', which);
      return { ...now, ...(await call(caller, 'order.seatHistory', which)) };
    },
  },
  {
    command: 'sale <session>',
    description: 'the state of a sale and what is left of it per tier',
    alias: 'sl',
    options: [],
    action: (caller: Caller, { session }: { session: string }) =>
      call(caller, 'seckill.sale', { sessionId: session }),
  },
  {
    command: 'locks',
    description: 'locks whose deadline has passed and that nobody has sold or released',
    alias: 'lk',
    options: [
      { option: '--late', description: 'only late ones (there is no other list)' },
      { option: '--late-ms <ms>', description: 'late by at least this much (0)' },
      { option: '--limit <n>', description: `at most so many, oldest first (${LOCKS_SHOWN})` },
    ],
    action: (caller: Caller, { options }: { options: LocksOptions }) =>
      call(caller, 'seckill.late', {
        lateMs: whole('late-ms', options.lateMs ?? '0'),
        limit: whole('limit', options.limit ?? String(LOCKS_SHOWN)),
      }),
  },
];
