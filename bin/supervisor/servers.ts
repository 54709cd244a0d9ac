/**
 * The private servers as programs: what is started with which flags, and how one sees that it is
 * well. What never changes is in `config/servers/`; what a run decides (ports, directories, memory)
 * comes as flags, which win over the file.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SERVERS, type ServerName, type ServerRow } from '../../config/processes.ts';
import { findProgram } from './binaries.mjs';
import { writeWhole } from './files.ts';
import { answersOk, mysqlAnswers, redisAnswers } from './health.ts';
import { authorization, type NatsUsers } from './nats-users.ts';
import { type Program, StartError } from './program.ts';

const REPO = resolve(import.meta.dirname, '../..');
const settingsFile = (name: string) => join(REPO, 'config/servers', name);

export interface ServerPlace {
  /** Its data lies in `<dataDir>/<name>`. */
  readonly dataDir: string;
  readonly portBase: number;
  readonly arbiterFsync: 'always' | 'everysec';
  /** Who may log in to NATS; anybody may when nobody is named. */
  readonly natsUsers?: NatsUsers;
}

interface Placed {
  readonly row: ServerRow;
  readonly port: number;
  readonly monitorPort: number;
  readonly dir: string;
  readonly place: ServerPlace;
}
type Recipe = (placed: Placed) => Omit<Program, 'name' | 'wave' | 'drainSignal'>;

const RECIPES: Readonly<Record<ServerName, Recipe>> = {
  arbiter: ({ row, port, dir, place }) => ({
    command: binary('redis-server'),
    args: redisArgs('arbiter.conf', port, dir, row, ['--appendfsync', place.arbiterFsync]),
    ready: () => redisAnswers(`redis://127.0.0.1:${port}`),
    readyMs: 60_000, // a long append-only file takes a while to load
  }),
  cache: ({ row, port, dir }) => ({
    command: binary('redis-server'),
    args: redisArgs('cache.conf', port, dir, row, []),
    ready: () => redisAnswers(`redis://127.0.0.1:${port}`),
    readyMs: 10_000,
  }),
  nats: ({ row, port, monitorPort, dir, place }) => ({
    command: binary('nats-server'),
    args: [
      ...['-c', natsSettings(place), '-a', '127.0.0.1', '-p', String(port)],
      ...['-m', String(monitorPort), '-js', '-sd', dir],
    ],
    env: { GOMEMLIMIT: `${row.memoryMiB}MiB` },
    ready: () => answersOk(`http://127.0.0.1:${monitorPort}/healthz`),
    readyMs: 20_000,
  }),
  mariadb: ({ row, port, dir }) => ({
    command: binary('mariadbd'),
    args: [
      `--defaults-file=${settingsFile('mariadb.cnf')}`,
      `--datadir=${dir}`,
      `--tmpdir=${scratchOf(dir)}`,
      `--socket=${join(dir, 's')}`,
      `--pid-file=${join(dir, 'mariadbd.pid')}`,
      `--port=${port}`,
      `--innodb-buffer-pool-size=${Math.floor(row.memoryMiB / 2)}M`,
      ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    ],
    prepare: () => installDatabase(dir),
    ready: () => mysqlAnswers(`mysql://root@127.0.0.1:${port}`),
    readyMs: 60_000, // a crash recovery takes a while
  }),
};

/** A private server as a program. @throws StartError when its program is not installed */
export function serverProgram(name: ServerName, place: ServerPlace): Program {
  const row = SERVERS.find((server) => server.name === name)!;
  const dir = join(resolve(place.dataDir), name);
  mkdirSync(dir, { recursive: true });
  const recipe = RECIPES[name]({
    row,
    port: place.portBase + row.port,
    monitorPort: place.portBase + (row.monitorPort ?? 0),
    dir,
    place,
  });
  return {
    name,
    wave: name === 'arbiter' ? 'arbiter' : 'servers',
    drainSignal: 'SIGTERM',
    dir,
    ...recipe,
  };
}

/** Where a private server listens, as the settings spell it. */
export function serverUrl(name: ServerName, portBase: number): string {
  const port = portBase + SERVERS.find((server) => server.name === name)!.port;
  const schemes = {
    arbiter: 'redis://',
    cache: 'redis://',
    nats: 'nats://',
    mariadb: 'mysql://root@',
  };
  return `${schemes[name]}127.0.0.1:${port}`;
}

/** The settings of NATS with its users, beside its data: a nemesis may take the data away. */
function natsSettings({ dataDir, natsUsers: users }: ServerPlace): string {
  const common = settingsFile('nats.conf');
  if (!users) return common;
  const path = resolve(dataDir, 'nats.conf');
  writeWhole(path, `${readFileSync(common, 'utf8')}\n${authorization(users)}`, 0o600);
  return path;
}

function redisArgs(
  file: string,
  port: number,
  dir: string,
  row: ServerRow,
  more: string[],
): string[] {
  const memory = ['--maxmemory', `${row.memoryMiB}mb`];
  return [settingsFile(file), '--port', String(port), '--dir', dir, ...memory, ...more];
}

function binary(name: string): string {
  const found = findProgram(name);
  if (found) return found;
  throw new StartError(
    `${name} is not installed: run "node bin/setup.mjs", or install it yourself`,
  );
}

/**
 * Where a database keeps its tables of a moment: a place of its own, because a server that starts
 * clears what it takes for leftovers in the place that all share.
 */
const scratchOf = (dir: string) => `${dir}.tmp`;

/** Makes the system tables once; a directory that was cut off half-way is made again. */
async function installDatabase(dir: string): Promise<void> {
  mkdirSync(scratchOf(dir), { recursive: true });
  if (existsSync(join(dir, 'mysql'))) return;
  const fresh = `${dir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const args = [
    '--no-defaults',
    `--datadir=${fresh}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
  const env = { ...process.env, TMPDIR: scratchOf(dir) };
  await promisify(execFile)(binary('mariadb-install-db'), args, { env });
  rmSync(dir, { recursive: true, force: true });
  renameSync(fresh, dir);
}
