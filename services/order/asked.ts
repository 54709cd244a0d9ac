/** Who asks the order service for what, and what the running service carries. */
import type { Redis } from 'ioredis';
import type { Context } from 'moleculer';
import { config } from '../../config/index.ts';
import type { Actions, CallMeta } from '../../contracts/actions.ts';
import type { DeadlineDue, SeatMoved } from '../../contracts/channels.ts';
import { refuse } from '../../contracts/errors.ts';
import type { Lane } from '../../contracts/lane.ts';
import type { HoldAnswer } from '../../contracts/sale-view.ts';
import type { Auditor } from '../../mixins/audit.ts';
import type { Batcher } from './batch.ts';
import type { Outcome } from './creation.ts';
import type { CloseAnswer } from './decisions.ts';
import { requireOwn } from './lookup.ts';
import type { Locked } from './messages.ts';
import type { Punctual } from './punctual.ts';
import type { Relayer } from './relayer.ts';
import type { DueOutcome } from './timeout.ts';

export interface Vars {
  redis: Redis;
  relayer: Relayer;
  /** A batch is of one lane, so that what it posts is. */
  creations: Readonly<Record<Lane, Batcher<Locked, Outcome>>>;
  punctual: Punctual;
}
export interface Methods {
  create(moved: SeatMoved): Promise<void>;
  due(ctx: Asked, due: DeadlineDue): Promise<DueOutcome>;
  closePayment(ctx: Asked, orderId: string): Promise<CloseAnswer>;
  hold(ctx: Asked, orderId: string): Promise<HoldAnswer | null>;
}

export type Asked<Params = unknown> = Context<Params, CallMeta>;
export type ParamsOf<Name extends keyof Actions> = Asked<Actions[Name]['params']>;

export const ORDER_ID = { type: 'string', min: 1, max: 64 } as const;
export const COUNT = { type: 'number', integer: true, min: 0, convert: true } as const;

/** The one key an orderId is minted with. */
const orderIdKey = () => config.orderIdKeys.values().next().value!;

/** The asker's uid. @throws NOT_FOUND when the order was not minted for him */
export const own = (ctx: Asked<{ orderId: string }>): string =>
  requireOwn(ctx.params.orderId, ctx.meta.user?.uid, orderIdKey());

/** A tool that joins the broker has no user; a user must be an operator. */
export function requireOperator({ user }: CallMeta): void {
  if (user !== undefined && user.role !== 'operator') refuse('FORBIDDEN');
}

/** Whoever changes something by hand has a name. @throws UNAUTHENTICATED, FORBIDDEN */
export function operatorOf({ meta, requestID }: Asked): Auditor {
  requireOperator(meta);
  const { uid, role } = meta.user ?? refuse('UNAUTHENTICATED');
  return { uid, role, requestId: meta.requestId ?? requestID ?? '' };
}
