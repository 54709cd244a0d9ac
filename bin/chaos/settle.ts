/**
 * After the last fault: waits until nothing is on its way any more, and says what is wrong if that
 * does not happen, or if what has come to rest is not sound.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Config } from '../../config/index.ts';
import { CHANNEL_NAMES, CHANNELS, type ChannelName } from '../../contracts/channels.ts';
import { keyspace } from '../../contracts/keys.ts';
import { orderMachine } from '../../contracts/order.ts';
import { SEAT_MARK } from '../../contracts/seat.ts';
import type { Client } from '../rush/client.ts';
import { type Asked, loadFacts } from '../rush/facts.ts';
import { type Breach, breachesOf, type Facts } from '../rush/invariants.ts';
import type { History } from './history.ts';
import { POISON } from './messages.ts';

const LOOK_MS = 500;

/** The facts of every sale, and what is wrong with them or with what they have in common. */
export interface Rest {
  readonly facts: readonly Facts[];
  readonly breaches: readonly Breach[];
}

/** Looks until all is sound and at rest, at most for `maxMs`. */
export async function settle(
  config: Config,
  sales: readonly Asked[],
  asking: { readonly client: Client; readonly history: History },
  maxMs: number,
): Promise<Rest> {
  const untilMs = performance.now() + maxMs;
  for (;;) {
    const rest = await lookAt(config, sales);
    if (rest.breaches.length === 0 || performance.now() > untilMs) return rest;
    await Promise.all(rest.facts.map((facts) => askForLost(facts, asking)));
    await sleep(LOOK_MS);
  }
}

async function lookAt(config: Config, sales: readonly Asked[]): Promise<Rest> {
  const found = await Promise.allSettled(sales.map((asked) => loadFacts(config, asked)));
  const facts = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  // A sale that is being rebuilt, or was not: to be looked at again, and wrong if it stays so.
  const unknown = found.flatMap((one): Breach[] =>
    one.status === 'rejected' ? [{ invariant: 'I3', what: String(one.reason) }] : [],
  );
  const waiting = await waitingMessages(config);
  const dead = await unforeseenDeaths(config);
  const letters = { unposted: 0, waiting, dead };
  const common = breachesOf({ ...NOTHING, letters });
  const bySale = facts.flatMap((sale) => [...breachesOf(sale), ...unrest(sale)]);
  return { facts, breaches: [...unknown, ...bySale, ...common] };
}

/** A sale without a seat, for what belongs to none. */
const NOTHING: Omit<Facts, 'letters'> = {
  nowMs: 0,
  graceMs: 0,
  seatsPerBuyerMax: 1,
  states: '',
  owners: new Map(),
  holds: new Map(),
  buyers: new Map(),
  left: new Map(),
  tierOf: new Map(),
  orders: new Map(),
  claims: [],
  blocks: new Map(),
  quotas: new Map(),
  verdicts: new Map(),
  refunds: [],
  payments: [],
  accepted: [],
  watched: [],
};

/** Nobody buys any more: whatever is still under way has been forgotten by somebody. */
function unrest({ states, orders }: Facts): Breach[] {
  const locked = states.split(SEAT_MARK.LOCKED).length - 1;
  const open = [...orders.values()].filter(({ state }) => !orderMachine.isEnd(state));
  const still = (count: number, what: string): Breach[] =>
    count === 0 ? [] : [{ invariant: 'I2', what: `${count} ${what} at the end` }];
  return [
    ...still(locked, 'seats are still locked'),
    ...still(open.length, 'orders are still open'),
  ];
}

/** A lock that both sides forgot is decided when its buyer asks; every buyer asks in the end. */
async function askForLost(
  { accepted, verdicts, holds }: Facts,
  { client, history }: { client: Client; history: History },
): Promise<void> {
  const lost = accepted.filter(
    ({ orderId }) => !verdicts.has(orderId) && holds.get(orderId)?.state !== 'LOCKED',
  );
  await Promise.all(
    lost.map(({ orderId, uid }) => {
      const token = history.tokenOf(uid);
      return token && client.send('order', 'GET', `/orders/${orderId}`, { token }).catch(String);
    }),
  );
}

/** What each group has not taken yet, or taken and not acknowledged. */
async function waitingMessages({ arbiterUrl, namespace, shards }: Config): Promise<string[]> {
  const redis = new Redis(arbiterUrl);
  const keys = keyspace(namespace, shards);
  try {
    const found = await Promise.all(
      CHANNEL_NAMES.flatMap((channel) =>
        keys.streams(channel).map((stream) => ({ channel, stream })),
      ).map(({ channel, stream }) => groupsOf(redis, channel, stream)),
    );
    return found.flat();
  } finally {
    redis.disconnect();
  }
}

async function groupsOf(redis: Redis, channel: ChannelName, stream: string): Promise<string[]> {
  if ((await redis.exists(stream)) === 0) return [];
  const groups = (await redis.xinfo('GROUPS', stream)) as unknown[][];
  const named = groups.map((fields) => fields[fields.indexOf('name') + 1]);
  const missing = CHANNELS[channel].heardBy.filter(
    (group) => !group.endsWith('*') && !named.includes(group),
  );
  const deaf = missing.map((group) => `${stream}: ${group} does not hear it`);
  const behind = groups.flatMap((fields) => {
    const value = (name: string) => fields[fields.indexOf(name) + 1];
    // Redis cannot tell the lag of a stream that was trimmed in the middle: no number, no claim.
    const [pending, lag] = [Number(value('pending')), Number(value('lag') ?? 0)];
    return pending + lag === 0
      ? []
      : [`${stream}: ${value('name')} has ${lag} before it and ${pending} in hand`];
  });
  return [...deaf, ...behind];
}

/** Messages that died without having been meant to. */
async function unforeseenDeaths({ mysqlUrl }: Config): Promise<string[]> {
  const connection = await createConnection({ uri: mysqlUrl });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT channel, service, LEFT(reason, 200) AS reason FROM dead_letters
       WHERE resolvedAt IS NULL AND LOCATE(?, fields) = 0`,
      [POISON],
    );
    return rows.map(({ channel, service, reason }) => `${channel} at ${service}: ${reason}`);
  } finally {
    await connection.end();
  }
}
