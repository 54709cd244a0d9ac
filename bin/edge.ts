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
import { type Door, EDGE_INSIDE_PORT, instancesOf } from '../config/processes.ts';
import { SETTINGS } from '../config/schema.ts';
import { REFUSALS } from '../contracts/errors.ts';
import { cacheKey, keyspace } from '../contracts/keys.ts';
import { findEdgeProgram } from './supervisor/binaries.mjs';
import { StartError } from './supervisor/program.ts';

/** Each is filled in and stands in the edge's directory under its own name. */
const TEMPLATES = [
  'nginx.conf',
  'refusals.conf',
  'catalogue.conf',
  'page-names.conf',
  'pages.conf',
];
const OPENRESTY = resolve(import.meta.dirname, '../openresty');
/** Where the pages are when they are built. */
const PAGES = resolve(import.meta.dirname, '../web/dist');
const MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so'];
const DEBIAN_MODULES = '/usr/lib/nginx/modules';
/** More connections than this cost memory and serve nobody; a stream takes two. */
const CONNECTIONS_MAX = 20_000;
/** Files of the cache that a worker keeps open. */
const KEPT_FILES_MAX = 500;
const OWNER_ONLY = 0o600;
/** Files a worker has open beside its connections: logs, listeners, bodies on disk, the cache. */
const FILES_BESIDE = 100 + KEPT_FILES_MAX;
/** A page runs what we built and talks to us, and to nobody else. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ');
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
  for (const path of [home, OPENRESTY, PAGES, config.edgeTlsCert, config.edgeTlsKey])
    if (/["'$;?\\\n]/.test(path))
      throw new StartError(`nginx cannot be told of the path ${path}: move it to a plainer one`);
  mkdirSync(home, { recursive: true });
  const conf = join(home, 'nginx.conf');
  writeFileSync(join(home, 'modules.conf'), modulesConf(command));
  writeWhole(join(home, 'edge.json'), JSON.stringify(settingsOf(config)), OWNER_ONLY);
  for (const [name, text] of filled(TEMPLATES, valuesOf(config, home)))
    writeWhole(join(home, name), text);
  return {
    conf,
    command,
    args: ['-p', home, '-e', join(home, 'error.log'), '-c', conf],
  };
}

/** Templates, filled in, by name. @throws Error when values and places do not match exactly */
function filled(
  files: readonly string[],
  values: Readonly<Record<string, string | number>>,
): [string, string][] {
  const unused = new Set(Object.keys(values));
  const texts = files.map((file): [string, string] => {
    const template = readFileSync(join(OPENRESTY, file), 'utf8');
    const text = template.replaceAll(/\$\{(\w+)\}/g, (_, name: string, at: number) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${file} asks for ${name}, and nobody says it`);
      unused.delete(name);
      const indent = /^ */.exec(template.slice(template.lastIndexOf('\n', at) + 1))![0];
      return String(value).replaceAll('\n', `\n${indent}`);
    });
    return [file, text];
  });
  if (unused.size > 0) throw new Error(`no template has a place for ${[...unused].join(', ')}`);
  return texts;
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
    resolver: resolverLine(config),
    listen: listenOn(config),
    tls: tlsLines(config),
    hsts: hstsLine(config),
    pages: PAGES,
    openapi: join(dirname(PAGES), 'api/openapi.json'),
    policy: POLICY,
    rush: upstreamOf(config, 'rush'),
    front: upstreamOf(config, 'front'),
    live: upstreamOf(config, 'live'),
    insidePort: config.portBase + EDGE_INSIDE_PORT,
    keptFilesMax: KEPT_FILES_MAX,
  };
}

function listenOn({ edgeHost, edgePort, edgeTls }: Config): string {
  const host = isIP(edgeHost) === 6 ? `[${edgeHost}]` : edgeHost;
  return `${host}:${edgePort}${edgeTls === 'off' ? '' : ' ssl http2'}`;
}

function tlsLines(config: Config): string {
  const { edgeTls, edgeTlsCert: cert, edgeTlsKey: key } = config;
  if (edgeTls === 'off') return '';
  return filled(['tls.conf'], { cert, key, hsts: hstsLine(config) })[0]![1].trim();
}
/**
 * Browsers are told to insist on TLS only where the certificate is to stay: for a year, whatever
 * else they find at this host.
 */
const hstsLine = ({ edgeTls }: Config): string => (edgeTls === 'files' ? HSTS : '');

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
    arbiter: redisOf('arbiterUrl', config),
    shards: Array.from({ length: shards }, (_, shard) => keys.ofShard(shard)),
    cache: redisOf('cacheUrl', config),
    generation: cacheKey(namespace, 'catalogue:generation'),
    pullMs: config.edgePullMs,
    keepMs: config.edgeKeepMs,
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

type RedisName = 'arbiterUrl' | 'cacheUrl';

function redisOf(name: RedisName, config: Config): object {
  const { protocol, hostname, port, username, password, pathname } = new URL(config[name]);
  if (protocol !== 'redis:')
    throw new StartError(`${SETTINGS[name].env}: the edge reads redis://, not ${protocol}//`);
  const db = Number(pathname.slice(1) || 0);
  return {
    host: hostname === 'localhost' ? '127.0.0.1' : hostname,
    port: Number(port || 6_379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(db > 0 && { db }),
  };
}

/** nginx does not read resolv.conf by itself: only a Redis with a name makes it necessary. */
function resolverLine(config: Config): string {
  const names: readonly RedisName[] = ['arbiterUrl', 'cacheUrl'];
  const hosts = names.map((name) => new URL(config[name]).hostname);
  const named = hosts.find((host) => host !== 'localhost' && !isIP(host.replace(/^\[|\]$/g, '')));
  if (named === undefined) return '';
  const servers = [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)]
    .map(([, address]) => address!)
    .filter((address) => isIP(address))
    .map((address) => (isIP(address) === 6 ? `[${address}]` : address));
  if (servers.length === 0)
    throw new StartError(`no name server to look ${named} up with; give an address`);
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
 * Started as root, workers become nobody, if nobody can enter the edge's directory, where bodies
 * too large for memory are kept, and the pages'. Under a closed home directory they stay who they
 * are.
 */
function userLine(home: string): string {
  if (process.getuid?.() !== 0) return '';
  const group = /^nogroup:/m.test(readFileSync('/etc/group', 'utf8')) ? 'nogroup' : 'nobody';
  const open = [home, dirname(PAGES)].every(isOpenToAll);
  return open ? `user nobody ${group};` : 'user root;';
}

function isOpenToAll(path: string): boolean {
  const othersMayEnter = 0o001;
  if ((statSync(path).mode & othersMayEnter) === 0) return false;
  return dirname(path) === path || isOpenToAll(dirname(path));
}

/** Whole or not at all; with a mode, never readable by others, not even for a moment. */
function writeWhole(path: string, text: string, mode?: number): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode });
  renameSync(draft, path);
}
