/** What an operator types about who changed what. */
import { type Caller, call } from '../../contracts/actions.ts';

const SHOWN = 20;

export const commands = [
  {
    command: 'audit <target>',
    description: 'who changed an object, the last change first: what it was before and after',
    alias: 'au',
    options: [
      { option: '--limit <n>', description: `at most so many (${SHOWN})` },
      { option: '--cursor <text>', description: 'where the page before ended: its nextCursor' },
    ],
    action: (
      caller: Caller,
      { target, options }: { target: string; options: { limit?: string; cursor?: string } },
    ) =>
      call(caller, 'audit.list', {
        target,
        ...(options.cursor && { cursor: options.cursor }),
        limit: Number(options.limit ?? SHOWN),
      }),
  },
];
