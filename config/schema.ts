/**
 * Every number and name somebody may change, with its bounds. A setting is read once, at start, by
 * `config/index.ts`; a value out of bounds stops the process with a line that says what to do.
 *
 * A `live` one may change while everything runs, through the config centre: whoever reads it asks
 * `live()` at the time of use. What is promised to a buyer (the grace of a payment), what a
 * connection or nginx is built from, and what two ends must agree on is not live.
 */

import { FLOW_SETTINGS } from './flow.ts';
import { GRAY_SETTINGS } from './gray.ts';
import { CACHED_SETTINGS } from './schema-cached.ts';
import { EDGE, integer, keyring, LIVE, PER_SESSION, type Setting, text } from './setting.ts';

export type { Setting } from './setting.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const SETTINGS = {
  // where things are
  mode: {
    env: 'MODE',
    type: 'choice',
    default: 'sandbox',
    choices: ['sandbox', 'production'],
    means: 'production: no sandbox provider, no /dev routes, no secret made up at start',
  },
  runDir: text('RUN_DIR', '.run', 'data, logs and process ids of everything npm start starts'),
  namespace: {
    env: 'NAMESPACE',
    type: 'text',
    default: 'hotseat',
    pattern: /^[a-z][a-z0-9-]{0,30}$/,
    means: 'Moleculer namespace and first part of every Redis key and stream',
  },
  edgeHost: text('EDGE_HOST', '127.0.0.1', 'address the edge listens on'),
  edgePort: integer('EDGE_PORT', 8080, 1, 65_535, 'port the edge listens on'),
  edgeTls: {
    env: 'EDGE_TLS',
    type: 'choice',
    default: 'off',
    choices: ['off', 'self-signed', 'files'],
    means: 'TLS and HTTP/2 at the edge: none, a certificate made for development, or one of yours',
  },
  edgeTlsCert: text(
    'EDGE_TLS_CERT',
    '',
    'for EDGE_TLS=files: path of the certificate with its chain, PEM',
  ),
  edgeTlsKey: text('EDGE_TLS_KEY', '', 'for EDGE_TLS=files: path of its private key, PEM'),
  portBase: integer(
    'PORT_BASE',
    18_000,
    1_024,
    65_000,
    'first of the loopback ports of processes and servers (config/processes.ts adds to it)',
  ),
  publicUrl: text(
    'PUBLIC_URL',
    '',
    'how buyers reach the edge; http(s)://<edge host>:<port> when empty',
  ),
  arbiterUrl: text(
    'ARBITER_URL',
    '',
    'redis:// of an arbiter that exists; empty: npm start runs one',
  ),
  cacheUrl: text('CACHE_URL', '', 'redis:// of a cache that exists; empty: npm start runs one'),
  natsUrl: text(
    'NATS_URL',
    '',
    'nats:// or nats://user:password@ of a NATS with JetStream; empty: npm start runs one',
    true,
  ),
  mysqlUrl: text(
    'MYSQL_URL',
    '',
    'mysql:// of a database that exists; empty: npm start runs MariaDB',
    true,
  ),
  arbiterFsync: {
    env: 'ARBITER_FSYNC',
    type: 'choice',
    default: 'always',
    choices: ['always', 'everysec'],
    means: 'appendfsync of the arbiter npm start runs; everysec may lose its last second',
  },
  shards: integer('SHARDS', 1, 1, 64, 'shards of the arbiter; more than one needs a Redis Cluster'),
  logLevel: {
    env: 'LOG_LEVEL',
    type: 'choice',
    default: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
    means: 'what a process writes to its log',
  },

  // gray release
  ...GRAY_SETTINGS,

  // the sale
  lockMsDefault: integer(
    'LOCK_MS_DEFAULT',
    15 * MINUTE,
    5_000,
    HOUR,
    'how long a lock lives unpaid',
    LIVE,
  ),
  payGraceMs: integer(
    'PAY_GRACE_MS',
    30_000,
    0,
    10 * MINUTE,
    'how long after its deadline a PAYING order may still be paid',
  ),
  seatsFreshMs: integer(
    'SEATS_FRESH_MS',
    100,
    10,
    1_000,
    'how old an answer of /seats may be',
    PER_SESSION,
  ),
  saleFreshMs: integer(
    'SALE_FRESH_MS',
    500,
    10,
    1_000,
    'how old an answer of /sale may be',
    PER_SESSION,
  ),
  lockConcurrency: integer('LOCK_CONCURRENCY', 400, 1, 10_000, 'locks in flight per process'),
  lockQueueMax: integer(
    'LOCK_QUEUE_MAX',
    2_000,
    0,
    100_000,
    'locks waiting per process, then BUSY',
  ),
  orderWaitMs: integer(
    'ORDER_WAIT_MS',
    2_000,
    0,
    10_000,
    'how long cancel and payments wait for the row of a fresh order, then BUSY',
    LIVE,
  ),

  // the scheduler
  dueEveryMs: integer('DUE_EVERY_MS', 250, 50, 1_000, 'how often deadlines are looked at', LIVE),
  dueBatch: integer('DUE_BATCH', 200, 1, 1_000, 'deadlines posted per look and sale', LIVE),
  dueRepeatMs: integer(
    'DUE_REPEAT_MS',
    2_000,
    500,
    MINUTE,
    'when an unanswered deadline is posted again',
    LIVE,
  ),
  sweepEveryMs: integer(
    'SWEEP_EVERY_MS',
    5_000,
    500,
    10 * MINUTE,
    'how often the sweeps run',
    LIVE,
  ),
  sweepLateMs: integer(
    'SWEEP_LATE_MS',
    5_000,
    500,
    HOUR,
    'how late something is before a sweep acts',
    LIVE,
  ),
  reconcileEveryMs: integer(
    'RECONCILE_EVERY_MS',
    MINUTE,
    1_000,
    HOUR,
    'how often the arbiter is held against MySQL',
    LIVE,
  ),
  sweepBatch: integer('SWEEP_BATCH', 200, 1, 1_000, 'rows a sweep takes at once', LIVE),

  // orders and messages
  orderBatchMax: integer(
    'ORDER_BATCH_MAX',
    100,
    1,
    1_000,
    'orders written in one transaction',
    LIVE,
  ),
  orderBatchMs: integer(
    'ORDER_BATCH_MS',
    4,
    0,
    1_000,
    'how long the first order of a batch waits',
    LIVE,
  ),
  channelMaxInFlight: integer('CHANNEL_MAX_IN_FLIGHT', 200, 1, 5_000, 'messages handled at once'),
  channelIdleMs: integer(
    'CHANNEL_IDLE_MS',
    15_000,
    1_000,
    HOUR,
    'after this long without a sign of life a message is taken from its consumer',
  ),
  channelRetryMs: integer(
    'CHANNEL_RETRY_MS',
    500,
    50,
    MINUTE,
    'first wait after a passing failure',
  ),
  relayEveryMs: integer(
    'RELAY_EVERY_MS',
    200,
    20,
    MINUTE,
    'how often the outbox is looked at',
    LIVE,
  ),
  outboxKeepMs: integer(
    'OUTBOX_KEEP_MS',
    24 * HOUR,
    MINUTE,
    30 * 24 * HOUR,
    'how long the outbox keeps what was posted',
    LIVE,
  ),

  // connections
  mysqlPoolMax: integer('MYSQL_POOL_MAX', 10, 1, 64, 'MySQL connections per process'),
  redisCommandMs: integer(
    'REDIS_COMMAND_MS',
    400,
    50,
    10_000,
    'a command of the hot path gives up',
  ),
  requestMs: integer('REQUEST_MS', 5_000, 500, MINUTE, 'a call between services gives up'),
  drainMs: integer(
    'DRAIN_MS',
    8_000,
    0,
    MINUTE,
    'how long a stopping process finishes what it has',
  ),

  ...CACHED_SETTINGS,

  // the edge
  edgePullMs: integer('EDGE_PULL_MS', 200, 50, 1_000, 'how often the edge pulls the sales'),
  edgeKeepMs: integer(
    'EDGE_KEEP_MS',
    5_000,
    1_000,
    MINUTE,
    'how long the edge believes what it pulled when it cannot pull again; then it asks Node',
  ),
  edgeWorkers: integer('EDGE_WORKERS', 2, 1, 64, 'worker processes of the edge'),
  edgeFiltersMb: integer(
    'EDGE_FILTERS_MB',
    128,
    1,
    4_096,
    'memory for the filters over who reserved: one takes 2.4 MB for 100,000 seats, 0.12 MB for a ' +
      'small hall; one that finds no room refuses nobody',
  ),
  edgeIpRate: integer(
    'EDGE_IP_RATE',
    5_000,
    1,
    1_000_000,
    'requests per second from one address; who shows a permit is counted by uid instead',
    EDGE,
  ),
  edgeIpBurst: integer(
    'EDGE_IP_BURST',
    10_000,
    1,
    1_000_000,
    'how many more may come at once',
    EDGE,
  ),
  edgeIpOpen: integer('EDGE_IP_OPEN', 4_096, 1, 100_000, 'requests one address has open at once'),
  edgeIpStreams: integer('EDGE_IP_STREAMS', 8_000, 1, 100_000, 'streams one address has open'),
  edgeUidRate: integer(
    'EDGE_UID_RATE',
    10,
    1,
    100_000,
    'locks one uid may ask for per second',
    EDGE,
  ),
  edgeUidBurst: integer('EDGE_UID_BURST', 20, 1, 100_000, 'how many more may come at once', EDGE),
  edgeClientMs: integer(
    'EDGE_CLIENT_MS',
    10_000,
    500,
    MINUTE,
    'how long a client may take for its headers, or be silent within its body',
  ),
  edgeLogRefusals: integer(
    'EDGE_LOG_REFUSALS',
    100,
    0,
    1_000_000,
    'refusals per second and worker that the access log names; all are counted',
    EDGE,
  ),

  ...FLOW_SETTINGS,

  // the live stream
  streamCoalesceMs: integer(
    'STREAM_COALESCE_MS',
    100,
    10,
    1_000,
    'deltas are gathered this long',
    PER_SESSION,
  ),
  streamHeartbeatMs: integer(
    'STREAM_HEARTBEAT_MS',
    15_000,
    500,
    MINUTE,
    'event: time this often',
    LIVE,
  ),
  streamRingMs: integer(
    'STREAM_RING_MS',
    MINUTE,
    1_000,
    HOUR,
    'deltas kept for Last-Event-ID',
    LIVE,
  ),
  streamRingMax: integer(
    'STREAM_RING_MAX',
    4_096,
    16,
    100_000,
    'deltas kept for Last-Event-ID',
    LIVE,
  ),
  streamReadersMax: integer(
    'STREAM_READERS_MAX',
    8_000,
    1,
    100_000,
    'open streams per process',
    LIVE,
  ),
  streamLagBytes: integer(
    'STREAM_LAG_BYTES',
    262_144,
    4_096,
    16_777_216,
    'a slower reader is cut',
    LIVE,
  ),

  // identity and money
  jwtIssuer: text('JWT_ISSUER', 'hotseat-dev', 'iss a token must have'),
  jwtAudience: text('JWT_AUDIENCE', 'hotseat', 'aud a token must have'),
  jwtKeys: keyring(
    'JWT_KEYS',
    'HS256 keys by kid: the algorithm is pinned here, never by the token',
  ),
  jwtPublicKeys: {
    env: 'JWT_PUBLIC_KEYS',
    type: 'publicKeys',
    default: '',
    means: 'public keys of other issuers by kid, each with the algorithm it is pinned to',
  },
  permitKeys: keyring('PERMIT_KEYS', 'keys that sign permits'),
  edgeKeys: keyring('EDGE_KEYS', 'keys the edge signs its requests to the gateway with'),
  orderIdKeys: keyring('ORDER_ID_KEYS', 'key of the owner mark in an orderId; exactly one'),
  webhookKeys: keyring('WEBHOOK_KEYS', 'keys the payment provider signs its events with'),
  providerUrl: text('PROVIDER_URL', '', 'payment provider; the sandbox when empty'),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
