/**
 * What a running system is told: every setting spelled out, with the secrets a sandbox makes up at
 * its first start. The same text is given to each process and written to `<run dir>/env.json`, so
 * that a tool in another terminal meets the system that runs, not the defaults.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, readConfig } from '../../config/index.ts';
import { SETTINGS, type Setting, type SettingName } from '../../config/schema.ts';
import { writeWhole } from './files.ts';
import { loggedIn, type NatsUsers, natsUsers } from './nats-users.ts';
import { StartError } from './program.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

const NAMES = Object.keys(SETTINGS) as SettingName[];
const setting = (name: SettingName): Setting => SETTINGS[name];
const KEYRINGS = NAMES.filter((name) => setting(name).type === 'keyring');
const PRIVATE = 0o600;
/** Where all tokens come from other issuers, none is signed or verified with a secret of ours. */
const INSTEAD: Readonly<Record<string, string>> = { JWT_KEYS: 'JWT_PUBLIC_KEYS' };

const envFile = (runDir: string) => join(runDir, 'env.json');
const secretsFile = (runDir: string) => join(runDir, 'secrets.json');

/**
 * The configuration of a system about to start, and the variables that spell it.
 * @param given what the human set; the settings not named there take their defaults
 * @returns also the users of our own NATS, when no other is given
 * @throws ConfigError, StartError with one line
 */
export function environmentFor(
  runDir: string,
  given: Variables,
): { config: Config; variables: Record<string, string>; users: NatsUsers | undefined } {
  const mode = given.MODE ?? SETTINGS.mode.default;
  const secrets = mode === 'production' ? requireSecrets(given) : makeSecrets(runDir, given);
  const told = { ...given, ...secrets, RUN_DIR: resolve(runDir) };
  const alone = readConfig(told);
  const users = given.NATS_URL ? undefined : natsUsers(alone.namespace);
  const config = users
    ? readConfig({ ...told, NATS_URL: loggedIn(alone.natsUrl, 'node', users) })
    : alone;
  const plain = NAMES.filter((name) => !KEYRINGS.includes(name));
  const variables = {
    ...Object.fromEntries(plain.map((name) => [setting(name).env, spelled(name, config, given)])),
    ...secrets,
  };
  return { config, variables, users };
}

/** Keys are objects once they are read: they are spelled as they were given. */
function spelled(name: SettingName, config: Config, given: Variables): string {
  const { env, type } = setting(name);
  return type === 'publicKeys' ? (given[env] ?? '') : String(config[name]);
}

export function writeEnvironment(runDir: string, variables: Record<string, string>): void {
  writeWhole(envFile(runDir), JSON.stringify(variables, null, 2), PRIVATE);
}

export function forgetEnvironment(runDir: string): void {
  rmSync(envFile(runDir), { force: true });
}

function requireSecrets(given: Variables): Record<string, string> {
  const missing = KEYRINGS.map((name) => setting(name).env).filter(
    (env) => !given[env] && !given[INSTEAD[env] ?? env],
  );
  if (missing.length === 0)
    return Object.fromEntries(
      KEYRINGS.map((name) => [setting(name).env, given[setting(name).env] ?? '']),
    );
  throw new StartError(
    `production mode makes up no secrets: set ${missing.join(', ')} ` +
      '(each kid:secret, 32 characters or more)',
  );
}

/** Made once per run directory, so that tokens and permits outlive a restart. */
function makeSecrets(runDir: string, given: Variables): Record<string, string> {
  const known = readSecrets(runDir);
  const made = Object.fromEntries(
    KEYRINGS.map((name) => {
      const { env } = setting(name);
      return [env, known[env] ?? `k1:${randomBytes(32).toString('base64url')}`];
    }),
  );
  if (Object.keys(made).some((env) => made[env] !== known[env]))
    writeWhole(secretsFile(runDir), JSON.stringify(made, null, 2), PRIVATE);
  return Object.fromEntries(Object.entries(made).map(([env, own]) => [env, given[env] || own]));
}

function readSecrets(runDir: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(secretsFile(runDir), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
