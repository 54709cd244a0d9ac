/** Settings of what processes keep of the catalogue (mixins/cached.ts); rows of `schema.ts`. */
import { integer, LIVE } from './setting.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const CACHED_SETTINGS = {
  cachedMb: integer(
    'CACHED_MB',
    64,
    1,
    1_024,
    'memory of a process for what it keeps of the catalogue: a layout of 30,000 seats takes 3 MB',
  ),
  cachedMs: integer(
    'CACHED_MS',
    MINUTE,
    100,
    HOUR,
    'how long a process keeps what it read of the catalogue; a change ends it at once',
    LIVE,
  ),
  cachedSharedMs: integer(
    'CACHED_SHARED_MS',
    10 * MINUTE,
    100,
    24 * HOUR,
    'how long the cache Redis keeps it for all processes; a change ends it at once',
    LIVE,
  ),
  cachedPageMs: integer(
    'CACHED_PAGE_MS',
    3_000,
    100,
    MINUTE,
    'how long a page of shows is kept: some of them depend on the time of day',
    LIVE,
  ),
  cachedUnknownMs: integer(
    'CACHED_UNKNOWN_MS',
    5_000,
    100,
    MINUTE,
    'how long it is known that nothing has an id',
    LIVE,
  ),
  cacheCommandMs: integer(
    'CACHE_COMMAND_MS',
    250,
    10,
    5_000,
    'a reader waits this long for the cache Redis, then MySQL is asked',
  ),
} as const;
