/**
 * The HTTP server of a door: how long a request may take to arrive, and how the server ends without
 * cutting off anybody whose request it has.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const TIMES = {
  headersTimeout: 10_000,
  /** For the whole request to arrive; the edge sends one on only when it has all of it. */
  requestTimeout: 15_000,
  /** Longer than the edge keeps an idle connection, so that it is the edge that ends them. */
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
} as const;
const HEADERS_MAX = 64;
/** When all streams break, all readers come back at once: Node's 511 would turn many away. */
const BACKLOG = 4_096;

/** How long answers still say `Connection: close` before idle connections are cut. */
const LAME_DUCK_MS = 150;
const LOOK_AGAIN_MS = 25;

export function doorServer(listener: RequestListener): Server {
  const server = createServer(TIMES, listener);
  server.maxHeadersCount = HEADERS_MAX;
  // moleculer-web names port and address only.
  const listen = server.listen.bind(server);
  server.listen = ((port: number, host: string, done: () => void) =>
    listen({ port, host, backlog: BACKLOG }, done)) as Server['listen'];
  return server;
}

/**
 * Stops accepting, lets what is in flight finish, and closes every connection, within `drainMs`:
 * what is still open then is cut. Whoever keeps long answers open ends them before.
 */
export async function drainServer(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return;
  const deadlineMs = performance.now() + drainMs;
  let closed = false;
  await sleep(Math.min(LAME_DUCK_MS, drainMs));
  server.close(() => {
    closed = true;
  });
  while (!closed && performance.now() < deadlineMs) {
    server.closeIdleConnections();
    await sleep(LOOK_AGAIN_MS);
  }
  server.closeAllConnections();
}
