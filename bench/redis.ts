/** A Redis of the bench's own: on a free port, in a directory of its own, gone when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findProgram } from '../bin/supervisor/binaries.mjs';

export interface BenchRedis {
  readonly redis: Redis;
  end(): Promise<void>;
}

/** Starts one with the given settings, for example `{ appendonly: 'no' }`. */
export async function benchRedis(settings: Readonly<Record<string, string>>): Promise<BenchRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-lock-'));
  const port = await freePort();
  const given = { bind: '127.0.0.1', port: String(port), dir, save: '', ...settings };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  const command = findProgram('redis-server');
  if (!command) throw new Error('redis-server is not installed: npm start says how to get it');
  const server = spawn(command, args, { stdio: 'ignore' });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 });
  redis.on('error', () => undefined); // refused until it listens; a call that fails says so
  await redis.ping();
  return {
    redis,
    end: async () => {
      redis.disconnect();
      await ended(server);
      process.off('exit', kill);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function ended(server: ChildProcess): Promise<void> {
  server.kill('SIGKILL');
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
