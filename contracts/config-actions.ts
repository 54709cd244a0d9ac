/**
 * What the config centre is asked: what may change while everything runs. A part of the table in
 * `actions.ts`.
 */
import type { Health, Page, PageQuery } from './actions.ts';
import type {
  ConfigAsked,
  ConfigDiff,
  ConfigHistory,
  ConfigList,
  ConfigPlace,
  ConfigSaid,
  ConfigView,
  PlacedChange,
} from './config.ts';

/**
 * Operators only. `session`: what is said for this one session. `ifMatch` is the header: the
 * revision of the key, which is its ETag.
 */
export interface ConfigActions {
  'config-center.list': { params: { session?: string }; result: ConfigList };
  /** @throws CONFIG_UNKNOWN, CONFIG_NOT_LIVE */
  'config-center.get': { params: { setting: string; session?: string }; result: ConfigView };
  'config-center.set': { params: ConfigSaid; result: ConfigView };
  /** Back to what all sessions have, or to what the environment says. */
  'config-center.unset': { params: ConfigAsked; result: ConfigView };
  /** A new revision with the value of an old one. */
  'config-center.rollback': { params: ConfigAsked & { revision: number }; result: ConfigView };
  /** The newest first. */
  'config-center.history': { params: ConfigPlace & { limit?: number }; result: ConfigHistory };
  /** Of every setting, the last first. */
  'config-center.changes': { params: PageQuery; result: Page<PlacedChange> };
  /** What differs between two revisions of the whole; from the environment, to now, unless told. */
  'config-center.diff': { params: { from?: number; to?: number }; result: ConfigDiff };
  'config-center.health': { params: Record<string, never>; result: Health };
}
