/** The nodes as an operator sees them: real brokers on a real NATS, one of them mute. */
import { type Middleware, ServiceBroker, type ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loggedIn, natsUsers } from '../../bin/supervisor/nats-users.ts';
import {
  freshNamespace,
  type PrivateServer,
  privateServer,
  useEnvironment,
} from '../support/servers.ts';

let nats: PrivateServer;
const nodes = new Map<string, ServiceBroker>();

/** Its loop is stuck as far as anybody who asks about it can tell. */
const mute: Middleware = {
  name: 'Mute',
  localAction: (next, { name = '' }) =>
    name === '$node.health' ? () => new Promise(() => undefined) : next,
};

const GONE = { node: 'gone', available: false, answers: false, cpuPercent: null };

const flow: ServiceSchema = {
  name: '$flow',
  actions: { report: () => ({ overload: { shedding: true, delayMs: 12 } }) },
};

beforeAll(async () => {
  const namespace = freshNamespace();
  const users = natsUsers(namespace);
  nats = await privateServer('nats', users);
  const url = loggedIn(nats.url, 'node', users);
  await useEnvironment({ NAMESPACE: namespace, NATS_URL: url, LOG_LEVEL: 'fatal' });
  const { joining } = await import('../../moleculer.config.ts');
  const start = async (nodeID: string, more: object = {}, ...services: ServiceSchema[]) => {
    const broker = new ServiceBroker({ ...joining, logger: false, nodeID, ...more });
    for (const service of services) broker.createService(service);
    await broker.start();
    nodes.set(nodeID, broker);
  };
  await start('asker');
  await start('busy', { metadata: { lane: 'gray' } }, { name: 'shop' }, flow);
  await start('stuck', { middlewares: [mute] }, { name: 'till' });
  await start('gone', {}, { name: 'past' });
  await nodes.get('asker')!.waitForServices(['shop', 'till', 'past', '$flow']);
});
afterAll(async () => {
  await Promise.all([...nodes.values()].map((broker) => broker.stop()));
  await nats?.stop();
});

test('tells of each node what it runs and how it is, or that it does not answer', async () => {
  const { nodesOf } = await import('../../services/gateway/nodes.ts');
  await nodes.get('gone')!.stop();
  nodes.delete('gone');
  const seen = async () => nodesOf(nodes.get('asker')!);
  await expect.poll(seen, { timeout: 20_000 }).toContainEqual(expect.objectContaining(GONE));
  const views = await seen();
  const silent = { uptimeMs: null, memoryBytes: null, delayMs: null, shedding: null };
  expect(views).toEqual([
    expect.objectContaining({ node: 'asker', lane: 'stable', services: [], answers: true }),
    expect.objectContaining({
      node: 'busy',
      lane: 'gray',
      services: ['shop'],
      available: true,
      answers: true,
      uptimeMs: expect.any(Number),
      memoryBytes: expect.any(Number),
      delayMs: 12,
      shedding: true,
    }),
    expect.objectContaining(GONE),
    expect.objectContaining({
      node: 'stuck',
      services: ['till'],
      available: true,
      answers: false,
      ...silent,
    }),
  ]);
});
