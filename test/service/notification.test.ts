/** The live door: the moves of a hall as its watchers hear them, on a real arbiter. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Context, ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SeatMoved } from '../../contracts/channels.ts';
import { newId } from '../../contracts/ids.ts';
import { keyspace } from '../../contracts/keys.ts';
import { type OpenDoor, openDoor } from './gateway.support.ts';

const UNKNOWN = '0000000000000000';

let door: OpenDoor;
let redis: Redis;
let moves: string;
let post: (stream: string, payload: object) => Promise<unknown>;
let sale = '';
let made = 0;

beforeAll(async () => {
  const seckill: ServiceSchema = {
    name: 'seckill',
    actions: {
      sale(ctx: Context<{ sessionId: string }>) {
        if (ctx.params.sessionId !== UNKNOWN) return { state: 'OPEN' };
        throw Object.assign(new Error('no'), { code: 404, type: 'NOT_FOUND' });
      },
    },
  };
  door = await openDoor('live', async () => {
    // A move from before the start: who comes back after a restart must find it.
    const { config } = await import('../../config/index.ts');
    const { redisClient } = await import('../../mixins/redis.ts');
    const { postTo } = await import('../../mixins/posting.ts');
    redis = redisClient(config.arbiterUrl, 'consumer');
    moves = keyspace(config.namespace, 1).stream('seat.moved', 0);
    post = (stream, payload) => postTo(redis, stream, payload as never);
    await post(moves, { ...moved(1, 7, '1'), sale: 'bef0re0000000000' });
    await post(moves, { ...moved(2, 8, '1'), sale: 'bef0re0000000000' });
    const { default: notification } = await import(
      '../../services/notification/notification.service.ts'
    );
    return [notification as unknown as ServiceSchema, seckill];
  });
});
afterAll(async () => {
  await door.close();
  await redis.quit();
});
beforeEach(() => {
  sale = newId(Date.now() + made++, () => Buffer.alloc(7, made));
});

function moved(version: number, seat: number, to: '0' | '1' | '2', epoch = 1): SeatMoved {
  const common = { sale, orderId: 'o', uid: 'u', atMs: Date.now(), epoch, version, to };
  return { ...common, type: 'released', reason: 'CANCELLED', seats: [seat] };
}

interface Heard {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails otherwise
  readonly data: any;
}
interface Stream {
  readonly res: IncomingMessage;
  /** Every event but the time. */
  readonly heard: Heard[];
  readonly text: () => string;
  close(): void;
}

const parse = (block: string): Heard | undefined => {
  const event = /^event: (.*)$/m.exec(block)?.[1];
  if (event === undefined) return undefined;
  const id = /^id: (.*)$/m.exec(block)?.[1];
  return { event, id, data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!) };
};

async function watch(
  target: string,
  headers: Record<string, string> = {},
  asTheEdge = true,
): Promise<Stream> {
  const proof = door.proofFor('GET', target);
  const options = { host: '127.0.0.1', port: door.port, path: target, agent: false };
  const upgrade = asTheEdge ? { Connection: 'upgrade', Upgrade: 'event-stream' } : {};
  const req = request({ ...options, headers: { ...upgrade, ...proof, ...headers } }).end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  let text = '';
  const heard: Heard[] = [];
  let read = 0;
  res.on('error', () => undefined); // cut, as some of these tests want it
  res.on('data', (chunk: Buffer) => {
    text += chunk;
    for (let end = text.indexOf('\n\n', read); end !== -1; end = text.indexOf('\n\n', read)) {
      const event = parse(text.slice(read, end));
      if (event && event.event !== 'time') heard.push(event);
      read = end + 2;
    }
  });
  return { res, heard, text: () => text, close: () => req.destroy() };
}
const hall = (id: string) => `/api/v1/sessions/${id}/stream`;
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 10 });

describe('who watches a hall', () => {
  test.each([
    ['as the edge asks', true],
    ['as anybody may', false],
  ])('hears its moves as deltas, the time at once, and of nobody, asked %s', async (...row) => {
    const [, asTheEdge] = row;
    const stream = await watch(hall(sale), {}, asTheEdge);
    // Nothing is put around a frame on its way to the edge: the stream ends with its connection.
    const framing = asTheEdge ? undefined : 'chunked';
    expect(stream.res.headers['transfer-encoding']).toBe(framing);
    expect(stream.res.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': door.requestId,
    });
    await eventually(() =>
      expect(stream.text()).toMatch(/^event: time\ndata: {"epochMs":\d{13}}\n\n/),
    );
    for (let version = 1; version <= 5; version++) await post(moves, moved(version, version, '1'));
    await eventually(() => expect(stream.heard.at(-1)?.data.v).toBe(5));
    const said = stream.heard.map(({ data }) => data);
    expect(said[0].from).toBe(1);
    expect(said.flatMap((delta) => delta.moves)).toEqual(
      [1, 2, 3, 4, 5].map((seat) => [seat, '1']),
    );
    expect(said.length).toBeLessThan(5);
    expect(stream.heard.at(-1)).toMatchObject({ event: 'seats', id: '1:5', data: { epoch: 1 } });
    expect(stream.text()).not.toMatch(/"uid"|orderId|CANCELLED/);
    stream.close();
  });

  test('hears only that hall, and keeps hearing the time', async () => {
    const stream = await watch(hall(sale));
    await post(moves, { ...moved(1, 1, '1'), sale: 'elsewhere0000000' });
    await sleep(700);
    expect(stream.heard).toEqual([]);
    expect(stream.text().match(/event: time/g)!.length).toBeGreaterThan(1);
    stream.close();
  });

  test('who comes back gets exactly what they missed', async () => {
    const first = await watch(hall(sale));
    await post(moves, moved(1, 1, '1'));
    await eventually(() => expect(first.heard).toHaveLength(1));
    const { id } = first.heard[0]!;
    first.close();
    await post(moves, moved(2, 2, '1'));
    await sleep(60);
    await post(moves, moved(3, 1, '0'));
    await sleep(60);
    const second = await watch(hall(sale), { 'Last-Event-ID': id! });
    await eventually(() => expect(second.heard).toHaveLength(2));
    expect(second.heard.map(({ id: next }) => next)).toEqual(['1:2', '1:3']);
    await post(moves, moved(4, 4, '1'));
    await eventually(() => expect(second.heard.at(-1)?.id).toBe('1:4'));
    second.close();
  });

  test.each(['1:0', '7:3', 'nonsense'])(
    'who comes back from %s, which nobody can continue, reads the hall again',
    async (lastEventId) => {
      await post(moves, moved(2, 1, '1'));
      await sleep(80);
      const stream = await watch(hall(sale), { 'Last-Event-ID': lastEventId });
      await eventually(() => expect(stream.heard[0]).toMatchObject({ event: 'reset' }));
      stream.close();
    },
  );

  test('who comes back after a restart of the process finds what happened before it', async () => {
    const stream = await watch(hall('bef0re0000000000'), { 'Last-Event-ID': '1:1' });
    await eventually(() => expect(stream.heard).toHaveLength(1));
    expect(stream.heard[0]).toMatchObject({ event: 'seats', id: '1:2' });
    stream.close();
  });

  test('is sent to read the hall again when a new epoch begins', async () => {
    const stream = await watch(hall(sale));
    await post(moves, moved(9, 1, '1', 1));
    await post(moves, moved(3, 1, '0', 2));
    await eventually(() => expect(stream.heard).toHaveLength(3));
    expect(stream.heard.map(({ event }) => event)).toEqual(['seats', 'reset', 'seats']);
    stream.close();
  });

  test('and takes too little of it is cut, while others hear everything', async () => {
    const quick = await watch(hall(sale));
    const slow = await watch(hall(sale));
    slow.res.removeAllListeners('data');
    slow.res.pause();
    const seats = Array.from({ length: 4_000 }, (_, seat) => seat);
    let version = 0;
    const readers = () =>
      (door.broker.getLocalService('notification') as never as Open).readers.size;
    const open = readers();
    await vi.waitFor(
      async () => {
        version++;
        await post(moves, { ...moved(version, 0, version % 2 ? '1' : '0'), seats });
        await sleep(30);
        expect(readers()).toBe(open - 1);
      },
      { timeout: 25_000, interval: 1 },
    );
    await eventually(() => expect(quick.heard.at(-1)?.data.v).toBe(version));
    expect(quick.heard.map(({ event }) => event)).not.toContain('reset');
    quick.close();
    slow.close();
  });

  test('of no session is told so before a stream begins', async () => {
    for (const id of [UNKNOWN, 'x', '%2e%2e']) {
      const { status, json } = await door.ask(hall(id));
      expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
    }
    // As the edge asks, a refusal is an answer like any other, and ends the connection.
    const { res } = await watch(hall(UNKNOWN));
    expect([res.statusCode, res.headers.connection]).toEqual([404, 'close']);
    await eventually(() => expect(res.socket.destroyed).toBe(true));
    const odd = await door.ask(`${hall(sale)}?since=1`);
    expect([odd.status, odd.json.errors[0].pointer]).toEqual([422, '/since']);
  });

  test('beyond what a process can hold is refused, and let in when another leaves', async () => {
    const open: Stream[] = [];
    for (let i = 0; i < 20; i++) open.push(await watch(hall(sale)));
    const refused = await door.ask(hall(sale));
    expect([refused.status, refused.json.code]).toEqual([503, 'BUSY']);
    open.pop()!.close();
    await sleep(50);
    open.push(await watch(hall(sale)));
    expect(open.at(-1)!.res.statusCode).toBe(200);
    for (const stream of open) stream.close();
    await sleep(50);
  });
});
interface Open {
  readonly readers: Set<unknown>;
}

describe('the stream of one’s own orders', () => {
  const ticketOf = async (uid: string): Promise<string> => {
    const meta = { user: { uid, role: 'buyer' } };
    return (await door.broker.call<{ ticket: string }, object>('notification.ticket', {}, { meta }))
      .ticket;
  };
  const mine = (ticket: string) => `/api/v1/me/stream?ticket=${ticket}`;

  test('tells a buyer of their own orders and of nobody else’s', async () => {
    const own = await watch(mine(await ticketOf('u1')));
    const other = await watch(mine(await ticketOf('u2')));
    const keys = keyspace(door.config.namespace, 1);
    const order = { sale, orderId: 'o1', uid: 'u1', seats: [1] };
    await post(moves, {
      ...moved(1, 1, '1'),
      type: 'locked',
      orderId: 'o1',
      uid: 'u1',
      seats: [{ seat: 1, label: 'x', tier: 'A', priceFen: 1 }],
      amountFen: 1,
      deadlineMs: Date.parse('2030-01-01T00:00:00Z'),
      seatsPerBuyerMax: 4,
      requestId: '',
    });
    await post(keys.stream('order.paid', 0), order);
    await post(keys.stream('order.cancelled', 0), { ...order, orderId: 'o2', reason: 'CANCELLED' });
    await eventually(() => expect(own.heard).toHaveLength(3));
    const said = Object.fromEntries(own.heard.map(({ data }) => [data.state, data]));
    expect(said.LOCKED).toEqual({
      orderId: 'o1',
      sessionId: sale,
      state: 'LOCKED',
      deadline: '2030-01-01T00:00:00.000Z',
    });
    expect(said.PAID).toMatchObject({ orderId: 'o1' });
    expect(said.CANCELLED).toMatchObject({ orderId: 'o2', reason: 'CANCELLED' });
    expect(other.heard).toEqual([]);
    own.close();
    other.close();
  });

  test('opens for a ticket once, and for nothing else', async () => {
    const ticket = await ticketOf('u1');
    (await watch(mine(ticket))).close();
    for (const used of [ticket, '', 'x', 'A'.repeat(22)]) {
      const { status, json, text } = await door.ask(mine(used));
      expect([status, json.code]).toEqual([401, 'UNAUTHENTICATED']);
      if (used !== '') expect(text).not.toContain(`ticket=${used}`);
    }
    expect((await door.ask('/api/v1/me/stream')).status).toBe(401);
  });
});

// Last: it ends the process's doors.
test('a process that stops sends its watchers away, and does not hang on them', async () => {
  const streams = await Promise.all(Array.from({ length: 5 }, () => watch(hall(sale))));
  const ended = streams.map(({ res }) => once(res, 'end'));
  const before = performance.now();
  await door.broker.stop();
  expect(performance.now() - before).toBeLessThan(1_500);
  await Promise.all(ended);
  for (const { text } of streams) expect(text()).toMatch(/retry: \d+\n\n$/);
});
