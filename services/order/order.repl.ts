/**
 * What an operator types about an order; `bin/repl.ts` brings the identity and does the printing.
 */
import { type Caller, call } from '../../contracts/actions.ts';

export const commands = [
  {
    command: 'order <orderId>',
    description: 'an order: whose it is, its state and how it came there, its payment and refund',
    alias: 'or',
    options: [],
    action: (caller: Caller, { orderId }: { orderId: string }) =>
      call(caller, 'order.inspect', { orderId }),
  },
];
