/**
 * The edge's own directory: everything one nginx needs, written from `openresty/nginx.conf` and the
 * configuration. Written again before each start, so it may be deleted at any time.
 *
 * Always true: nothing secret is in `nginx.conf`; keys stand in `edge.json`, readable by its owner
 * alone, and the master reads them before it lets its workers go.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Config, Keyring, PublicKeys } from '../config/index.ts';
import { type Door, instancesOf } from '../config/processes.ts';
import { REFUSALS } from '../contracts/errors.ts';
import { keyspace } from '../contracts/keys.ts';
import { findEdgeProgram } from './supervisor/binaries.mjs';
import { StartError } from './supervisor/program.ts';

const OPENRESTY = resolve(import.meta.dirname, '../openresty');
const MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so'];
const DEBIAN_MODULES = '/usr/lib/nginx/modules';
/** More connections than this cost memory and serve nobody; a stream takes two. */
const CONNECTIONS_MAX = 20_000;
/** Files a worker has open beside its connections: logs, listeners, bodies on disk. */
const FILES_BESIDE = 100;
const HSTS = 'add_header Strict-Transport-Security max-age=31536000 always;';

/** How to run the edge that {@link renderEdge} wrote. */
export interface RenderedEdge {
  readonly conf: string;
  readonly command: string;
  readonly args: string[];
}

/**
 * Writes a complete private nginx tree into `dir`. Written again and followed by SIGHUP, it changes
 * a running edge without losing a request.
 * @throws StartError when there is no nginx that runs Lua, or the configuration cannot be served
 */
export function renderEdge(config: Config, dir: string): RenderedEdge {
  const home = resolve(dir);
  const command = findEdgeProgram();
  if (!command)
    throw new StartError(
      'no nginx with Lua found: install OpenResty, or nginx libnginx-mod-http-lua lua-cjson',
    );
  for (const path of [home, OPENRESTY, config.edgeTlsCert, config.edgeTlsKey])
    if (/["'$;?\\\n]/.test(path))
      throw new StartError(`nginx cannot be told of the path ${path}: move it to a plainer one`);
  mkdirSync(home, { recursive: true });
  const conf = join(home, 'nginx.conf');
  const template = readFileSync(join(OPENRESTY, 'nginx.conf'), 'utf8');
  writeFileSync(join(home, 'modules.conf'), modulesConf(command));
  writeSecret(join(home, 'edge.json'), settingsOf(config));
  writeFileSync(conf, filled(template, valuesOf(config, home)));
  return {
    conf,
    command,
    args: ['-p', home, '-e', join(home, 'error.log'), '-c', conf],
  };
}

/** Puts the values into the placeholders. @throws Error when the two do not match exactly */
function filled(template: string, values: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(values));
  const text = template.replaceAll(/\$\{(\w+)\}/g, (_, name: string, at: number) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nginx.conf asks for ${name}, and nobody says it`);
    unused.delete(name);
    const indent = /^ */.exec(template.slice(template.lastIndexOf('\n', at) + 1))![0];
    return String(value).replaceAll('\n', `\n${indent}`);
  });
  if (unused.size > 0) throw new Error(`nginx.conf has no place for ${[...unused].join(', ')}`);
  return text;
}

function valuesOf(config: Config, home: string): Record<string, string | number> {
  const filesMax = openFilesMax();
  return {
    dir: home,
    lua: OPENRESTY,
    user: userLine(home),
    workers: config.edgeWorkers,
    filesMax,
    connectionsMax: Math.min(CONNECTIONS_MAX, filesMax - FILES_BESIDE),
    drainMs: config.drainMs,
    filtersMb: config.edgeFiltersMb,
    clientMs: config.edgeClientMs,
    ipRate: config.edgeIpRate,
    ipBurst: config.edgeIpBurst,
    ipOpen: config.edgeIpOpen,
    ipStreams: config.edgeIpStreams,
    uidRate: config.edgeUidRate,
    uidBurst: config.edgeUidBurst,
    resolver: resolverLine(new URL(config.arbiterUrl).hostname),
    listen: listenOn(config),
    tls: tlsLines(config),
    rush: upstreamOf(config, 'rush'),
    front: upstreamOf(config, 'front'),
    live: upstreamOf(config, 'live'),
  };
}

function listenOn({ edgeHost, edgePort, edgeTls }: Config): string {
  const host = isIP(edgeHost) === 6 ? `[${edgeHost}]` : edgeHost;
  return `${host}:${edgePort}${edgeTls === 'off' ? '' : ' ssl http2'}`;
}

/**
 * Browsers are told to insist on TLS only where the certificate is to stay: for a year, whatever
 * else they find at this host.
 */
function tlsLines({ edgeTls, edgeTlsCert: cert, edgeTlsKey: key }: Config): string {
  if (edgeTls === 'off') return '';
  const hsts = edgeTls === 'files' ? HSTS : '';
  return filled(readFileSync(join(OPENRESTY, 'tls.conf'), 'utf8'), { cert, key, hsts }).trim();
}

/**
 * A process that fails again and again is left alone for a second. Not at the first failure: while
 * all of a door are left alone, the door is shut, and one request that kills must not do that.
 */
const upstreamOf = (config: Config, door: Door): string =>
  instancesOf(config.portBase, config.mode)
    .filter(({ row }) => row.door === door)
    .map(({ httpPort }) => `server 127.0.0.1:${httpPort} max_fails=5 fail_timeout=1s;`)
    .join('\n');

/** What the Lua side is told, secrets included. */
function settingsOf(config: Config): object {
  const { shards, namespace } = config;
  const keys = keyspace(namespace, shards);
  return {
    mode: config.mode,
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
    keys: {
      jwt: secretsOf(config.jwtKeys),
      jwtPublic: publicKeysOf(config.jwtPublicKeys),
      permit: secretsOf(config.permitKeys),
      edge: secretsOf(config.edgeKeys),
      edgeFirst: [...config.edgeKeys.keys()][0],
    },
    arbiter: arbiterOf(config.arbiterUrl),
    shards: Array.from({ length: shards }, (_, shard) => keys.ofShard(shard)),
    pullMs: config.edgePullMs,
    keepMs: config.edgeKeepMs,
    ipRate: config.edgeIpRate,
    uidRate: config.edgeUidRate,
    logRefusals: config.edgeLogRefusals,
    words: Object.fromEntries(
      Object.entries(REFUSALS).map(([word, { status, retry, zh, en }]) => [
        word,
        { status, retry, zh, en },
      ]),
    ),
  };
}

const secretsOf = (ring: Keyring): Record<string, string> =>
  Object.fromEntries([...ring].map(([kid, key]) => [kid, key.export().toString('base64')]));

const publicKeysOf = (keys: PublicKeys): Record<string, object> =>
  Object.fromEntries(
    [...keys].map(([kid, { algorithm, key }]) => {
      const der = key.export({ type: 'spki', format: 'der' }).toString('base64');
      return [kid, { algorithm, der }];
    }),
  );

function arbiterOf(url: string): object {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (protocol !== 'redis:')
    throw new StartError(`ARBITER_URL: the edge reads redis://, not ${protocol}//`);
  const db = Number(pathname.slice(1) || 0);
  return {
    host: hostname === 'localhost' ? '127.0.0.1' : hostname,
    port: Number(port || 6_379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(db > 0 && { db }),
  };
}

/** nginx does not read resolv.conf by itself: only an arbiter with a name makes it necessary. */
function resolverLine(host: string): string {
  if (host === 'localhost' || isIP(host.replace(/^\[|\]$/g, ''))) return '';
  const servers = [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)]
    .map(([, address]) => address!)
    .filter((address) => isIP(address))
    .map((address) => (isIP(address) === 6 ? `[${address}]` : address));
  if (servers.length === 0)
    throw new StartError(`ARBITER_URL: no name server to look ${host} up with; give an address`);
  return `resolver ${servers.join(' ')} valid=10s;`;
}

/** Debian's nginx loads Lua as two modules; OpenResty has it inside. */
export function modulesConf(command: string): string {
  const { stderr } = spawnSync(command, ['-V'], { encoding: 'utf8' });
  if (/openresty/i.test(stderr)) return '# OpenResty has Lua inside.\n';
  const folder = /--modules-path=(\S+)/.exec(stderr)?.[1] ?? DEBIAN_MODULES;
  return MODULES.map((module) => `load_module "${folder}/${module}";\n`).join('');
}

/** How many files a process here may have open. */
function openFilesMax(): number {
  const fallback = 4_096;
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1];
    return Math.min(Number(hard ?? fallback), CONNECTIONS_MAX + FILES_BESIDE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return fallback; // no /proc here
    throw error;
  }
}

/**
 * Started as root, workers become nobody, if nobody can enter the edge's directory: bodies too
 * large for memory are kept there. Under a closed home directory they stay who they are.
 */
function userLine(home: string): string {
  if (process.getuid?.() !== 0) return '';
  const group = /^nogroup:/m.test(readFileSync('/etc/group', 'utf8')) ? 'nogroup' : 'nobody';
  return isOpenToAll(home) ? `user nobody ${group};` : 'user root;';
}

function isOpenToAll(path: string): boolean {
  const othersMayEnter = 0o001;
  if ((statSync(path).mode & othersMayEnter) === 0) return false;
  return dirname(path) === path || isOpenToAll(dirname(path));
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function writeSecret(path: string, value: object): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(value), { mode: 0o600 });
  renameSync(draft, path);
}
