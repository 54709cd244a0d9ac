/** Which settings may change while everything runs, and which of them the edge reads. */
import { SETTINGS, type SettingName } from './schema.ts';
import type { Marks, Setting } from './setting.ts';

type Marked<Mark extends keyof Marks> = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends { readonly [M in Mark]: true }
    ? Name
    : never;
}[SettingName];
export type LiveName = Marked<'live'>;

const marked = <Mark extends keyof Marks>(mark: Mark) =>
  (Object.keys(SETTINGS) as SettingName[]).filter(
    (name): name is Marked<Mark> => (SETTINGS[name] as Setting)[mark] === true,
  );
export const LIVE_NAMES: readonly LiveName[] = marked('live');
/** What the edge reads, of what is live. */
export const EDGE_NAMES = marked('edge');
