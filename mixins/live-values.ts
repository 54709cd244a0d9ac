/**
 * The settings in force in this process: those of its start, and over them what it has heard from
 * the config centre. Pure: no connection, no file.
 *
 * Always true: nothing out of the bounds of this process is ever in force; what is older than what
 * is known never comes back; only an entry that says so takes a value away, never its absence.
 */
import type { Config, LiveConfig } from '../config/index.ts';
import { LIVE_NAMES } from '../config/live.ts';
import { SETTINGS, type Setting, type SettingName } from '../config/schema.ts';
import { faultOf } from '../config/value.ts';
import { type ConfigEntry, type ConfigValue, readConfigKey } from '../contracts/config.ts';

/** The place of an entry among all: a later epoch is newer, whatever the revisions. */
export interface Rank {
  readonly epoch: number;
  readonly revision: number;
}
/** What is known of a key. */
export interface Known extends Rank {
  readonly value?: ConfigValue;
}
/** All that is known, as the last-known-good file keeps it. */
export interface Snapshot extends Rank {
  readonly entries: Readonly<Record<string, Known>>;
}

export const isNewer = (a: Rank, b: Rank | undefined): boolean =>
  b === undefined || a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision);

/** What an entry of the bucket says. @throws Error with what is wrong with it, in words */
export function readEntry(key: string, text: string): ConfigEntry {
  const fault = faultOfKey(key);
  if (fault) throw new Error(fault);
  const { setting } = readConfigKey(key)!;
  const entry = JSON.parse(text) as ConfigEntry;
  if (typeof entry !== 'object' || entry === null || !Number.isInteger(entry.epoch))
    throw new Error('was not written by the config centre');
  if (entry.value !== undefined) {
    const wrong = faultOf(SETTINGS[setting as SettingName], entry.value, true);
    if (wrong) throw new Error(wrong);
  }
  return entry;
}

/** Why nothing may be said under a key; undefined when something may. */
export function faultOfKey(key: string): string | undefined {
  const place = readConfigKey(key);
  if (!place || !Object.hasOwn(SETTINGS, place.setting)) return 'names no setting';
  const { live, perSession }: Setting = SETTINGS[place.setting as SettingName];
  if (!live) return 'names a setting that is read at start only';
  if (place.session !== undefined && !perSession) return 'is the same for every session';
  return undefined;
}

interface InForce {
  readonly all: LiveConfig;
  readonly sessions: ReadonlyMap<string, LiveConfig>;
}

export class LiveValues {
  readonly #start: LiveConfig;
  readonly #known = new Map<string, Known>();
  /** Keys whose last entry was refused, and where it stood. */
  readonly #refused = new Map<string, number>();
  #newest: Rank = { epoch: 0, revision: 0 };
  /** Laid out when somebody first asks after a change. */
  #inForce: InForce | undefined;

  constructor(config: Config) {
    this.#start = Object.fromEntries(LIVE_NAMES.map((name) => [name, config[name]])) as LiveConfig;
  }

  /** The newest entry that was taken. */
  get newest(): Rank {
    return this.#newest;
  }

  get refusedKeys(): string[] {
    return [...this.#refused.keys()];
  }

  /** What is in force, for one session when it is named. */
  of(session?: string): LiveConfig {
    const { all, sessions } = this.#layers();
    return (session !== undefined && sessions.get(session)) || all;
  }

  /** Sessions for which something else is in force than for all. */
  get sessions(): string[] {
    return [...this.#layers().sessions.keys()];
  }

  /**
   * Takes an entry of the bucket.
   * @returns true when it is newer than what was known
   * @throws Error for one that may not be in force here; what was known stays
   */
  hear(key: string, revision: number, text: string): boolean {
    try {
      const { epoch, value } = readEntry(key, text);
      this.#refused.delete(key);
      return this.#take(key, { epoch, revision, ...(value !== undefined && { value }) });
    } catch (error) {
      this.#refused.set(key, revision);
      throw error;
    }
  }

  snapshot(): Snapshot {
    return { ...this.#newest, entries: Object.fromEntries(this.#known) };
  }

  /** Takes what an earlier run knew, as far as it may be in force here. */
  restore({ entries }: Snapshot): void {
    for (const [key, known] of Object.entries(entries)) {
      const { epoch, revision, value } = known;
      if (faultOfKey(key) || ![epoch, revision].every(Number.isInteger)) continue;
      const { setting } = readConfigKey(key)!;
      if (value !== undefined && faultOf(SETTINGS[setting as SettingName], value, true)) continue;
      this.#take(key, known);
    }
  }

  #take(key: string, known: Known): boolean {
    if (!isNewer(known, this.#known.get(key))) return false;
    this.#known.set(key, known);
    if (isNewer(known, this.#newest))
      this.#newest = { epoch: known.epoch, revision: known.revision };
    this.#inForce = undefined;
    return true;
  }

  #layers(): InForce {
    this.#inForce ??= this.#laidOver();
    return this.#inForce;
  }

  /** Session over all, all over the start. */
  #laidOver(): InForce {
    const all: Record<string, ConfigValue> = { ...this.#start };
    const own = new Map<string, Record<string, ConfigValue>>();
    for (const [key, { value }] of this.#known) {
      const { setting, session } = readConfigKey(key)!;
      if (value === undefined) continue;
      if (session === undefined) all[setting] = value;
      else own.set(session, { ...own.get(session), [setting]: value });
    }
    const frozen = (over: object) => Object.freeze({ ...all, ...over }) as unknown as LiveConfig;
    const sessions = new Map([...own].map(([session, over]) => [session, frozen(over)]));
    return { all: frozen({}), sessions };
  }
}
