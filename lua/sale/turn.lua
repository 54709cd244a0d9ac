#!lua flags=allow-oom
--- turn: opens, pauses or closes a sale. CLOSED is final.
-- Why a script: after its answer no lock is accepted, and the line the edge pulls says the same.
-- Flags: allow-oom, because somebody must be able to pause a sale whose arbiter is full.
-- KEYS: meta flags
-- ARGV: sale to
-- Returns: OK changed | SALE_CLOSED | NOT_FOUND
local keys = { meta = KEYS[1], flags = KEYS[2] }
local args = { sale = ARGV[1], to = ARGV[2] }
local flag = require 'lib.flag'

local switch = redis.call('HGET', keys.meta, 'switch')
if not switch then return { 'NOT_FOUND' } end
if switch == args.to then return { 'OK', 0 } end
if switch == 'CLOSED' then return { 'SALE_CLOSED' } end

redis.call('HSET', keys.meta, 'switch', args.to)
flag(keys, args.sale)
return { 'OK', 1 }
