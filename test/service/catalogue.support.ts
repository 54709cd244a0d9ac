/**
 * The catalogue as its callers meet it: its services on one node, the seckill domain on another, a
 * third that asks, all over NATS, with a real MariaDB and a real arbiter behind them.
 */
import { Readable } from 'node:stream';
import { ServiceBroker as Broker, type ServiceBroker, type ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ActionName, CallMeta } from '../../contracts/actions.ts';
import type { Principal } from '../../contracts/claims.ts';
import { useEnvironment } from '../support/servers.ts';

await useEnvironment();
const { joining } = await import('../../moleculer.config.ts');
const { closeDatabase, database } = await import('../../mixins/database.ts');
const { config } = await import('../../config/index.ts');
const { redisClient } = await import('../../mixins/redis.ts');
const { createArbiter } = await import('../../lua/arbiter.ts');
const { keyspace } = await import('../../contracts/keys.ts');

export { database };

const services = await Promise.all(
  [
    import('../../services/show/show.service.ts'),
    import('../../services/venue/venue.service.ts'),
    import('../../services/session/session.service.ts'),
    import('../../services/seat-template/seat-template.service.ts'),
  ].map(async (loading) => (await loading).default),
);

const redis = redisClient(config.arbiterUrl, 'hot');
export const arbiter = createArbiter({ redis, keys: keyspace(config.namespace, config.shards) });

const node = (nodeID: string, schemas: readonly ServiceSchema[]): ServiceBroker => {
  const broker = new Broker({ ...joining, nodeID: `${config.namespace}-${nodeID}` });
  for (const schema of schemas) broker.createService(schema);
  return broker;
};

const seckill = (await import('../../services/seckill/seckill.service.ts'))
  .default as ServiceSchema;
export const catalogueNode = node('catalogue', services);
const asker = node('asker', []);
export let seckillNode = node('seckill', [seckill]);

/** Takes the seckill domain away. */
export const stopSeckill = () => seckillNode.stop();
/** Brings it back. */
export async function startSeckill(): Promise<void> {
  seckillNode = node('seckill', [seckill]);
  await seckillNode.start();
  await asker.waitForServices(['seckill']);
  await catalogueNode.waitForServices(['seckill']);
}

beforeAll(async () => {
  // What a shard needs before its first sale.
  if (!(await arbiter.epoch(0))) await arbiter.adopt(0, 1);
  await Promise.all([catalogueNode, asker, seckillNode].map((broker) => broker.start()));
  await asker.waitForServices(['show', 'venue', 'session', 'seat-template', 'seckill']);
  await catalogueNode.waitForServices(['seckill']);
});
afterAll(async () => {
  await Promise.all([catalogueNode, asker, seckillNode].map((broker) => broker.stop()));
  redis.disconnect();
  await closeDatabase();
});

export const anna: Principal = { uid: 'anna', role: 'organiser' };
export const boris: Principal = { uid: 'boris', role: 'organiser' };
export const olga: Principal = { uid: 'olga', role: 'operator' };

export type Answer = Record<string, unknown> & { id: string; version: number };
export interface Asked<Result> {
  readonly answer: Result;
  readonly headers: Readonly<Record<string, string>>;
}

/** Calls an action over the bus as somebody, and answers what the gateway would see. */
export async function ask<Result = Answer>(
  user: Principal | undefined,
  action: ActionName,
  params: object = {},
  options: { stream?: Readable } = {},
): Promise<Asked<Result>> {
  const meta: CallMeta & { $responseHeaders?: Record<string, string> } = {
    ...(user && { user }),
    requestId: '0123456789abcdef0123456789abcdef',
  };
  const answer = await asker.call<Result, object>(action, params, {
    meta,
    timeout: 30_000,
    ...options,
  });
  return { answer, headers: meta.$responseHeaders ?? {} };
}

export const as =
  (user: Principal | undefined) =>
  async <Result = Answer>(action: ActionName, params: object = {}): Promise<Result> =>
    (await ask<Result>(user, action, params)).answer;

/** Expects a refusal, by its word; answers what it carries. */
export async function refused(asking: Promise<unknown>, word: string): Promise<unknown> {
  const error = await asking.then(
    (answer) => ({ type: `accepted: ${JSON.stringify(answer)}`, data: undefined }),
    (thrown) => thrown as { type: string; data: unknown },
  );
  expect(error.type).toBe(word);
  return error.data;
}
/** Expects a VALIDATION_FAILED of ours or of the validator; answers `<pointer or field> <code>`. */
export async function faultsOf(asking: Promise<unknown>): Promise<string[]> {
  const error = await asking.then(
    (answer) => expect.fail(`accepted: ${JSON.stringify(answer)}`),
    (thrown) => thrown as { type: string; data: never },
  );
  const data = error.data as
    | { errors: { pointer: string; code: string }[] }
    | { field: string; type: string }[];
  return Array.isArray(data)
    ? data.map(({ field, type }) => `${field} ${type}`)
    : data.errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

export const bytes = (text: string | Buffer): Readable =>
  Readable.from([Buffer.from(text as string)], { objectMode: false });
export const textOf = async (stream: unknown): Promise<string> =>
  Buffer.concat(await (stream as Readable).toArray()).toString();

/** A hall of two rows of four and a standing floor of three; category C has no seats. */
export const PLAN = {
  name: 'Small hall',
  categories: [
    { name: 'A', color: '#a00' },
    { name: 'B', color: '#00b' },
    { name: 'C', color: '#0c0' },
  ],
  zones: [
    {
      name: 'Stalls',
      position: { x: 0, y: 0 },
      rows: [0, 1].map((r) => ({
        row_number: String(r + 1),
        position: { x: 0, y: r * 40 },
        seats: [0, 1, 2, 3].map((s) => ({
          seat_guid: `s${r}${s}`,
          seat_number: String(s + 1),
          position: { x: s * 20, y: 0 },
          category: 'A',
        })),
      })),
    },
    {
      name: 'Floor',
      position: { x: 0, y: 200 },
      rows: [
        {
          row_number: '1',
          seats: [0, 1, 2].map((s) => ({
            seat_guid: `f${s}`,
            seat_number: String(s + 1),
            position: { x: s * 20, y: 0 },
            category: 'B',
          })),
        },
      ],
    },
  ],
  size: { width: 100, height: 220 },
  kept: { by: 'the editor' },
};

export const makeVenue = (user: Principal, more: object = {}) =>
  as(user)('venue.create', { name: 'Hall', city: '上海', timeZone: 'Asia/Shanghai', ...more });
export const makeShow = (user: Principal, more: object = {}) =>
  as(user)('show.create', { title: 'Hamlet', category: 'theatre', ...more });
export const makeTemplate = async (user: Principal, venueId: string, more: object = {}) => {
  const body = { venueId, name: 'Plan', plan: PLAN, standing: ['Floor'], ...more };
  return (await ask(user, 'seat-template.create', {}, { stream: bytes(JSON.stringify(body)) }))
    .answer;
};

const HOUR = 3_600_000;
const at = (ms: number) => new Date(Date.now() + ms).toISOString();

/** A draft of a session whose windows are open now. */
export const draftOf = (showId: string, venueId: string, seatTemplateId: string) => ({
  showId,
  venueId,
  seatTemplateId,
  startsAt: at(48 * HOUR),
  reservationOpensAt: at(-2 * HOUR),
  reservationClosesAt: at(HOUR),
  saleOpensAt: at(-HOUR),
  saleClosesAt: at(24 * HOUR),
  reservationRequired: false,
  seatsPerBuyerMax: 4,
  tiers: [
    { tier: 'A', priceFen: 38_000 },
    { tier: 'B', priceFen: 0 },
  ],
});

/** Everything a session needs, and its draft. */
export async function makeDraft(user: Principal) {
  const [venue, show] = [await makeVenue(user), await makeShow(user)];
  const template = await makeTemplate(user, venue.id);
  return { venue, show, template, draft: draftOf(show.id, venue.id, template.id) };
}

/** The audit log of an object, oldest first, without its times. */
export async function auditOf(target: string) {
  const [rows] = await database().query(
    'SELECT * FROM audit_log WHERE target = ? ORDER BY auditId',
    { replacements: [target] },
  );
  return rows as { uid: string; role: string; action: string; before: string; after: string }[];
}
