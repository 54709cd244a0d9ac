#!lua flags=allow-oom
--- release: the seats of an order that ended unpaid, or of a block that was lifted, become
-- AVAILABLE, if it holds them.
-- Why a script: a late release must not free a seat that somebody else has locked since, so the
-- look at the owner and the mark on the seat are one moment.
-- Flags: allow-oom, because a full arbiter drains itself through its releases.
-- KEYS: holds meta epoch owners buyers plan seats runs deadlines flags seat.moved
-- ARGV: sale orderId reason runId nowMs
-- Returns: OK changed | NOT_FOUND
local clock = require 'lib.clock'
local held = require 'lib.held'
local settle = require 'lib.settle'
local flag = require 'lib.flag'

local nowMs = clock()
local gate = redis.call('HGET', keys.meta, 'gate')
if not gate then return { 'NOT_FOUND' } end
local hold = held(string.match(gate, '%d+$'))
if not hold or #hold.texts == 0 then return { 'OK', 0 } end
local had = tonumber(redis.call('HGET', keys.buyers, hold.uid) or 0)

local move = { type = 'released', to = '0', state = 'RELEASED', reason = args.reason, moved = 1 }
local flips = settle(hold, move, nowMs)
redis.call('HDEL', keys.owners, unpack(hold.texts))
if had > #hold.texts then
  redis.call('HINCRBY', keys.buyers, hold.uid, -#hold.texts)
else
  redis.call('HDEL', keys.buyers, hold.uid)
end
if flips then flag() end
return { 'OK', 1 }
