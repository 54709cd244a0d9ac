#!lua flags=no-writes
--- count: whether everything that `open` wrote is there, and whether what is counted agrees with
-- the seats: how many are free by their marks, how many by `left`. Of a sale that is not whole, how
-- many seats have an owner all the same.
-- Why a script: the numbers must be of one moment.
-- Flags: no-writes, because it only looks.
-- KEYS: meta seats plan segments runs tiers owners
-- ARGV:
-- Returns: OK free left reservations | NOT_FOUND owned
local leftTotal = require 'lib.left'

local parts = redis.call('EXISTS', keys.meta, keys.seats, keys.plan, keys.segments, keys.runs,
  keys.tiers)
if parts < 6 then return { 'NOT_FOUND', redis.call('HLEN', keys.owners) } end
local _, free = string.gsub(redis.call('GET', keys.seats), '0', '')
return { 'OK', free, leftTotal(), tonumber(redis.call('HGET', keys.meta, 'reservations') or 0) }
