#!lua
--- open: a sale comes into being with every seat AVAILABLE. Again: changes nothing. A sale that has
-- lost a part of itself comes into being again; its seats then have to be restored.
-- Why a script: a sale exists whole or not at all, and a second publish must not reset it.
-- KEYS: meta seats plan segments runs tiers reserved bloom flags filters sales
-- ARGV: sale seats plan segments runs tiers meta
-- Returns: OK created
local flag = require 'lib.flag'
local filter = require 'lib.filter'

local parts = redis.call('EXISTS', keys.meta, keys.seats, keys.plan, keys.segments, keys.runs,
  keys.tiers)
if parts == 6 then return { 'OK', 0 } end
-- Both lists are name, value, name, value …, all strings, so that no number is reformatted.
local tiers, meta = cjson.decode(args.tiers), cjson.decode(args.meta)

redis.call('SET', keys.seats, args.seats)
redis.call('SET', keys.plan, args.plan)
redis.call('SET', keys.segments, args.segments)
redis.call('SET', keys.runs, args.runs)
for i = 1, #tiers, 2 do redis.call('HSET', keys.tiers, tiers[i], tiers[i + 1]) end
redis.call('HSET', keys.meta, unpack(meta))
redis.call('SADD', keys.sales, args.sale)

-- The bit behind the last seals the filter: every reservation there is was written into these bits.
-- Bits that are lost and begin again have no seal, and the edge leaves them alone.
local reservations = redis.call('HLEN', keys.reserved)
redis.call('HSET', keys.meta, 'reservations', reservations)
if reservations == 0 and redis.call('HGET', keys.meta, 'reservationRequired') == '1' then
  redis.call('SETBIT', keys.bloom, redis.call('HGET', keys.meta, 'bloomBits'), 1)
end
filter(reservations)
flag()
return { 'OK', 1 }
