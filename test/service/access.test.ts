/**
 * Every action on the node that runs it: who may call it stands in one table, whatever a door
 * thinks of it; what is published without a row does not start.
 */
import { type Context, ServiceBroker } from 'moleculer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMITS, accessOf, PUBLISHED } from '../../contracts/access.ts';
import type { CallMeta } from '../../contracts/actions.ts';
import { ROLES } from '../../contracts/claims.ts';
import { access } from '../../mixins/access.ts';
import { ROUTES } from '../../services/gateway/routes.ts';

const broker = new ServiceBroker({ logger: false, middlewares: [access()] });
const answer = () => 'done';
const names = [...PUBLISHED, 'order.settle' as const];
const services = Map.groupBy(
  names.filter((name) => !name.startsWith('gateway.')),
  (name) => name.split('.')[0]!,
);

beforeAll(async () => {
  for (const [name, actions] of services)
    broker.createService({
      name,
      actions: Object.fromEntries(
        actions.map((action) => [
          action.split('.')[1]!,
          { handler: answer, ...(action === 'order.settle' && { visibility: 'public' }) },
        ]),
      ),
    });
  broker.createService({
    name: 'gateway',
    actions: {
      // A door that asks for anything, as one with a wrong row would.
      time: (ctx: Context<{ action: string }, CallMeta>) => ctx.call(ctx.params.action, {}),
      ready: answer,
      seat: answer,
    },
  });
  await broker.start();
});
afterAll(() => broker.stop());

const through = (action: string, role?: string) => {
  const user = role && { uid: 'somebody', role };
  return broker
    .call('gateway.time', { action }, { meta: user ? { user } : {} })
    .catch((error) => error.type);
};

test.each([...services.values()].flat().filter((name) => name !== 'order.settle'))(
  '%s, asked through a door, is for whom the table says',
  async (action) => {
    const admitted = ADMITS[accessOf(action)];
    expect(await through(action)).toBe(admitted ? 'UNAUTHENTICATED' : 'done');
    for (const role of ROLES)
      expect(await through(action, role), role).toBe(
        !admitted || admitted.includes(role) ? 'done' : 'FORBIDDEN',
      );
  },
);

describe('what services call among themselves', () => {
  test('is refused to a door, even for an operator', async () => {
    expect(await through('order.settle', 'operator')).toBe('FORBIDDEN');
    expect(await broker.call('order.settle', {})).toBe('done');
  });
  test.each(['toString', '__proto__', 'constructor', 'order.nothing', ''])(
    'a name without a row is for nobody: %s',
    (name) => expect(accessOf(name)).toBe('nobody'),
  );
});

test('a published action without a row keeps its service from being created', () => {
  const create = (visibility?: 'public' | 'published') =>
    broker.createService({
      name: `extra-${visibility}`,
      actions: { leak: { handler: answer, ...(visibility && { visibility }) } },
    });
  expect(() => create()).toThrow('extra-undefined.leak is published');
  expect(() => create('published')).toThrow('extra-published.leak is published');
  expect(create('public').name).toBe('extra-public');
});

test('every path of a door is somebody’s, and no path under /admin is a buyer’s', () => {
  const managers = ROUTES.filter(({ path }) => path.includes('/admin/'));
  expect(managers.length).toBeGreaterThan(25);
  expect(managers.filter(({ access }) => !['organiser', 'operator'].includes(access))).toEqual([]);
  expect(ROUTES.filter(({ access }) => access === 'nobody')).toEqual([]);
});
