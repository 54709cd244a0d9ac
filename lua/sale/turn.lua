#!lua flags=allow-oom
--- turn: opens, pauses or closes a sale. CLOSED is final.
-- Why a script: after its answer no lock is accepted, and the line the edge pulls says the same.
-- Flags: allow-oom, because somebody must be able to pause a sale whose arbiter is full.
-- KEYS: meta flags
-- ARGV: sale to
-- Returns: OK changed | SALE_CLOSED | NOT_FOUND
local flag = require 'lib.flag'

local gate = redis.call('HGET', keys.meta, 'gate')
if not gate then return { 'NOT_FOUND' } end
local switch, rest = string.match(gate, '^(%u+)(.*)$')
if switch == args.to then return { 'OK', 0 } end
if switch == 'CLOSED' then return { 'SALE_CLOSED' } end

redis.call('HSET', keys.meta, 'state', args.to, 'gate', args.to .. rest)
flag()
return { 'OK', 1 }
