#!lua flags=allow-oom
--- release: the seats of an order that ended unpaid become AVAILABLE, if that order holds them.
-- Why a script: a late release must not free a seat that somebody else has locked since, so the
-- look at the owner and the mark on the seat are one moment.
-- Flags: allow-oom, because a full arbiter drains itself through its releases.
-- KEYS: holds meta epoch owners buyers plan segments seats runs deadlines flags seat.moved
-- ARGV: sale orderId reason nowMs
-- Returns: OK changed | NOT_FOUND
local keys = {
  holds = KEYS[1], meta = KEYS[2], epoch = KEYS[3], owners = KEYS[4], buyers = KEYS[5],
  plan = KEYS[6], segments = KEYS[7], seats = KEYS[8], runs = KEYS[9], deadlines = KEYS[10],
  flags = KEYS[11], seatMoved = KEYS[12],
}
local args = { sale = ARGV[1], orderId = ARGV[2], reason = ARGV[3], nowMs = ARGV[4] }
local clock = require 'lib.clock'
local held = require 'lib.held'
local row = require 'lib.row'
local flag = require 'lib.flag'

local nowMs = clock(args.nowMs)
local meta = redis.call('HMGET', keys.meta, 'version', 'planWidth', 'segmentWidth', 'left')
if not meta[1] then return { 'NOT_FOUND' } end
local hold = held.load(keys, { planWidth = meta[2], segmentWidth = meta[3] }, args.orderId)
if not hold or #hold.seats == 0 then return { 'OK', 0 } end
local epoch = redis.call('HGET', keys.epoch, 'epoch')
local had = tonumber(redis.call('HGET', keys.buyers, hold.uid) or 0)

local version, left = meta[1] + 1, meta[4] + #hold.seats
held.mark(keys, hold, args.orderId, '0', 'RELEASED', true)
redis.call('HDEL', keys.owners, unpack(hold.seats))
if had > #hold.seats then
  redis.call('HSET', keys.buyers, hold.uid, had - #hold.seats)
else
  redis.call('HDEL', keys.buyers, hold.uid)
end
redis.call('HSET', keys.meta, 'version', version, 'left', left)
for _, segment in pairs(hold.rows) do
  redis.call('HINCRBY', keys.meta, 'left:' .. row.said(segment), segment.count)
end
if left == #hold.seats then flag(keys, args.sale) end
held.post(keys, {
  type = 'released', sale = args.sale, epoch = epoch, version = version, orderId = args.orderId,
  uid = hold.uid, to = '0', atMs = nowMs, seats = hold.seats, reason = args.reason,
})
return { 'OK', 1 }
