/**
 * The doors: HTTP in, calls out. One service on moleculer-web; which of its routes a process
 * answers is decided by `config.door`. All it knows of a path stands in `routes.ts`.
 *
 * Always true: nothing is looked at before the edge's proof; no identity, request id or parameter
 * comes from anywhere but the proof, the verified token and the sources its row names.
 */
import type { Context, ServiceSchema } from 'moleculer';
import ApiGateway from 'moleculer-web';
import { config } from '../../config/index.ts';
import { call, type Health } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import { ID_PATTERN } from '../../contracts/ids.ts';
import { laneOf } from '../../contracts/lane.ts';
import {
  aliasesOf,
  doorMethods,
  type Gateway,
  type GatewaySettings,
  setRootOptions,
} from './door.ts';
import { takeUpgrades } from './event-stream.ts';
import { nodesOf } from './nodes.ts';
import { readiness } from './readiness.ts';
import { faultsOf, routesOf } from './routes.ts';
import { drainServer } from './server.ts';
import { mayShedOf } from './shed.ts';
import { LastGood } from './stale.ts';

const rows = config.door ? routesOf(config.door, config.mode) : [];
const faults = config.door ? faultsOf(rows) : ['this process is no door (config/processes.ts)'];
if (faults.length > 0) throw new Error(`gateway: ${faults.join('; ')}`);

const gateway: ServiceSchema<GatewaySettings, object, object, Gateway> = {
  name: 'gateway',
  mixins: [ApiGateway as unknown as Partial<ServiceSchema>],

  settings: {
    $secureSettings: ['routes', 'rootCallOptions'],
    ip: '127.0.0.1',
    port: config.instance?.httpPort,
    // Rows stand in the order they are looked up; moleculer-web would sort them by depth.
    optimizeOrder: false,
    logRequest: null,
    logResponse: null,
    logRequestParams: null,
    logRouteRegistration: null,
    rootCallOptions: setRootOptions,
    routes: [
      {
        path: '/',
        mappingPolicy: 'restrict',
        authentication: true,
        authorization: true,
        bodyParsers: false,
        logging: false,
        mergeParams: false,
        pathToRegexpOptions: { sensitive: true, trailing: false },
        aliases: aliasesOf(rows),
      },
    ],
  },

  actions: {
    // A door that refuses much is not ill: the breaker belongs to the actions behind it.
    rest: { circuitBreaker: { enabled: false } } as never,
    listAliases: false,
    addRoute: false,
    removeRoute: false,

    time: {
      params: { $$strict: true },
      handler: () => ({ epochMs: Date.now() }),
    },

    ready: {
      params: { $$strict: true },
      async handler(this: Gateway) {
        const missing = await this.missing();
        if (missing.length > 0) refuse('BUSY', { missing });
        return { ok: true };
      },
    },

    seat: {
      params: {
        $$strict: true,
        sessionId: 'string',
        seat: { type: 'number', integer: true, convert: true },
      },
      async handler(ctx: Context<{ sessionId: string; seat: number }>) {
        if (!ID_PATTERN.test(ctx.params.sessionId)) refuse('NOT_FOUND');
        const inspected = await call(ctx, 'seckill.inspect', ctx.params);
        return { ...inspected, ...(await call(ctx, 'order.seatHistory', ctx.params)) };
      },
    },

    nodes: {
      params: { $$strict: true },
      handler: async (ctx: Context) => ({ items: await nodesOf(ctx.broker) }),
    },
  },

  methods: doorMethods,

  created() {
    this.draining = false;
    this.lastGood = new LastGood();
    this.mayShed = mayShedOf(rows);
    if (rows.some(({ stream }) => stream)) takeUpgrades(this.server);
    const { broker } = this;
    // A gray node answers nobody of the stable lane.
    const isGray = (nodeID: string) =>
      laneOf(broker.registry.nodes.get(nodeID)?.metadata) === 'gray';
    this.missing = readiness(
      {
        services: () => {
          const services = broker.registry.getServiceList({ onlyAvailable: true });
          const stable = services.filter(({ nodeID = '' }) => !isGray(nodeID));
          return new Set(stable.map(({ name }) => name));
        },
        ask: (action, timeoutMs) => broker.call<Health, object>(action, {}, { timeout: timeoutMs }),
      },
      () => performance.now(),
    );
  },

  async stopped() {
    this.draining = true;
    await drainServer(this.server, config.drainMs);
  },
};

export default gateway;
