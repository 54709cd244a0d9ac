/** Two nodes over a real NATS, one of which misses what the other says of its services. */
import { type Middleware, ServiceBroker } from 'moleculer';
import { afterEach, expect, test } from 'vitest';
import { deadNodes } from '../../mixins/dead-nodes.ts';
import { freshNamespace, servers } from '../support/servers.ts';

const brokers: ServiceBroker[] = [];
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop();
});

/** What the listener is deaf for: packets by their name. */
const deafness = new Set<string>();
type Receive = (packet: string, data: Buffer, socket?: unknown) => unknown;
// Its type in Moleculer 0.15 leaves out that it returns a function.
const deaf = {
  name: 'Deaf',
  transporterReceive:
    (next: Receive): Receive =>
    (packet, data, socket) =>
      deafness.has(packet) ? undefined : next(packet, data, socket),
} as unknown as Middleware;

async function start(namespace: string, nodeID: string): Promise<ServiceBroker> {
  const broker = new ServiceBroker({
    ...{ namespace, nodeID, logger: false, heartbeatInterval: 1 },
    transporter: { type: 'NATS', options: { url: servers().natsUrl } },
    skipProcessEventRegistration: true,
    middlewares: [deadNodes(), ...(nodeID === 'listener' ? [deaf] : [])],
  });
  brokers.push(broker);
  await broker.start();
  return broker;
}

test('a node that missed the news of a service hears of it from the next heartbeat', async () => {
  const namespace = freshNamespace();
  const listener = await start(namespace, 'listener');
  const speaker = await start(namespace, 'speaker');
  await expect.poll(() => nodesOf(listener), { timeout: 10_000 }).toContain('speaker');
  deafness.add('INFO');
  speaker.createService({ name: 'late', actions: { ask: () => 'heard' } });
  await new Promise((resolve) => setTimeout(resolve, 3_000)); // its news has gone by
  const ask = () => listener.call('late.ask', {}).catch((error: Error) => error.name);
  expect(await ask()).toBe('ServiceNotFoundError');
  deafness.clear();
  await expect.poll(ask, { timeout: 10_000 }).toBe('heard');
});

const nodesOf = (broker: ServiceBroker): string[] =>
  broker.registry.getNodeList({ onlyAvailable: true }).map(({ id }) => id);
