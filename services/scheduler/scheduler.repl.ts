/** What an operator types to hold the arbiter against MySQL; `bin/repl.ts` does the printing. */
import { type Caller, call } from '../../contracts/actions.ts';

/** A hall of 60,000 seats is read whole. */
const PATIENCE_MS = 60_000;

export const commands = [
  {
    command: 'reconcile <session>',
    description: 'hold a sale against MySQL and mend what differs; answers every difference',
    alias: 'rc',
    options: [],
    action: (caller: Caller, { session }: { session: string }) =>
      call(caller, 'scheduler.reconcile', { sessionId: session }, { timeout: PATIENCE_MS }),
  },
];
