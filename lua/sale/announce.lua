#!lua flags=allow-oom
--- announce: a sale that was repaired under a new epoch tells its readers so.
-- Why a script: the version and the message that names it exist together.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: meta epoch seat.moved
-- ARGV: sale nowMs
-- Returns: OK | NOT_FOUND
local clock = require 'lib.clock'
local announce = require 'lib.announce'

local nowMs = clock()
if redis.call('EXISTS', keys.meta) == 0 then return { 'NOT_FOUND' } end
announce(nowMs)
return { 'OK' }
