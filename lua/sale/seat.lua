#!lua flags=no-writes
--- seat: one seat with its owner and the owner's hold, for an operator.
-- Why a script: mark, owner and hold must be of one moment.
-- Flags: no-writes, because it only looks.
-- KEYS: meta plan seats owners holds
-- ARGV: seat
-- Returns: OK mark json orderId hold | SEAT_UNKNOWN seats | NOT_FOUND
local find = require 'lib.find'

local gate = redis.call('HGET', keys.meta, 'gate')
if not gate then return { 'NOT_FOUND' } end
local width = string.match(gate, '%d+$')
local piece = find({ tonumber(args.seat) }, { args.seat }, width, {})[1]
if not piece then return { 'SEAT_UNKNOWN', '[' .. args.seat .. ']' } end
local orderId = redis.call('HGET', keys.owners, args.seat)
return {
  'OK', redis.call('GETRANGE', keys.seats, args.seat, args.seat), piece.json, orderId or '',
  orderId and redis.call('HGET', keys.holds, orderId) or '',
}
