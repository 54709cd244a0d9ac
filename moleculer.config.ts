/**
 * The broker of every process: how nodes find each other, how long a call may take, what protects
 * whom, how a process ends. `moleculer-runner` takes the default export; a tool that joins as a
 * node of its own spreads `joining` and adds what it needs.
 */
import type { BrokerOptions } from 'moleculer';
import { config } from './config/index.ts';
import { wordOf } from './contracts/errors.ts';
import { keyspace } from './contracts/keys.ts';
import { access } from './mixins/access.ts';
import { channels, type StreamAdapterOptions } from './mixins/channels/adapter.ts';
import { deadNodes } from './mixins/dead-nodes.ts';
import { healthEndpoint } from './mixins/health.ts';
import { lifecycle } from './mixins/lifecycle.ts';
import { liveConfig, liveReport } from './mixins/live-config.ts';
import { jsonLogger } from './mixins/log.ts';
import { ByteSerializer } from './mixins/serializer.ts';

/** What it takes to be a node among the others. */
export const joining: BrokerOptions = {
  namespace: config.namespace,
  transporter: {
    type: 'NATS',
    options: {
      url: config.natsUrl,
      // A node outlives NATS: it keeps knocking, also when NATS is not there yet at its start.
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: 10_000,
      maxPingOut: 3,
    },
  },
  serializer: new ByteSerializer(),
  logger: jsonLogger(config.logLevel),
  requestTimeout: config.requestMs,
  heartbeatInterval: 5,
  heartbeatTimeout: 15,
  maxCallLevel: 15,
  metrics: false,
  tracing: false,
  middlewares: [access()],
  // Signals belong to mixins/lifecycle.ts, or to the tool.
  skipProcessEventRegistration: true,
};

/** Errors that say nothing about the request: the node it went to did not answer. */
const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  'REQUEST_TIMEOUT',
  'REQUEST_REJECTED',
  'SERVICE_NOT_AVAILABLE',
  'SERVICE_NOT_FOUND',
]);
const isConnectionError = (error: Error): boolean =>
  CONNECTION_ERRORS.has((error as { type?: string }).type ?? '');

/** A refusal is an answer, and so is any 4xx: neither says that the node is ill. */
const isIllness = (error: Error): boolean => {
  const { code } = error as { code?: unknown };
  return wordOf(error) === undefined && !(typeof code === 'number' && code >= 400 && code < 500);
};

const TRIM_EVERY_MS = 60_000;

const streams: StreamAdapterOptions = {
  url: config.arbiterUrl,
  keys: keyspace(config.namespace, config.shards),
  limits: {
    maxInFlight: config.channelMaxInFlight,
    idleMs: config.channelIdleMs,
    retryMs: config.channelRetryMs,
    drainMs: config.drainMs,
  },
  trimEveryMs: TRIM_EVERY_MS,
};

const options: BrokerOptions = {
  ...joining,
  ...(config.instance && { nodeID: config.instance.name }),
  validator: 'Fastest',
  registry: { strategy: 'RoundRobin', preferLocal: true },
  tracking: { enabled: true, shutdownTimeout: config.drainMs },
  circuitBreaker: {
    enabled: true,
    threshold: 0.5,
    minRequestCount: 10,
    windowTime: 10,
    halfOpenTime: 2_000,
    check: isIllness,
  },
  // Off, and on in the row of an action that may run twice: `retryPolicy: { enabled: true }`.
  retryPolicy: {
    enabled: false,
    retries: 3,
    delay: 50,
    maxDelay: 1_000,
    factor: 3,
    check: isConnectionError,
  },
  // Off, and on in the row of an action with a limit: `bulkhead: { enabled: true, … }`.
  bulkhead: { enabled: false, concurrency: 100, maxQueueSize: 1_000 },
  // The default list has Timeout outside the circuit breaker, where a timeout never trips it: a
  // node that hangs would keep its share of the calls. The first of the list is the innermost.
  internalMiddlewares: false,
  middlewares: [
    lifecycle(config.drainMs),
    'ActionHook',
    'Validator',
    'Bulkhead',
    access(),
    'Cacher',
    'Timeout',
    // Outside the timeout: a call given up is no longer in flight, though its answer never comes;
    // tracked inside, as by default, one such call makes the process wait its whole drain.
    'ContextTracker',
    deadNodes(),
    'CircuitBreaker',
    'Retry',
    'Fallback',
    'ErrorHandler',
    'Debounce',
    'Throttle',
    // Stops first, starts last: while calls drain, no new message begins.
    channels(streams),
    ...(config.instance
      ? [liveConfig(config.instance.name), healthEndpoint(config.instance.port, liveReport)]
      : []),
  ],
};

export default options;
