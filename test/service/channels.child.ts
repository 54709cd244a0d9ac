/** A process that hears a channel, says so, and never finishes: to be killed by its test. */

import { ServiceBroker } from 'moleculer';
import { keyspace } from '../../contracts/keys.ts';
import { channels } from '../../mixins/channels/adapter.ts';

const [url = '', namespace = ''] = process.argv.slice(2);
const broker = new ServiceBroker({
  namespace,
  nodeID: 'node-killed',
  logger: false,
  middlewares: [
    channels({
      url,
      keys: keyspace(namespace, 1),
      limits: { maxInFlight: 3, idleMs: 600, retryMs: 50, drainMs: 1_000 },
      trimEveryMs: 60_000,
    }),
  ],
});
broker.createService({
  name: 'listener',
  channels: {
    'order.paid': {
      handler: () => {
        process.stdout.write('heard\n');
        return new Promise(() => undefined);
      },
    },
  },
});
await broker.start();
