#!lua flags=no-writes
--- seat: one seat with its owner and the owner's hold, for an operator.
-- Why a script: mark, owner and hold must be of one moment.
-- Flags: no-writes, because it only looks.
-- KEYS: meta plan segments seats tiers owners holds
-- ARGV: seat
-- Returns: OK mark label tier orderId hold | SEAT_UNKNOWN seats | NOT_FOUND
local keys = {
  meta = KEYS[1], plan = KEYS[2], segments = KEYS[3], seats = KEYS[4], tiers = KEYS[5],
  owners = KEYS[6], holds = KEYS[7],
}
local args = { seat = ARGV[1] }
local plan = require 'lib.plan'
local row = require 'lib.row'

local meta = redis.call('HMGET', keys.meta, 'planWidth', 'segmentWidth')
if not meta[1] then return { 'NOT_FOUND' } end
local sale = { planWidth = meta[1], segmentWidth = meta[2] }
local pick = plan.find(keys, sale, { tonumber(args.seat) }, {})[1]
if not pick then return { 'SEAT_UNKNOWN', '[' .. args.seat .. ']' } end
local orderId = redis.call('HGET', keys.owners, args.seat)
return {
  'OK', redis.call('GETRANGE', keys.seats, args.seat, args.seat), pick.label,
  redis.call('HGET', keys.tiers, 'name:' .. row.said(pick.segment)), orderId or '',
  orderId and redis.call('HGET', keys.holds, orderId) or '',
}
