/** What `@moleculer/channels` adds to a service schema, typed from `contracts/channels.ts`. */
import type { Context } from 'moleculer';
import type { ChannelName, Messages } from '../contracts/channels.ts';

interface ChannelSchema<TThis, Payload> {
  group?: string;
  maxInFlight?: number;
  maxRetries?: number;
  context?: boolean;
  handler(this: TThis, ctx: Context<Payload>): unknown;
}

declare module 'moleculer' {
  interface ServiceSchema<TSettings, TMethods, TVars, TThis> {
    channels?: { [Name in ChannelName]?: ChannelSchema<TThis, Messages[Name]> };
  }
}
