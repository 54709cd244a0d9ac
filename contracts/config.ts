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

/** A setting as an operator sees it. */
export interface ConfigView extends ConfigPlace {
  readonly value: ConfigValue;
  /** Where the value in force comes from. */
  readonly from: 'default' | 'environment' | 'global' | 'session';
  /** What it goes back to when nothing is said any more. */
  readonly start: ConfigValue;
  /** Of the last change under this very key; 0 when there was none. */
  readonly revision: number;
  readonly env: string;
  readonly means: string;
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly perSession: boolean;
}

/** One change of a setting, with what it was before: null where nothing was said. */
export interface ConfigChange extends Omit<ConfigEntry, 'value' | 'epoch'> {
  readonly revision: number;
  readonly before: ConfigValue | null;
  readonly after: ConfigValue | null;
}

/** A change, and of what: one of all there were. */
export type PlacedChange = ConfigPlace & ConfigChange;

/** A setting that differs; null where nothing is, or was, said. */
export interface ConfigDifference extends ConfigPlace {
  readonly from: ConfigValue | null;
  readonly to: ConfigValue | null;
  /** What is in force where nothing is said. */
  readonly start: ConfigValue;
}

/** What every change of a setting says. */
export interface ConfigAsked {
  readonly setting: string;
  readonly session?: string;
  readonly reason: string;
  readonly ifMatch?: string;
}

/** A list is kept as its JSON. */
export interface ConfigSaid extends ConfigAsked {
  readonly value: ConfigValue | readonly object[];
}

export interface ConfigList {
  readonly revision: number;
  readonly items: readonly ConfigView[];
}
export interface ConfigHistory {
  readonly items: readonly ConfigChange[];
}
export interface ConfigDiff {
  readonly items: readonly ConfigDifference[];
}
