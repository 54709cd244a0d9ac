/**
 * A TCP proxy whose wire can go bad: late, silent or cut. One stands before each server, and every
 * process of the system reaches the server through it.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type Mode =
  | { readonly kind: 'pass' }
  /** Every chunk arrives `ms` later, give or take a quarter, in order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Open connections fall silent, new ones are accepted and hear nothing. */
  | { readonly kind: 'drop' }
  /** Open connections are reset, and so is every new one. */
  | { readonly kind: 'reset' };

const PASS: Mode = { kind: 'pass' };

export class BadWire {
  readonly #host: string;
  readonly #port: number;
  readonly #server: Server;
  readonly #wires = new Set<Connection>();
  mode: Mode = PASS;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
    // One side may say its last word while the other still has something to say.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** @returns the port it listens on */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  turn(mode: Mode): void {
    this.mode = mode;
    for (const wire of [...this.#wires]) wire.follow(mode);
  }

  heal(): void {
    this.turn(PASS);
  }

  async close(): Promise<void> {
    this.turn({ kind: 'reset' });
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.mode.kind === 'reset') {
      client.on('error', () => client.destroy());
      client.resetAndDestroy();
      return;
    }
    const to = { port: this.#port, host: this.#host, allowHalfOpen: true };
    const wire = new Connection(client, () => connect(to), this);
    this.#wires.add(wire);
    client.once('close', () => this.#wires.delete(wire));
    wire.follow(this.mode);
  }
}

/** One connection through the proxy: the client's socket, and ours to the server. */
class Connection {
  readonly #client: Socket;
  readonly #dial: () => Socket;
  readonly #proxy: BadWire;
  #server: Socket | undefined;

  constructor(client: Socket, dial: () => Socket, proxy: BadWire) {
    this.#client = client;
    this.#dial = dial;
    this.#proxy = proxy;
    client.setNoDelay(true);
    client.pause();
    // What goes wrong with one side, the other is told at once; a last word, in its turn.
    client.on('error', () => this.#server?.destroy());
    client.on('close', () => client.readableEnded || this.#server?.destroy());
  }

  follow({ kind }: Mode): void {
    if (kind === 'reset') {
      this.#client.resetAndDestroy();
      this.#server?.resetAndDestroy();
    } else if (kind === 'drop') {
      this.#client.pause();
      this.#server?.pause();
    } else {
      if (!this.#server) this.#connect();
      this.#client.resume();
      this.#server?.resume();
    }
  }

  #connect(): void {
    const server = this.#dial();
    this.#server = server;
    server.setNoDelay(true);
    server.on('error', () => this.#client.destroy());
    server.on('close', () => server.readableEnded || this.#client.destroy());
    this.#carry(this.#client, server);
    this.#carry(server, this.#client);
  }

  /** Hands on what one side says, late if that is the mode, never out of order. */
  #carry(from: Socket, to: Socket): void {
    // One timer for the first in line: timers of their own would not keep the order.
    const line: { atMs: number; chunk: Buffer | undefined }[] = [];
    const hand = (chunk: Buffer | undefined) => {
      if (!chunk) to.end();
      else if (to.writable && !to.write(chunk)) {
        from.pause();
        to.once('drain', () => {
          if (this.#proxy.mode.kind !== 'drop') from.resume();
        });
      }
    };
    const next = () => {
      const nowMs = performance.now();
      while (line[0] && line[0].atMs <= nowMs) hand(line.shift()!.chunk);
      if (line[0]) setTimeout(next, Math.max(line[0].atMs - nowMs, 1));
    };
    const take = (chunk: Buffer | undefined) => {
      const { mode } = this.#proxy;
      const lateMs = mode.kind === 'delay' ? mode.ms * (0.75 + Math.random() / 2) : 0;
      const nowMs = performance.now();
      line.push({ atMs: Math.max(line.at(-1)?.atMs ?? 0, nowMs + lateMs), chunk });
      if (line.length === 1) next();
    };
    from.on('data', take);
    from.on('end', () => take(undefined));
  }
}
