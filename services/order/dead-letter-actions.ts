/** What operators ask about dead letters, and may do to them. */
import type { ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { LETTER_STATES } from '../../contracts/dead-letter.ts';
import {
  COUNT,
  type Methods,
  operatorOf,
  type ParamsOf,
  requireOperator,
  type Vars,
} from './asked.ts';
import { discardLetter, listLetters, readLetter, replayLetter } from './dead-letters.ts';

const LETTER_ID = { type: 'string', max: 64 } as const;

export const deadLetterActions: NonNullable<
  ServiceSchema<ServiceSettingSchema, Methods, Vars>['actions']
> = {
  deadLetters: {
    params: {
      $$strict: true,
      state: { type: 'enum', values: [...LETTER_STATES], optional: true },
      limit: { ...COUNT, min: 1, max: 100, optional: true },
      cursor: { type: 'string', max: 200, optional: true },
    },
    handler(ctx: ParamsOf<'order.deadLetters'>) {
      requireOperator(ctx.meta);
      const { state = 'open', ...page } = ctx.params;
      return listLetters(state, page);
    },
  },

  deadLetter: {
    params: { $$strict: true, id: LETTER_ID },
    handler(ctx: ParamsOf<'order.deadLetter'>) {
      requireOperator(ctx.meta);
      return readLetter(ctx.params.id);
    },
  },

  replayLetter: {
    params: { $$strict: true, id: LETTER_ID },
    handler(ctx: ParamsOf<'order.replayLetter'>) {
      return replayLetter(this.redis, ctx.params.id, operatorOf(ctx));
    },
  },

  discardLetter: {
    params: {
      $$strict: true,
      id: LETTER_ID,
      reason: { type: 'string', trim: true, min: 1, max: 1_000 },
    },
    handler(ctx: ParamsOf<'order.discardLetter'>) {
      return discardLetter(ctx.params.id, ctx.params.reason, operatorOf(ctx));
    },
  },
};
