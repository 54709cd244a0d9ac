/** How an operator sees settings and their changes. Pure. */
import { SETTINGS, type Setting, type SettingName } from '../../config/schema.ts';
import {
  type ConfigChange,
  type ConfigDifference,
  type ConfigPlace,
  type ConfigValue,
  type ConfigView,
  configKey,
  type PlacedChange,
  readConfigKey,
} from '../../contracts/config.ts';
import type { Pages, Written } from './book.ts';

type Start = Readonly<Record<string, unknown>>;

/** The last value said under each key; undefined where the last word was to say nothing. */
const saidIn = (written: readonly Written[]): Map<string, ConfigValue | undefined> =>
  new Map(written.map(({ key, entry }) => [key, entry.value]));

/**
 * @param pages at least those of the setting, for all and for the session
 * @param start the settings this process started with
 */
export function viewOf({ setting, session }: ConfigPlace, pages: Pages, start: Start): ConfigView {
  const row: Setting = SETTINGS[setting as SettingName];
  const said = saidIn(pages.written);
  const own = session === undefined ? undefined : said.get(configKey({ setting, session }));
  const global = said.get(configKey({ setting }));
  const begun = start[setting] as ConfigValue;
  const given = begun === row.default ? 'default' : 'environment';
  const bounds = row.type === 'integer' ? { min: row.min, max: row.max } : {};
  return {
    setting,
    ...(session !== undefined && { session }),
    value: own ?? global ?? begun,
    from: own !== undefined ? 'session' : global !== undefined ? 'global' : given,
    start: begun,
    revision: pages.last.get(configKey({ setting, ...(session && { session }) })) ?? 0,
    ...bounds,
    type: row.type,
    env: row.env,
    perSession: row.perSession === true,
    means: row.means,
  };
}

/** The changes of one key, newest first. */
export function changesIn(written: readonly Written[], limit: number): ConfigChange[] {
  const changes = written.map(({ revision, entry }, i) => {
    const { value = null, epoch: _epoch, ...who } = entry;
    return { revision, before: written[i - 1]?.entry.value ?? null, after: value, ...who };
  });
  return changes.toReversed().slice(0, limit);
}

/** The changes of all keys, newest first; of each key one before the first is its `before`. */
export function allChangesIn(written: readonly Written[]): PlacedChange[] {
  const byKey = Map.groupBy(written, ({ key }) => key);
  const all = [...byKey].flatMap(([key, pages]) => {
    const place = readConfigKey(key);
    return place ? changesIn(pages, pages.length).map((change) => ({ ...place, ...change })) : [];
  });
  return all.toSorted((a, b) => b.revision - a.revision);
}

/**
 * What differs between two moments, by revision.
 * @param from nothing said at all when it is undefined
 * @param to now when it is undefined
 */
export function differencesIn(
  written: readonly Written[],
  from: number | undefined,
  to: number | undefined,
  start: Start,
): ConfigDifference[] {
  const upTo = (revision: number) => saidIn(written.filter((page) => page.revision <= revision));
  const [before, after] = [upTo(from ?? 0), upTo(to ?? Number.POSITIVE_INFINITY)];
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((key) => {
    const [was = null, is = null] = [before.get(key), after.get(key)];
    const place = readConfigKey(key)!;
    const begun = start[place.setting] as ConfigValue;
    return was === is ? [] : [{ ...place, from: was, to: is, start: begun }];
  });
}
