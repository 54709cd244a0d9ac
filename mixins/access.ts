/**
 * The broker middleware that holds every action to its row in `contracts/access.ts`, on the node
 * that runs it: whatever a door lets through by mistake, a role is looked at again.
 *
 * An action that is published (Moleculer's word for: a door may offer it) and has no row keeps its
 * service from being created, and so its process from starting. `visibility: 'public'` is what
 * services call among themselves.
 */
import type { ActionSchema, Context, Middleware } from 'moleculer';
import { ADMITS, accessOf } from '../contracts/access.ts';
import type { CallMeta } from '../contracts/actions.ts';
import { refusal } from '../contracts/errors.ts';

type Handler = (ctx: Context<unknown, CallMeta>) => Promise<unknown>;

/** The service that speaks for people outside. */
export const DOOR = 'gateway';
/** Moleculer's own actions, `$node.list`: for tools; no door has a row for them. */
const isInternal = (name: string) => name.startsWith('$');
const isPublished = ({ visibility }: ActionSchema) =>
  visibility === undefined || visibility === null || visibility === 'published';

export function access(): Middleware {
  return {
    name: 'Access',
    localAction(next: Handler, action: ActionSchema): Handler {
      const name = action.name!;
      const who = accessOf(name);
      if (who === 'nobody') {
        if (isPublished(action) && !isInternal(name))
          throw new Error(`${name} is published, and contracts/access.ts does not say to whom`);
        return (ctx) => (ctx.caller === DOOR ? Promise.reject(refusal('FORBIDDEN')) : next(ctx));
      }
      const admitted = ADMITS[who];
      if (!admitted) return next;
      return (ctx) => {
        const { user } = ctx.meta;
        if (!user) return Promise.reject(refusal('UNAUTHENTICATED'));
        return admitted.includes(user.role) ? next(ctx) : Promise.reject(refusal('FORBIDDEN'));
      };
    },
  } as Middleware;
}
