/**
 * The only reader of the environment. Everything else imports `config`, frozen at start; what may
 * change later is asked of `mixins/live-config.ts` each time.
 *
 * The supervisor writes `.run/env.json` (ports, urls, secrets made at first start) and passes it to
 * the processes it starts; a tool run in another terminal reads the same file.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Door, type Instance, instancesOf, SERVERS, type ServerName } from './processes.ts';
import { type LiveName, SETTINGS, type Setting, type SettingName } from './schema.ts';
import { faultOf, keysIn } from './value.ts';

/** Keys by kid, in the order given: the first signs, all verify. */
export type Keyring = ReadonlyMap<string, KeyObject>;

type ValueOf<S extends Setting> = S['type'] extends 'integer'
  ? number
  : S['type'] extends 'keyring'
    ? Keyring
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
  const value = setting.type === 'integer' ? Number(raw) : raw;
  const fault = faultOf(setting, value);
  if (fault) throw new ConfigError(`${setting.env}: ${fault} (${setting.means})`);
  return setting.type === 'keyring' ? keyringOf(raw) : value;
}

const keyringOf = (text: string): Keyring =>
  new Map(keysIn(text).map(([kid, secret]) => [kid, createSecretKey(Buffer.from(secret))]));

/**
 * Reads every setting from an environment. @throws ConfigError with one line for the first fault.
 */
export function readConfig(env: Env): Config {
  const names = Object.keys(SETTINGS) as SettingName[];
  const values = Object.fromEntries(names.map((name) => [name, read(name, env)])) as Config;
  const instance = instancesOf(values.portBase, values.mode).find(
    ({ name }) => name === env.INSTANCE,
  );
  if (env.INSTANCE && !instance)
    throw new ConfigError(`INSTANCE: config/processes.ts has no instance ${env.INSTANCE}`);
  return Object.freeze({
    ...values,
    ...defaultUrls(values),
    instance,
    door: instance?.row.door,
  }) as Config;
}

/** What follows from ports when no url is given. */
function defaultUrls(values: Config): Partial<Record<SettingName, string>> {
  const port = (server: ServerName) =>
    values.portBase + SERVERS.find(({ name }) => name === server)!.port;
  const sandbox = instancesOf(values.portBase, 'sandbox').find(({ row }) => row.sandboxOnly);
  return {
    publicUrl: values.publicUrl || `http://${values.edgeHost}:${values.edgePort}`,
    arbiterUrl: values.arbiterUrl || `redis://127.0.0.1:${port('arbiter')}`,
    cacheUrl: values.cacheUrl || `redis://127.0.0.1:${port('cache')}`,
    natsUrl: values.natsUrl || `nats://127.0.0.1:${port('nats')}`,
    mysqlUrl: values.mysqlUrl || `mysql://root@127.0.0.1:${port('mariadb')}/hotseat`,
    providerUrl: values.providerUrl || `http://127.0.0.1:${sandbox?.httpPort}`,
  };
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
