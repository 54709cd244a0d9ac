#!lua
--- reserve: a buyer takes part in a sale. Again: the same moment as the first time.
-- Why a script: the reservation, the bits the edge checks and the message that makes it durable
-- exist together or not at all; no buyer who reserved is ever refused by the filter.
-- KEYS: meta reserved bloom filters reservation.made
-- ARGV: sale uid hash1 hash2 headers nowMs
-- Returns: OK reservedAtMs created | RESERVATION_CLOSED | NOT_FOUND
local clock = require 'lib.clock'
local filter = require 'lib.filter'

local nowMs = clock()
local meta = redis.call('HMGET', keys.meta, 'gate', 'reservationOpensAtMs',
  'reservationClosesAtMs', 'bloomBits', 'bloomHashes')
if not meta[1] then return { 'NOT_FOUND' } end
local before = redis.call('HGET', keys.reserved, args.uid)
if before then return { 'OK', before, 0 } end
local closed = string.find(meta[1], '^CLOSED')
if closed or nowMs < tonumber(meta[2]) or nowMs >= tonumber(meta[3]) then
  return { 'RESERVATION_CLOSED' }
end

local at = string.format('%.0f', nowMs)
redis.call('HSET', keys.reserved, args.uid, at)
for i = 0, meta[5] - 1 do
  redis.call('SETBIT', keys.bloom, (args.hash1 + i * args.hash2) % meta[4], 1)
end
filter(redis.call('HINCRBY', keys.meta, 'reservations', 1))
redis.call('XADD', keys['reservation.made'], '*', 'payload', string.format(
  '{"sale":"%s","uid":"%s","reservedAtMs":%s}', args.sale, args.uid, at),
  'headers', args.headers)
return { 'OK', at, 1 }
