/**
 * The front door with the real catalogue behind it, over HTTP, with a database and an arbiter; of
 * the services of other rooms only as much as the paths under /admin ask for.
 */
import type { Context, ServiceSchema } from 'moleculer';
import { neighbours } from './gateway.neighbours.ts';
import { type Ask, openDoor } from './gateway.support.ts';

const order = neighbours.find(({ name }) => name === 'order')!;
const outside: ServiceSchema[] = [
  {
    ...order,
    actions: {
      ...order.actions,
      search: () => ({ items: [], nextCursor: null }),
      inspect: () => ({ state: 'PAID' }),
      freeSeat: () => ({ state: 'CANCELLED' }),
      blockSeat: () => ({ seat: 0 }),
      unblockSeat: () => ({ seat: 0 }),
      blocks: (ctx: Context<{ sessionId: string }>) =>
        ctx.call('session.adminGet', { id: ctx.params.sessionId }),
      // whose a session is, the session says
      sales: (ctx: Context<{ sessionId: string }>) =>
        ctx.call('session.adminGet', { id: ctx.params.sessionId }),
    },
  },
  { name: 'scheduler', actions: { reconcile: () => ({ faults: [] }) } },
  {
    name: 'config-center',
    actions: Object.fromEntries(
      ['list', 'get', 'set', 'unset', 'rollback', 'history', 'changes', 'diff'].map((verb) => [
        verb,
        () => ({ items: [] }),
      ]),
    ),
  },
];

export async function openCatalogue() {
  const door = await openDoor(
    'front',
    async () => [
      (await import('../../services/show/show.service.ts')).default,
      (await import('../../services/venue/venue.service.ts')).default,
      (await import('../../services/session/session.service.ts')).default,
      (await import('../../services/seat-template/seat-template.service.ts')).default,
      (await import('../../services/audit/audit.service.ts')).default,
      (await import('../../services/seckill/seckill.service.ts')).default as ServiceSchema,
      ...outside,
    ],
    'database',
  );
  const { redisClient } = await import('../../mixins/redis.ts');
  const { createArbiter } = await import('../../lua/arbiter.ts');
  const { keyspace } = await import('../../contracts/keys.ts');
  const { closeDatabase, database } = await import('../../mixins/database.ts');
  const { config } = door;
  const redis = redisClient(config.arbiterUrl, 'consumer');
  await createArbiter({ redis, keys: keyspace(config.namespace, config.shards) }).adopt(0, 1);

  const ask = (line: string, asker: Ask = {}) => {
    const [method, path] = line.split(' ') as [string, string];
    return door.ask(`/api/v1${path}`, { method, ...asker });
  };
  return {
    ...door,
    database,
    ask,
    /** Makes something, or changes it, and answers it. */
    async does(line: string, asker: Ask) {
      const { status, json, text } = await ask(line, asker);
      if (status >= 300) throw new Error(`${line}: ${status} ${text}`);
      return json;
    },
    async close() {
      await door.close();
      redis.disconnect();
      await closeDatabase();
    },
  };
}
export type Catalogue = Awaited<ReturnType<typeof openCatalogue>>;

const HOUR = 3_600_000;
const at = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString();

/** A hall of three seats. */
const PLAN = {
  name: 'Hall',
  categories: [{ name: 'A', color: '#a00' }],
  zones: [
    {
      name: 'Stalls',
      position: { x: 0, y: 0 },
      rows: [
        {
          row_number: '1',
          position: { x: 0, y: 0 },
          seats: [0, 1, 2].map((i) => ({
            seat_guid: `s${i}`,
            seat_number: String(i + 1),
            position: { x: i * 20, y: 0 },
            category: 'A',
          })),
        },
      ],
    },
  ],
  size: { width: 100, height: 100 },
};

export const BODIES = {
  venue: { name: 'Hall', city: '上海', timeZone: 'Asia/Shanghai' },
  show: { title: 'Hamlet', category: 'theatre' },
  template: (venueId: string) => ({ venueId, name: 'Plan', plan: PLAN }),
  session: (showId: string, venueId: string, seatTemplateId: string) => ({
    showId,
    venueId,
    seatTemplateId,
    startsAt: at(48),
    reservationOpensAt: at(-2),
    reservationClosesAt: at(1),
    saleOpensAt: at(-1),
    saleClosesAt: at(24),
    reservationRequired: false,
    seatsPerBuyerMax: 4,
    tiers: [{ tier: 'A', priceFen: 38_000 }],
  }),
};

/** One of each kind, nothing published. */
export async function makeAll({ does }: Catalogue, asker: Ask) {
  const make = (kind: string, body: object) => does(`POST /admin/${kind}s`, { ...asker, body });
  const venue = await make('venue', BODIES.venue);
  const show = await make('show', BODIES.show);
  const template = await make('seat-template', BODIES.template(venue.id));
  const session = await make('session', BODIES.session(show.id, venue.id, template.id));
  return { venue, show, template, session } as Record<
    'venue' | 'show' | 'template' | 'session',
    { id: string; version: number }
  >;
}
