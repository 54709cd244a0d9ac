/**
 * `npm run bench:streams [-- --json]`: what many readers of one hall feel and cost. 5,000 streams
 * through the edge of a whole system; then seats are locked and released one by one in the arbiter.
 * Asked: how long after the arbiter's answer a reader has read the move (gathered for up to 100 ms
 * on the way), whether everybody heard everything, and what a stream costs the process that holds
 * it. Writer and readers share the machine with the system.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePortBase } from '../bin/supervisor/ports.ts';
import { createSystem } from '../bin/supervisor/system.ts';
import { newId, newOrderId } from '../contracts/ids.ts';
import { keyspace } from '../contracts/keys.ts';
import { createArbiter } from '../lua/arbiter.ts';
import { plainHall } from '../test/lua/hall.ts';
import { median, percentile } from './figures.ts';
import { openTerms } from './terms.ts';

const READERS = 5_000;
const AT_ONCE = 100;
/** One of so many readers is timed. */
const TIMED = 10;
const MOVES = 120;
/** More than the deltas of a second: some moves share one. */
const EVERY_MS = 150;
const P95_MOST_MS = 250;
const KIB_MOST = 20;
const EDGE_OFFSET = 99;
const SETTLE_MS = 5_000;

const rssKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

/** When each version was answered by the arbiter, and when each reader had read it. */
const writtenMs = new Map<number, number>();
const latenciesMs: number[] = [];
let newest = 0;

interface Reader {
  readonly socket: Socket;
  /** The version it has heard last. */
  last(): number;
}
const VERSIONS = /"from":(\d+),"v":(\d+)/g;

/** Notes when a reader has read the versions of what it was sent. */
function note(text: string, nowMs: number): void {
  for (const [, from, v] of text.matchAll(VERSIONS))
    for (let version = Number(from); version <= Number(v); version++) {
      const atMs = writtenMs.get(version);
      if (atMs !== undefined) latenciesMs.push(nowMs - atMs);
    }
}

/**
 * Opens a stream. Readers share this machine with what they read from, so most of them look at
 * nothing until the end; a delta is shorter than a packet, so it comes in one piece.
 */
function reader(port: number, path: string, isTimed: boolean): Promise<Reader> {
  return new Promise((opened, failed) => {
    const socket = connect(port, '127.0.0.1');
    let latest: Buffer;
    const last = () => Number([...latest.toString('latin1').matchAll(VERSIONS)].at(-1)?.[2]);
    socket.on('error', failed);
    socket.once('data', (head) => {
      const text = head.toString('latin1');
      if (!text.startsWith('HTTP/1.1 200')) return failed(new Error(text.slice(0, 200)));
      latest = head;
      socket.on('data', (chunk) => {
        if (chunk.includes('event: seats')) latest = chunk;
        if (isTimed) note(chunk.toString('latin1'), performance.now());
      });
      opened({ socket, last });
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`);
  });
}

const runDir = resolve(import.meta.dirname, `../.run/bench-${process.pid}`);
const portBase = await freePortBase();
const edgePort = portBase + EDGE_OFFSET;
const system = createSystem(runDir, {
  MODE: 'sandbox',
  PORT_BASE: String(portBase),
  EDGE_PORT: String(edgePort),
});
process.once('exit', () => system.supervisor.killAll());

/** A sale of the arbiter's alone: the streams ask nobody else. */
async function openSale(redis: Redis) {
  const { namespace, shards, orderIdKeys } = system.config;
  const arbiter = createArbiter({ redis, keys: keyspace(namespace, shards) });
  const sale = newId(Date.now(), randomBytes);
  const nowMs = Date.now();
  const terms = openTerms(nowMs);
  await arbiter.open(sale, plainHall(1_000, 50), { A: 100 }, terms, 'OPEN');
  const [key] = orderIdKeys.values();
  const turn = async (n: number) => {
    const uid = `u${n}`;
    const orderId = newOrderId(sale, uid, key!, Date.now(), randomBytes);
    const { version } = await arbiter.lock({ sale, uid, orderId, seats: [n], requestId: 'bench' });
    newest = version;
    writtenMs.set(version, performance.now());
  };
  return { sale, turn };
}

try {
  await system.start((_title, work) => work(() => undefined));
  const redis = new Redis(system.config.arbiterUrl);
  const { sale, turn } = await openSale(redis);
  const pid = system.supervisor.pidOf('live-1')!;
  const path = `/api/v1/sessions/${sale}/stream`;
  const readers: Reader[] = [];
  readers.push(await reader(edgePort, path, true));
  await sleep(SETTLE_MS);
  const beforeKib = rssKib(pid);
  while (readers.length < READERS) {
    const more = Math.min(AT_ONCE, READERS - readers.length);
    const opening = Array.from({ length: more }, (_, n) => reader(edgePort, path, n % TIMED === 0));
    readers.push(...(await Promise.all(opening)));
  }
  await sleep(SETTLE_MS);
  const openedKib = rssKib(pid);
  for (let n = 0; n < MOVES; n++) {
    await turn(n * 3);
    await sleep(EVERY_MS);
  }
  await sleep(2_000);
  const behind = readers.filter(({ last }) => last() !== newest).length;
  const [p50, p95] = [median(latenciesMs), percentile(latenciesMs, 0.95)];
  const kib = (openedKib - beforeKib) / (READERS - 1);
  const movingKib = (rssKib(pid) - beforeKib) / (READERS - 1);
  const report = { readers: READERS, moves: MOVES, heard: latenciesMs.length, behind, p50, p95 };
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ ...report, kib, movingKib })}\n`);
  else
    process.stdout.write(
      [
        `${READERS} streams of one hall, ${MOVES} moves; ${behind} readers had not heard the last`,
        `arbiter → read   p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms (goal ${P95_MOST_MS})`,
        `a stream costs   ${kib.toFixed(1)} KiB, ${movingKib.toFixed(1)} after (goal ${KIB_MOST})`,
        '',
      ].join('\n'),
    );
  for (const { socket } of readers) socket.destroy();
  await redis.quit();
  if (behind > 0 || p95 > P95_MOST_MS || kib > KIB_MOST) process.exitCode = 1;
} finally {
  await system.stop();
  rmSync(runDir, { recursive: true, force: true });
}
