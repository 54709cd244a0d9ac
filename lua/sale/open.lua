#!lua
--- open: a sale comes into being with every seat AVAILABLE. Again: changes nothing. A sale that has
-- lost a part of itself comes into being again; its seats then have to be restored.
-- Why a script: a sale exists whole or not at all, and a second publish must not reset it.
-- KEYS: meta seats plan segments runs tiers flags sales
-- ARGV: sale seats plan segments runs tiers meta
-- Returns: OK created
local flag = require 'lib.flag'

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
flag()
return { 'OK', 1 }
