#!lua flags=allow-oom
--- sell: the seats an order paid for become SOLD, if that order still holds every one of them.
-- Why a script: the look at the owners and the marks on the seats must be one moment, and the
-- message must exist exactly when the sale does.
-- Flags: allow-oom, because money has been taken and a full arbiter must still keep its word.
-- KEYS: holds meta epoch owners plan segments seats runs deadlines seat.moved
-- ARGV: sale orderId nowMs
-- Returns: OK changed | NOT_FOUND
local keys = {
  holds = KEYS[1], meta = KEYS[2], epoch = KEYS[3], owners = KEYS[4], plan = KEYS[5],
  segments = KEYS[6], seats = KEYS[7], runs = KEYS[8], deadlines = KEYS[9], seatMoved = KEYS[10],
}
local args = { sale = ARGV[1], orderId = ARGV[2], nowMs = ARGV[3] }
local clock = require 'lib.clock'
local held = require 'lib.held'

local nowMs = clock(args.nowMs)
local meta = redis.call('HMGET', keys.meta, 'version', 'planWidth', 'segmentWidth')
if not meta[1] then return { 'NOT_FOUND' } end
local hold = held.load(keys, { planWidth = meta[2], segmentWidth = meta[3] }, args.orderId)
if not hold or #hold.seats < #hold.asked then return { 'OK', 0 } end
local epoch = redis.call('HGET', keys.epoch, 'epoch')

local version = meta[1] + 1
held.mark(keys, hold, args.orderId, '2', 'SOLD', false)
redis.call('HSET', keys.meta, 'version', version)
held.post(keys, {
  type = 'sold', sale = args.sale, epoch = epoch, version = version, orderId = args.orderId,
  uid = hold.uid, to = '2', atMs = nowMs, seats = hold.seats, reason = 'PAID',
})
return { 'OK', 1 }
