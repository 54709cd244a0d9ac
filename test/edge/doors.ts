/**
 * The doors of the system as the edge sees them: small HTTP servers that write down what reaches
 * them. They are the outside of this altitude; the real ones are met in test/flow.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Config } from '../../config/index.ts';
import { instancesOf } from '../../config/processes.ts';

/** A request as a door received it. */
export interface Seen {
  /** The instance: `rush-1`, `front-1`, … */
  readonly door: string;
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
type Behaviour = (req: IncomingMessage, res: ServerResponse, body: Buffer) => void;

const answerOk: Behaviour = (_req, res) => {
  res.setHeader('Content-Type', 'application/json');
  res.end('{"from":"node"}');
};

/** The doors of one system, on the ports where the edge looks for them. */
export class Doors {
  readonly seen: Seen[] = [];
  behave: Behaviour = answerOk;
  private readonly open = new Map<string, Server>();
  private readonly config: Config;

  constructor(config: Config) {
    this.config = config;
  }

  async start(name: string): Promise<void> {
    const instance = instancesOf(this.config.portBase, 'sandbox').find((row) => row.name === name);
    const server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const body = Buffer.concat(chunks);
        const { method = '', url: target = '', headers } = req;
        this.seen.push({ door: name, method, target, headers, body });
        this.behave(req, res, body);
      });
    });
    server.listen(instance!.httpPort, '127.0.0.1');
    await once(server, 'listening');
    this.open.set(name, server);
  }

  /** As kill -9 would: nothing listens any more, and every open connection is reset. */
  async kill(name: string): Promise<void> {
    const server = this.open.get(name);
    if (!server) return;
    this.open.delete(name);
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async startAll(): Promise<void> {
    for (const { name, row } of instancesOf(this.config.portBase, 'sandbox'))
      if (row.door && !this.open.has(name)) await this.start(name);
  }

  async killAll(): Promise<void> {
    for (const name of [...this.open.keys()]) await this.kill(name);
  }
}
