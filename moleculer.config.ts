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
import { cachedReport } from './mixins/cached.ts';
import { channels, type StreamAdapterOptions } from './mixins/channels/adapter.ts';
import { deadNodes } from './mixins/dead-nodes.ts';
import { flowAnswers, flowCalls } from './mixins/flow/calls.ts';
import { Flow } from './mixins/flow.ts';
import { healthEndpoint } from './mixins/health.ts';
import { LaneStrategy, lanes } from './mixins/lanes.ts';
import { lifecycle } from './mixins/lifecycle.ts';
import { liveConfig, liveReport } from './mixins/live-config.ts';
import { jsonLogger } from './mixins/log.ts';
import { natsOptions } from './mixins/nats.ts';
import { ByteSerializer } from './mixins/serializer.ts';

/** What it takes to be a node among the others. */
export const joining: BrokerOptions = {
  namespace: config.namespace,
  metadata: { lane: config.lane },
  registry: { strategy: LaneStrategy, preferLocal: false },
  transporter: {
    type: 'NATS',
    // A node outlives NATS: it keeps knocking, also when NATS is not there yet at its start.
    options: natsOptions(config.natsUrl),
  },
  serializer: new ByteSerializer(),
  logger: jsonLogger(config.logLevel),
  requestTimeout: config.requestMs,
  heartbeatInterval: 5,
  heartbeatTimeout: 15,
  maxCallLevel: 15,
  metrics: false,
  tracing: false,
  middlewares: [lanes(), access()],
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

const flow = new Flow();
/** What a process says of itself on its health port. */
const REPORTS = { '/config': liveReport, '/cached': cachedReport, '/flow': () => flow.report() };

const options: BrokerOptions = {
  ...joining,
  ...(config.instance && { nodeID: config.instance.name }),
  validator: 'Fastest',
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
    // Innermost: what waits in the queue of a bulkhead is begun by another request.
    lanes(),
    'ActionHook',
    'Validator',
    'Bulkhead',
    flow.guard(),
    access(),
    'Cacher',
    'Timeout',
    // Outside the timeout: a call given up is no longer in flight, though its answer never comes;
    // tracked inside, as by default, one such call makes the process wait its whole drain.
    'ContextTracker',
    deadNodes(),
    // Around what times out, inside what counts failures: a slow answer is one of them.
    flowCalls(),
    'CircuitBreaker',
    flowAnswers(),
    'Retry',
    'Fallback',
    'ErrorHandler',
    'Debounce',
    'Throttle',
    // Stops first, starts last: while calls drain, no new message begins. A gray node takes none:
    // it is given those of its lane.
    ...(config.lane === 'stable' ? [channels(streams)] : []),
    ...(config.instance
      ? [liveConfig(config.instance.name), healthEndpoint(config.instance.port, REPORTS)]
      : []),
  ],
};

export default options;
