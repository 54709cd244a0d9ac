/** A process that gives refunds, to be killed by its test: orders and payments, nothing else. */
import { ServiceBroker } from 'moleculer';
import { config } from '../../config/index.ts';
import { keyspace } from '../../contracts/keys.ts';
import { channels } from '../../mixins/channels/adapter.ts';
import order from '../../services/order/order.service.ts';
import payment from '../../services/payment/payment.service.ts';

const broker = new ServiceBroker({
  namespace: config.namespace,
  nodeID: 'node-killed',
  logger: false,
  middlewares: [
    channels({
      url: config.arbiterUrl,
      keys: keyspace(config.namespace, 1),
      limits: { maxInFlight: 10, idleMs: 1_000, retryMs: 100, drainMs: 1_000 },
      trimEveryMs: 60_000,
    }),
  ],
});
for (const schema of [order, payment]) broker.createService(schema as never);
await broker.start();
process.stdout.write('ready\n');
