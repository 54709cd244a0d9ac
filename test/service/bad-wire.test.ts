/** The wire of the nemesis: what passes it, what it does to what passes. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BadWire } from '../../bin/chaos/proxy.ts';

let echo: Server;
let wire: BadWire;
let port: number;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  wire = new BadWire('127.0.0.1', (echo.address() as AddressInfo).port);
  port = await wire.listen();
});
afterEach(async () => {
  for (const socket of clients.splice(0)) socket.destroy();
  await wire.close();
  echo.close();
  await once(echo, 'close');
});

/** A client and everything it has heard. */
function dial() {
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
  const said = { text: '', error: '' };
  socket.on('data', (chunk) => {
    said.text += chunk;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    said.error = error.code ?? '';
  });
  return { socket, said };
}
/** Also by an error, which `once` would throw. */
const closed = (socket: Socket) => new Promise<unknown>((resolve) => socket.once('close', resolve));
const hears = (said: { text: string }, text: string) =>
  vi.waitFor(() => expect(said.text).toBe(text), { timeout: 5_000 });

describe('a wire', () => {
  it('passes everything when it is well', async () => {
    const { socket, said } = dial();
    socket.write('a');
    await hears(said, 'a');
    socket.end();
    await closed(socket);
  });
  it('is late and keeps the order', async () => {
    wire.turn({ kind: 'delay', ms: 60 });
    const { socket, said } = dial();
    const sentMs = performance.now();
    for (let i = 0; i < 10; i++) {
      socket.write(String(i));
      await sleep(5);
    }
    await hears(said, '0123456789');
    expect(performance.now() - sentMs).toBeGreaterThan(60);
  });
  it('brings a last word late, and the answer to it', async () => {
    wire.turn({ kind: 'delay', ms: 60 });
    const { socket, said } = dial();
    socket.end('a');
    await closed(socket);
    expect(said).toEqual({ text: 'a', error: '' });
  });
  it('is silent for old and new connections, and then says what was kept back', async () => {
    const old = dial();
    old.socket.write('a');
    await hears(old.said, 'a');
    wire.turn({ kind: 'drop' });
    const fresh = dial();
    old.socket.write('b');
    fresh.socket.write('c');
    await sleep(200);
    expect([old.said.text, fresh.said.text]).toEqual(['a', '']);
    wire.heal();
    await hears(old.said, 'ab');
    await hears(fresh.said, 'c');
  });
  it('resets what is open and what comes, until it is healed', async () => {
    const old = dial();
    old.socket.write('a');
    await hears(old.said, 'a');
    wire.turn({ kind: 'reset' });
    await closed(old.socket);
    const fresh = dial();
    fresh.socket.write('b');
    await closed(fresh.socket);
    expect([old.said.error, fresh.said.error]).toEqual(['ECONNRESET', 'ECONNRESET']);
    wire.heal();
    const healed = dial();
    healed.socket.write('c');
    await hears(healed.said, 'c');
  });
});
