/**
 * Where the servers' programs are found, and what installs them. Plain JavaScript with built-ins
 * only, because the set-up script reads it before anything is installed.
 */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps servers out of a user's PATH; a terminal opened too early knows nothing of brew. */
const EXTRA_FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/local/openresty/bin',
  '/opt/homebrew/bin',
];

/**
 * One row per server program: the setting that names an existing server instead, and the packages
 * that bring it on Debian and with brew.
 */
export const SERVER_PROGRAMS = [
  {
    program: 'redis-server',
    envs: ['ARBITER_URL', 'CACHE_URL'],
    apt: ['redis-server'],
    brew: ['redis'],
  },
  { program: 'nats-server', envs: ['NATS_URL'], apt: ['nats-server'], brew: ['nats-server'] },
  {
    program: 'mariadbd',
    envs: ['MYSQL_URL'],
    apt: ['mariadb-server-core', 'mariadb-client-core'],
    brew: ['mariadb'],
  },
  {
    program: 'nginx',
    envs: [],
    apt: ['nginx', 'libnginx-mod-http-lua', 'lua-cjson'],
    brew: ['openresty/brew/openresty'],
  },
];

/** The path of a program, or undefined. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...EXTRA_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * The path of an nginx that can run Lua with cjson: OpenResty's own, or Debian's with its modules.
 */
export function findEdgeProgram() {
  const openresty = findProgram('openresty');
  if (openresty) return openresty;
  const hasModule = isReadable('/usr/lib/nginx/modules/ngx_http_lua_module.so');
  return hasModule && hasCjson() ? findProgram('nginx') : undefined;
}

function hasCjson() {
  return readdirSync('/usr/lib', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .some(({ name }) => isReadable(join('/usr/lib', name, 'lua/5.1/cjson.so')));
}

const isExecutable = (path) => allows(path, constants.X_OK);
const isReadable = (path) => allows(path, constants.R_OK);

function allows(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
