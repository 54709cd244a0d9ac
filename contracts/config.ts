/**
 * What the config centre says of settings: where a change stands in its bucket and how it reads
 * there. The bucket is a JetStream KV bucket; only `services/config-center` writes it, every
 * process watches it.
 */

export type ConfigValue = number | string;

/** One change of one setting, as it stands in the bucket. */
export interface ConfigEntry {
  /** Absent: back to what the environment says. */
  readonly value?: ConfigValue;
  readonly author: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly at: string;
  readonly requestId?: string;
  /** The revision whose value this one repeats. */
  readonly rolledBackTo?: number;
  /**
   * Grows when the bucket has lost something: an entry of a later epoch is newer than any of an
   * earlier one, whatever their revisions.
   */
  readonly epoch: number;
}

/** The name of the bucket of a namespace. */
export const configBucket = (namespace: string): string => `${namespace}-config`;

export interface ConfigPlace {
  readonly setting: string;
  /** The one session it is said for; all when absent. */
  readonly session?: string;
}

/** The key of a setting in the bucket. */
export const configKey = ({ setting, session }: ConfigPlace): string =>
  session === undefined ? `global.${setting}` : `session.${session}.${setting}`;

/** What a key of the bucket is about; undefined for a key that is none of ours. */
export function readConfigKey(key: string): ConfigPlace | undefined {
  const [scope, first, second, ...more] = key.split('.');
  if (scope === 'global' && first && second === undefined) return { setting: first };
  if (scope === 'session' && first && second && more.length === 0)
    return { setting: second, session: first };
  return undefined;
}
