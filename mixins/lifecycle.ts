/**
 * How a process ends. A signal drains it: stop accepting, finish what is in flight, exit 0, and in
 * any case exit before the deadline. A bug (an error nobody caught) ends it at once with code 1:
 * carrying on would leave it half alive, and the supervisor starts a whole one within a second.
 */
import type { Middleware, ServiceBroker } from 'moleculer';

/** How much longer than its own drain a stopping process may take to close its connections. */
const CLOSING_MS = 2_000;

/**
 * The broker middleware for a process of its own (never for a tool or a test, which own theirs).
 * Needs `skipProcessEventRegistration`, because Moleculer stops a second time on a second signal.
 */
export function lifecycle(drainMs: number): Middleware {
  return {
    name: 'Lifecycle',
    created(broker) {
      const bug = (error: unknown) => {
        broker.logger.fatal('A bug ends this process.', error);
        process.exit(1);
      };
      process.on('uncaughtException', bug);
      process.on('unhandledRejection', bug);
      for (const signal of ['SIGTERM', 'SIGINT'] as const)
        process.on(signal, () => drain(broker, signal, drainMs));
    },
  };
}

let draining = false;

function drain(broker: ServiceBroker, signal: string, drainMs: number): void {
  if (draining) return;
  draining = true;
  broker.logger.info(`${signal}: draining`, { drainMs });
  setTimeout(() => {
    broker.logger.error('Could not drain in time.', { drainMs });
    process.exit(1);
  }, drainMs + CLOSING_MS).unref();
  broker.stop().then(
    () => process.exit(0),
    (error) => {
      broker.logger.error('Could not stop cleanly.', error);
      process.exit(1);
    },
  );
}
