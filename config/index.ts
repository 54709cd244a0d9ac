/**
 * The only reader of the environment. Everything else imports `config`, frozen at start; what may
 * change later is asked of `mixins/live-config.ts` each time.
 *
 * The supervisor writes `.run/env.json` (ports, urls, secrets made at first start) and passes it to
 * the processes it starts; a tool run in another terminal reads the same file.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import type { Lane } from '../contracts/lane.ts';
import type { LiveName } from './live.ts';
import {
  type Door,
  GRAY_ROWS,
  type Instance,
  instancesOf,
  SERVERS,
  type ServerName,
} from './processes.ts';
import { type PublicKey, publicKeyOf } from './public-key.ts';
import { SETTINGS, type Setting, type SettingName } from './schema.ts';
import { trustEdge } from './trust.ts';
import { faultOf, KID, keysIn } from './value.ts';

/** Keys by kid, in the order given: the first signs, all verify. */
export type Keyring = ReadonlyMap<string, KeyObject>;
/** Keys of others by kid, each with the one algorithm it is used with. */
export type PublicKeys = ReadonlyMap<string, PublicKey>;

type ValueOf<S extends Setting> = S['type'] extends 'integer'
  ? number
  : S['type'] extends 'keyring'
    ? Keyring
    : S['type'] extends 'publicKeys'
      ? PublicKeys
      : S extends { type: 'choice'; choices: readonly (infer C)[] }
        ? C
        : string;
export type Config = { readonly [N in SettingName]: ValueOf<(typeof SETTINGS)[N]> } & {
  /** The instance this process is; undefined in a tool or a test. */
  readonly instance: Instance | undefined;
  readonly door: Door | undefined;
};

/** The settings that may change while a process runs: `live()` of `mixins/live-config.ts`. */
export type LiveConfig = Pick<Config, LiveName>;

type Env = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be used; its message is one line that says what to do. */
export class ConfigError extends Error {}

function read(name: SettingName, env: Env): unknown {
  const setting: Setting = SETTINGS[name];
  const raw = env[setting.env] ?? String(setting.default);
  const wrong = (why: string) => new ConfigError(`${setting.env}: ${why} (${setting.means})`);
  if (setting.type === 'publicKeys') return publicKeysOf(raw, wrong);
  const value = setting.type === 'integer' ? Number(raw) : raw;
  const fault = faultOf(setting, value);
  if (fault) throw wrong(fault);
  return setting.type === 'keyring' ? keyringOf(raw) : value;
}

const keyringOf = (text: string): Keyring =>
  new Map(keysIn(text).map(([kid, secret]) => [kid, createSecretKey(Buffer.from(secret))]));

function publicKeysOf(raw: string, wrong: (why: string) => ConfigError): PublicKeys {
  const keys = new Map<string, PublicKey>();
  for (const item of raw === '' ? [] : raw.split(',')) {
    const parts = item.split(':') as [kid: string, algorithm: string, base64: string];
    const [kid, algorithm, base64] = parts;
    if (!KID.test(kid) || parts.length !== 3) throw wrong('must be kid:algorithm:key,…');
    if (keys.has(kid)) throw wrong(`names kid ${kid} twice: give one of the two another kid`);
    const key = publicKeyOf(algorithm, base64);
    if (typeof key === 'string') throw wrong(`kid ${kid}: ${key}`);
    keys.set(kid, key);
  }
  return keys;
}

/** A kid names one key: whoever knows the public one must not pass it off as the secret. */
function refuseSharedKids({ jwtKeys, jwtPublicKeys }: Config): void {
  const shared = [...jwtPublicKeys.keys()].find((kid) => jwtKeys.has(kid));
  if (shared)
    throw new ConfigError(
      `JWT_PUBLIC_KEYS: kid ${shared} is in JWT_KEYS too: give one of the two another kid`,
    );
}

/**
 * Reads every setting from an environment. @throws ConfigError with one line for the first fault.
 */
export function readConfig(env: Env): Config {
  const names = Object.keys(SETTINGS) as SettingName[];
  const values = Object.fromEntries(names.map((name) => [name, read(name, env)])) as Config;
  refuseSharedKids(values);
  refuseUnknownGray(values);
  const instance = instancesOf(values.portBase, values.mode, GRAY_ROWS).find(
    ({ name }) => name === env.INSTANCE,
  );
  if (env.INSTANCE && !instance)
    throw new ConfigError(`INSTANCE: config/processes.ts has no instance ${env.INSTANCE}`);
  return Object.freeze({
    ...values,
    ...defaultUrls(values),
    ...tlsFiles(values),
    instance,
    door: instance?.row.door,
    lane: laneOf(values, instance),
  }) as Config;
}

/** The rows that have an instance in the gray lane. */
export const grayRows = ({ gray }: Pick<Config, 'gray'>): string[] =>
  gray === '' ? [] : gray.split(',');

function refuseUnknownGray(values: Config): void {
  const unknown = grayRows(values).find((name) => !GRAY_ROWS.includes(name));
  if (unknown)
    throw new ConfigError(`GRAY: ${unknown} has no gray instance (known: ${GRAY_ROWS.join(', ')})`);
}

/** A gray instance is one whatever it is told; a door is in no lane, everybody comes through it. */
function laneOf({ lane }: Config, instance: Instance | undefined): Lane {
  if (instance?.lane === 'gray') return 'gray';
  if (lane === 'gray' && instance?.row.door)
    throw new ConfigError(`LANE: ${instance.name} is a door, and the edge knows no lanes`);
  return lane;
}

/** What follows from ports when no url is given. */
function defaultUrls(values: Config): Partial<Record<SettingName, string>> {
  const port = (server: ServerName) =>
    values.portBase + SERVERS.find(({ name }) => name === server)!.port;
  const sandbox = instancesOf(values.portBase, 'sandbox').find(({ row }) => row.sandboxOnly);
  return {
    publicUrl: values.publicUrl || edgeOrigin(values, values.edgeHost),
    arbiterUrl: values.arbiterUrl || `redis://127.0.0.1:${port('arbiter')}`,
    cacheUrl: values.cacheUrl || `redis://127.0.0.1:${port('cache')}`,
    natsUrl: values.natsUrl || `nats://127.0.0.1:${port('nats')}`,
    mysqlUrl: values.mysqlUrl || `mysql://root@127.0.0.1:${port('mariadb')}/hotseat`,
    providerUrl: values.providerUrl || `http://127.0.0.1:${sandbox?.httpPort}`,
  };
}

/** Where the edge listens, under a name or address of its machine. */
export function edgeOrigin(values: Pick<Config, 'edgeTls' | 'edgePort'>, host: string): string {
  const scheme = values.edgeTls === 'off' ? 'http' : 'https';
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${values.edgePort}`;
}

/**
 * The certificate of the edge and its key, as absolute paths; empty without TLS.
 * @throws ConfigError when what is given would not be what is used
 */
function tlsFiles(values: Config): Pick<Config, 'edgeTlsCert' | 'edgeTlsKey'> {
  const { edgeTls, edgeTlsCert, edgeTlsKey, mode, publicUrl } = values;
  if (edgeTls === 'self-signed' && mode === 'production')
    throw new ConfigError(
      'EDGE_TLS: self-signed is for development; production takes files, with EDGE_TLS_CERT and ' +
        'EDGE_TLS_KEY, or off behind a proxy that speaks TLS',
    );
  if (edgeTls !== 'off' && publicUrl.startsWith('http:'))
    throw new ConfigError(`PUBLIC_URL: must be https:// with EDGE_TLS=${edgeTls}`);
  const home = resolve(values.runDir, 'tls');
  const known = {
    off: { edgeTlsCert: '', edgeTlsKey: '' },
    'self-signed': { edgeTlsCert: join(home, 'cert.pem'), edgeTlsKey: join(home, 'key.pem') },
    files: {
      edgeTlsCert: edgeTlsCert && resolve(edgeTlsCert),
      edgeTlsKey: edgeTlsKey && resolve(edgeTlsKey),
    },
  }[edgeTls];
  for (const name of ['edgeTlsCert', 'edgeTlsKey'] as const) {
    const { env } = SETTINGS[name];
    if (edgeTls === 'files' && known[name] === '')
      throw new ConfigError(`${env}: EDGE_TLS=files needs a path here`);
    if (values[name] !== '' && resolve(values[name]) !== known[name])
      throw new ConfigError(`${env}: is for EDGE_TLS=files, and EDGE_TLS is ${edgeTls}`);
  }
  return known;
}

/** The environment of a running system, as its supervisor wrote it; empty when there is none. */
export function environmentOf(runDir: string): Env {
  try {
    return JSON.parse(readFileSync(resolve(runDir, 'env.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

const runDir = process.env.RUN_DIR ?? SETTINGS.runDir.default;

/** The configuration of this process. */
export const config: Config = readConfig({ ...environmentOf(runDir), ...process.env });
trustEdge(config);
