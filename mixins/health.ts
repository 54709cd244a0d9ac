/**
 * The health endpoint of a process, on its own port and its own server, so that it answers however
 * busy the doors are: `/live` while the event loop turns, `/ready` when every local action named
 * `<service>.health` says that what it needs is there, and what the process has to tell of itself:
 * `/config`, the settings in force, `/cached`, what it keeps of the catalogue, `/flow`, what its
 * flow control let in and turned away.
 */
import { createServer, type Server } from 'node:http';
import type { Middleware, ServiceBroker } from 'moleculer';
import type { Health } from '../contracts/actions.ts';

const ANSWER_MS = 2_000;

/** Asks every local service that has a `health` action; `missing` names each want of each. */
export async function localHealth(broker: ServiceBroker): Promise<Health> {
  const names = broker.services
    .filter(({ schema }) => schema.actions !== undefined && 'health' in schema.actions)
    .map(({ fullName }) => fullName)
    .filter((name) => !name.startsWith('$')); // Moleculer's own $node.health measures the machine
  const answers = await Promise.all(names.map((name) => ask(broker, name)));
  const missing = answers.flat();
  return missing.length === 0 ? { ok: true } : { ok: false, missing };
}

async function ask(broker: ServiceBroker, service: string): Promise<readonly string[]> {
  try {
    const health = await broker.call<Health, object>(
      `${service}.health`,
      {},
      { nodeID: broker.nodeID, timeout: ANSWER_MS },
    );
    if (health.ok) return [];
    return (health.missing ?? ['not ready']).map((what) => `${service}: ${what}`);
  } catch (error) {
    return [`${service}: ${(error as Error).message}`];
  }
}

/**
 * Opens the endpoint on `port` when the broker is made, closes it when the broker has stopped.
 * @param reports what is answered under further paths
 */
export function healthEndpoint(
  port: number,
  reports: Readonly<Record<string, () => object>>,
): Middleware {
  let server: Server | undefined;
  let serving = false;
  return {
    name: 'Health',
    created(broker) {
      const ready = async (): Promise<Health> =>
        serving ? localHealth(broker) : { ok: false, missing: ['the broker is not serving'] };
      server = createServer((request, response) => {
        const answer = (status: number, body: object) =>
          response
            .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
            .end(JSON.stringify(body));
        const path = request.url ?? '';
        if (path === '/live') answer(200, { ok: true });
        else if (Object.hasOwn(reports, path)) answer(200, reports[path]!());
        else if (path !== '/ready') answer(404, {});
        else
          ready().then(
            (health) => answer(health.ok ? 200 : 503, health),
            (error: Error) => answer(503, { ok: false, missing: [error.message] }),
          );
      });
      server.on('error', (error) => {
        broker.fatal(`The health port ${port} cannot be opened: ${error.message}`, error, true);
      });
      server.listen(port, '127.0.0.1');
    },
    async started() {
      serving = true;
    },
    async stopping() {
      serving = false;
    },
    async stopped() {
      server?.close();
      server?.closeAllConnections();
    },
  };
}
