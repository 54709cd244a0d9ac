/** Clients that take their time, and many that stay: what they hold, and for how long. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { newSession, Stage } from './stage.ts';

const CLIENT_MS = 1_000;
/** Much longer than nginx may take, much shorter than waiting for ever. */
const GENEROUS_MS = 15_000;

let stage: Stage;
const opened: Socket[] = [];
beforeAll(async () => {
  stage = await Stage.start({ env: { EDGE_CLIENT_MS: String(CLIENT_MS) } });
});
afterAll(async () => {
  for (const socket of opened) socket.destroy();
  await stage.end();
});

/** A connection that sends some bytes and then only listens. */
async function client(bytes: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect(stage.config.edgePort, '127.0.0.1');
  opened.push(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => socket.destroy()); // reset by the edge: that is how it ends them
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, heard: () => text };
}
const closed = (socket: Socket) =>
  vi.waitFor(() => expect(socket.destroyed || socket.readableEnded).toBe(true), GENEROUS_MS);

describe('a client that', () => {
  it('sends its headers byte by byte is cut, and Node never hears of it', async () => {
    const { socket } = await client('GET /api/v1/shows HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const drip = setInterval(() => socket.writable && socket.write('x'), 100);
    await closed(socket);
    clearInterval(drip);
    expect(stage.doors.seen).toEqual([]);
  });
  it('promises a body and does not send it is cut, and Node never hears of it', async () => {
    const { socket } = await client(
      'POST /api/v1/payments/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a":',
    );
    await closed(socket);
    expect(stage.doors.seen).toEqual([]);
  });
  it('asks for nothing more is kept, so that it need not connect again', async () => {
    const line = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    const { socket, heard } = await client(line);
    await vi.waitFor(() => expect(heard()).toContain('{"ok":true}'), GENEROUS_MS);
    await sleep(2 * CLIENT_MS);
    socket.write(line);
    await vi.waitFor(() => expect(heard().match(/"ok"/g)).toHaveLength(2), GENEROUS_MS);
  });
  it('is slow holds no one else up: a hundred of them, and a quick one', async () => {
    const slow = Array.from({ length: 100 }, () => client('POST /api/v1/shows HTTP/1.1\r\nHost'));
    await Promise.all(slow);
    expect((await stage.ask('/api/v1/shows')).status).toBe(200);
  });
});

describe('streams', () => {
  const STREAMS = 4_000;
  const WAVE = 250;

  it('4,000 from one address are open at once, and each hears what is said', async () => {
    const hall = await Stage.start();
    onTestFinished(() => hall.end());
    const writers: ((event: string) => void)[] = [];
    hall.doors.behave = (req, res) => {
      if (!req.url?.endsWith('/stream')) return void res.end('{}');
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write(': open\n\n');
      writers.push((event) => res.write(event));
    };
    const path = `/api/v1/sessions/${newSession()}/stream`;
    const heard = new Set<number>();
    let open = 0;
    const sockets: Socket[] = [];
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    const openOne = (i: number) => {
      const socket = connect(hall.config.edgePort, '127.0.0.1', () =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (chunk) => {
        if (text === '') open++;
        text = (text + chunk).slice(-200);
        if (text.includes('event: seats')) heard.add(i);
      });
      sockets.push(socket);
    };
    // In waves, because the door of this test has one thread with its readers.
    for (let wave = 0; wave < STREAMS; wave += WAVE) {
      for (let i = wave; i < wave + WAVE; i++) openOne(i);
      await vi.waitFor(() => expect(open).toBe(wave + WAVE), { timeout: 30_000, interval: 20 });
    }
    expect(writers).toHaveLength(STREAMS);
    for (const say of writers) say('event: seats\ndata: {}\n\n');
    await vi.waitFor(() => expect(heard.size).toBe(STREAMS), { timeout: 60_000, interval: 100 });
    expect((await hall.ask('/api/v1/time')).status).toBe(200);
  }, 120_000);
  it('are so many of one address, which keeps nothing else from being answered', async () => {
    const hall = await Stage.start({ env: { EDGE_IP_STREAMS: '3' } });
    onTestFinished(() => hall.end());
    hall.doors.behave = (req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      if (req.url?.endsWith('/stream')) res.write(': open\n\n');
      else res.end();
    };
    const ask = () =>
      hall.raw(
        `GET /api/v1/sessions/${newSession()}/stream HTTP/1.1\r\nHost: x\r\n\r\n`,
        /: open|RATE_LIMITED/,
      );
    const sockets = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = connect(hall.config.edgePort, '127.0.0.1', () =>
          socket.write(`GET /api/v1/sessions/${newSession()}/stream HTTP/1.1\r\nHost: x\r\n\r\n`),
        );
        await once(socket, 'data');
        return socket;
      }),
    );
    expect(await ask()).toMatch(/^HTTP\/1.1 429 /);
    expect((await hall.ask('/api/v1/shows')).status).toBe(200);
    sockets[0]!.destroy();
    await vi.waitFor(async () => expect(await ask()).toMatch(/^HTTP\/1.1 200 /), GENEROUS_MS);
    for (const socket of sockets) socket.destroy();
  });
});
