/** The services behind the front door, as small as a question about the door allows. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, ServiceSchema } from 'moleculer';
import { refuse } from '../../contracts/errors.ts';

export const ID = '0123456789abcdef';

/** What came through to the services. */
export const heard: { action: string; params: unknown; meta: Record<string, unknown> }[] = [];
const note = (ctx: Context<unknown, Record<string, unknown>>) => {
  heard.push({ action: ctx.action!.name!, params: ctx.params, meta: { ...ctx.meta } });
};

/** An action that writes down what it was asked and answers the same to everybody. */
const noting = (answer: object) => (ctx: Context<unknown, Record<string, unknown>>) => {
  note(ctx);
  return answer;
};

export const neighbours: ServiceSchema[] = [
  {
    name: 'order',
    actions: {
      list: {
        params: {
          $$strict: true,
          limit: { type: 'number', integer: true, min: 1, max: 100, convert: true, optional: true },
          cursor: { type: 'string', optional: true },
        },
        handler: noting({ items: [], nextCursor: null }),
      },
      get: () => {
        throw new Error("ER_BAD_FIELD_ERROR: SELECT secret FROM orders WHERE id = '1'");
      },
      cancel: {
        params: { $$strict: true, orderId: 'string' },
        handler: noting({ orderId: ID, state: 'CANCELLED' }),
      },
      deadLetters: noting({ items: [], nextCursor: null }),
      deadLetter: noting({ id: ID }),
      replayLetter: noting({ id: ID, state: 'replayed' }),
      discardLetter: noting({ id: ID, state: 'discarded' }),
      seatHistory: () => ({
        history: [{ orderId: 'o', state: 'PAID', at: 'then', by: 'them' }],
        blocks: [],
      }),
      health: { visibility: 'public', handler: () => ({ ok: true }) },
    },
  },
  {
    name: 'payment',
    actions: {
      event: { handler: noting({ received: true }) },
      open: { handler: () => new Promise(() => undefined) }, // hangs
      health: { visibility: 'public', handler: () => ({ ok: false, missing: ['mysql'] }) },
    },
  },
  {
    name: 'seckill',
    actions: {
      inspect: (ctx: Context<{ seat: number }>) => ({ seat: ctx.params.seat, state: 'SOLD' }),
      health: { visibility: 'public', handler: () => ({ ok: true }) },
    },
  },
  {
    name: 'session',
    actions: {
      get: noting({ id: ID, title: '场次' }),
      layout: (ctx: Context<object, Record<string, unknown>>) => {
        ctx.meta.$responseHeaders = { ETag: '"v1"' };
        ctx.meta.$responseType = 'application/json; charset=utf-8';
        return Readable.from(['{"seat', 'Count":2}']);
      },
      create: (ctx: Context<object, Record<string, unknown>>) => {
        note(ctx);
        return { id: ID, title: 'x' };
      },
      update: noting({ id: ID }),
      remove: () => refuse('IN_USE'),
    },
  },
  {
    name: 'seat-template',
    actions: {
      async create(ctx: Context<object, Record<string, unknown>>) {
        note(ctx);
        let bytes = 0;
        for await (const chunk of ctx.stream as unknown as AsyncIterable<Buffer>)
          bytes += chunk.length;
        return { id: ID, bytes };
      },
    },
  },
  { name: 'venue', actions: { get: () => sleep(300).then(() => ({ id: ID })) } }, // slow
  { name: 'sandbox', actions: { token: noting({ token: 't' }) } },
];

export const lastHeard = () => heard.at(-1)!;
