#!lua flags=no-writes
--- snapshot: every seat's mark, and the version they belong to.
-- Why a script: marks and version must be of one moment, or deltas would be lost or doubled.
-- Flags: no-writes, because it only looks.
-- KEYS: meta seats epoch
-- ARGV:
-- Returns: OK epoch version marks | NOT_FOUND

local version = redis.call('HGET', keys.meta, 'version')
if not version then return { 'NOT_FOUND' } end
return {
  'OK', redis.call('HGET', keys.epoch, 'epoch') or '0', version, redis.call('GET', keys.seats),
}
