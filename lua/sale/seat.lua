#!lua flags=no-writes
--- seat: one seat with its owner and the owner's hold, for an operator.
-- Why a script: mark, owner and hold must be of one moment.
-- Flags: no-writes, because it only looks.
-- KEYS: meta plan seats tiers owners holds
-- ARGV: seat
-- Returns: OK mark label tier orderId hold | SEAT_UNKNOWN seats | NOT_FOUND
local keys = {
  meta = KEYS[1], plan = KEYS[2], seats = KEYS[3], tiers = KEYS[4], owners = KEYS[5],
  holds = KEYS[6],
}
local args = { seat = ARGV[1] }
local plan = require 'lib.plan'

local meta = redis.call('HMGET', keys.meta, 'span', 'planWidth')
if not meta[1] then return { 'NOT_FOUND' } end
local seat = tonumber(args.seat)
local inside = seat and seat >= 0 and seat < tonumber(meta[1]) and seat % 1 == 0
local pick = inside and plan.read(keys, tonumber(meta[2]), { seat })[1]
if not pick then return { 'SEAT_UNKNOWN', '[' .. args.seat .. ']' } end
local orderId = redis.call('HGET', keys.owners, seat)
return {
  'OK', redis.call('GETRANGE', keys.seats, seat, seat), pick.label,
  redis.call('HGET', keys.tiers, 'name:' .. pick.tier), orderId or '',
  orderId and redis.call('HGET', keys.holds, orderId) or '',
}
