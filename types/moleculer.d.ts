/**
 * What Moleculer's own types leave out: the time limit of an action, and what `@moleculer/channels`
 * adds to a service schema, typed from `contracts/channels.ts`.
 */
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
  interface ActionSchema<TThis> {
    /** A call of the action gives up after this long, wherever it comes from, ms. */
    timeout?: number;
  }
  interface ServiceSchema<TSettings, TMethods, TVars, TThis> {
    channels?: { [Name in ChannelName]?: ChannelSchema<TThis, Messages[Name]> };
  }
}
