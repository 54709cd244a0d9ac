#!lua flags=no-writes
--- view: a sale at one moment: its switch, terms, version, and what is left.
-- Why a script: the numbers must belong together.
-- Flags: no-writes, because it only looks.
-- KEYS: meta tiers epoch
-- ARGV: nowMs
-- Returns: OK nowMs epoch names meta | NOT_FOUND
local clock = require 'lib.clock'

local nowMs = clock()
local meta = redis.call('HGETALL', keys.meta)
if #meta == 0 then return { 'NOT_FOUND' } end
return {
  'OK', string.format('%.0f', nowMs), redis.call('HGET', keys.epoch, 'epoch') or '0',
  redis.call('HGET', keys.tiers, 'names'), meta,
}
