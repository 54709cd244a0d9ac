/** Deltas, rings, readers, halls, tickets: the live stream without its connections. */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { SeatMoved } from '../../contracts/channels.ts';
import { deltaFrame, Gathering, placeIn } from '../../services/notification/delta.ts';
import { Hall } from '../../services/notification/hall.ts';
import { ownEventOf } from '../../services/notification/own.ts';
import { Reader } from '../../services/notification/reader.ts';
import { Ring } from '../../services/notification/ring.ts';
import { Tickets } from '../../services/notification/tickets.ts';

const moved = (version: number, seat: number, to: '0' | '1' | '2', epoch = 1): SeatMoved => ({
  type: 'released',
  sale: 's',
  orderId: 'o',
  uid: 'u',
  atMs: 0,
  reason: '',
  epoch,
  version,
  seats: [seat],
  to,
});
const delta = (from: number, v: number, epoch = 1) => ({ epoch, from, v, moves: [] });
const texts = (frames: readonly Buffer[] | undefined) => frames?.map((frame) => frame.toString());

describe('a delta', () => {
  test('has the first and last version in it and, of each seat, the last word', () => {
    const gathering = new Gathering();
    gathering.add(moved(7, 3, '1'));
    gathering.add(moved(8, 4, '1'));
    gathering.add(moved(9, 3, '0'));
    const taken = gathering.take();
    expect(taken).toEqual({
      epoch: 1,
      from: 7,
      v: 9,
      moves: [
        [3, '0'],
        [4, '1'],
      ],
    });
    expect(gathering.isEmpty).toBe(true);
    expect(deltaFrame(taken).toString()).toBe(
      'id: 1:9\nevent: seats\ndata: {"epoch":1,"from":7,"v":9,"moves":[[3,"0"],[4,"1"]]}\n\n',
    );
  });

  test.each(['', '1', '1:', ':1', '1:2:3', '-1:2', 'a:b', '1:2 '])('%j is no place', (text) => {
    expect(placeIn(text)).toBeUndefined();
  });
});

describe('the ring', () => {
  const filled = () => {
    const ring = new Ring(() => ({ ringMs: 1_000, ringMax: 3 }));
    for (const [from, v] of [
      [1, 2],
      [3, 3],
      [4, 6],
    ] as const)
      ring.push(delta(from, v), Buffer.from(`${v}`), 0);
    return ring;
  };

  test('gives what was missed, from the delta the missing versions begin in', () => {
    const ring = filled();
    expect(texts(ring.since(1, 2))).toEqual(['3', '6']);
    expect(texts(ring.since(1, 4))).toEqual(['6']);
    expect(texts(ring.since(1, 0))).toEqual(['2', '3', '6']);
    expect(ring.since(1, 6)).toEqual([]);
    expect(ring.since(1, 7)).toEqual([]);
  });

  test('has nothing to say of another epoch, or of what it no longer has', () => {
    const ring = filled();
    expect(ring.since(2, 6)).toBeUndefined();
    ring.push(delta(7, 7), Buffer.from('7'), 0);
    expect(ring.since(1, 1)).toBeUndefined();
    expect(texts(ring.since(1, 2))).toEqual(['3', '6', '7']);
  });

  test('forgets by age, but still knows that whoever has the last version missed nothing', () => {
    const ring = filled();
    ring.prune(1_001);
    expect(ring.size).toBe(0);
    expect(ring.since(1, 6)).toEqual([]);
    expect(ring.since(1, 5)).toBeUndefined();
  });

  test('starts anew where versions are left out', () => {
    const ring = filled();
    ring.push(delta(9, 9), Buffer.from('9'), 0);
    expect(ring.since(1, 6)).toBeUndefined();
    expect(texts(ring.since(1, 8))).toEqual(['9']);
  });
});

/** The end of a connection, as much of it as a reader touches. */
function connection(destroyed = false) {
  const written: string[] = [];
  const res = Object.assign(new EventEmitter(), {
    written,
    writableLength: 0,
    destroyed,
    writableEnded: false,
    write: (frame: Buffer) => void written.push(frame.toString()),
    end: (frame: Buffer) => void written.push(frame.toString()),
    destroy() {
      res.destroyed = true;
      res.emit('close');
    },
  });
  const left: Reader[] = [];
  const reader = new Reader(
    res as unknown as Writable,
    () => 1_000,
    (gone) => left.push(gone),
  );
  return { res, reader, written, left };
}

describe('a reader', () => {
  test('is cut when what it has not taken passes its limit, and is gone once', () => {
    const { res, reader, written, left } = connection();
    reader.send(Buffer.from('a'));
    res.writableLength = 1_000;
    reader.send(Buffer.from('b'));
    res.writableLength = 1_001;
    reader.send(Buffer.from('c'));
    reader.send(Buffer.from('d'));
    expect(written).toEqual(['a', 'b']);
    expect(left).toEqual([reader]);
  });
});

test('a reader who had left before the stream was open is gone all the same', async () => {
  const { reader, written, left } = connection(true);
  reader.send(Buffer.from('a'));
  await Promise.resolve();
  expect([left, written]).toEqual([[reader], []]);
});

describe('a hall', () => {
  const open = () =>
    new Hall(
      () => ({ coalesceMs: 5, ringMs: 1_000, ringMax: 10 }),
      () => performance.now(),
    );
  const events = (written: string[]) =>
    written.map((text) =>
      /^event: seats$/m.test(text) ? JSON.parse(text.split('data: ')[1]!) : text,
    );

  test('tells many moves of one interval as one delta, encoded once for everybody', async () => {
    const hall = open();
    const one = connection();
    const two = connection();
    hall.join(one.reader, undefined);
    hall.join(two.reader, undefined);
    for (let version = 1; version <= 20; version++) hall.move(moved(version, version, '1'));
    await sleep(30);
    expect(one.written).toHaveLength(1);
    expect(events(one.written)[0]).toMatchObject({ from: 1, v: 20 });
    expect(two.written[0]).toBe(one.written[0]);
  });

  test('does not tell the same move twice', async () => {
    const hall = open();
    const { reader, written } = connection();
    hall.join(reader, undefined);
    hall.move(moved(1, 1, '1'));
    hall.move(moved(1, 1, '1'));
    await sleep(15);
    hall.move(moved(1, 1, '1'));
    await sleep(15);
    expect(written).toHaveLength(1);
  });

  test('sends all to read the hall again when a move is missing or the epoch new', async () => {
    const hall = open();
    const { reader, written } = connection();
    hall.join(reader, undefined);
    hall.move(moved(1, 1, '1'));
    hall.move(moved(3, 1, '0'));
    hall.move(moved(1, 1, '1', 2));
    hall.move(moved(4, 1, '1', 1)); // of the epoch before: too late to matter
    await sleep(30);
    expect(events(written)).toEqual([
      { epoch: 1, from: 1, v: 1, moves: [[1, '1']] },
      'event: reset\ndata: {"epoch":1}\n\n',
      { epoch: 1, from: 3, v: 3, moves: [[1, '0']] },
      'event: reset\ndata: {"epoch":2}\n\n',
      { epoch: 2, from: 1, v: 1, moves: [[1, '1']] },
    ]);
  });

  test('sends all to read the hall again when the sale was repaired', async () => {
    const hall = open();
    const { reader, written } = connection();
    hall.join(reader, undefined);
    hall.move({ ...moved(7, 1, '0', 2), seats: [] } as never);
    expect(written).toEqual(['event: reset\ndata: {"epoch":2}\n\n']);
  });

  test('gives whoever comes back what they missed, or sends them to read the hall', async () => {
    const hall = open();
    for (const version of [1, 2, 3]) {
      hall.move(moved(version, version, '1'));
      await sleep(12);
    }
    const back = connection();
    hall.join(back.reader, '1:1');
    expect(events(back.written).map(({ v }) => v)).toEqual([2, 3]);
    for (const lost of ['2:1', 'nonsense', '0:3']) {
      const reader = connection();
      hall.join(reader.reader, lost);
      expect(reader.written).toEqual(['event: reset\ndata: {"epoch":1}\n\n']);
    }
    const fresh = connection();
    hall.join(fresh.reader, undefined);
    expect(fresh.written).toEqual([]);
  });
});

describe('a ticket', () => {
  test('is good once, for its uid, for half a minute', () => {
    const tickets = new Tickets(randomBytes, 10);
    const ticket = tickets.issue('u1', 0);
    expect(Buffer.from(ticket, 'base64url')).toHaveLength(16);
    expect(tickets.use(ticket, 29_999)).toBe('u1');
    expect(tickets.use(ticket, 29_999)).toBeUndefined();
    expect(tickets.use(tickets.issue('u1', 0), 30_000)).toBeUndefined();
    expect(tickets.use('never', 0)).toBeUndefined();
  });

  test('pushes out the oldest when there are too many', () => {
    const tickets = new Tickets(randomBytes, 2);
    const [a, b, c] = ['a', 'b', 'c'].map((uid) => tickets.issue(uid, 0));
    expect(tickets.use(a!, 1)).toBeUndefined();
    expect([tickets.use(b!, 1), tickets.use(c!, 1)]).toEqual(['b', 'c']);
  });
});

test('a buyer hears what became of their orders, and of a seat’s release nothing', () => {
  const order = { sale: 's', orderId: 'o', uid: 'u', seats: [1] };
  expect(ownEventOf('order.paid', order)).toEqual({
    uid: 'u',
    event: { orderId: 'o', sessionId: 's', state: 'PAID' },
  });
  expect(
    ownEventOf('order.cancelled', { ...order, reason: 'TIMEOUT_CANCELLED' })?.event.state,
  ).toBe('TIMEOUT_CANCELLED');
  expect(ownEventOf('order.cancelled', { ...order, reason: 'quota' })?.event).toMatchObject({
    state: 'ABORTED',
    reason: 'quota',
  });
  expect(ownEventOf('seat.moved', moved(1, 1, '0'))).toBeUndefined();
});
