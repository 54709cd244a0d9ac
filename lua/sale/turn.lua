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

local meta = redis.call('HMGET', keys.meta, 'switch', 'opensAtMs', 'closesAtMs',
  'reservationClosesAtMs', 'left')
if not meta[1] then return { 'NOT_FOUND' } end
if meta[1] == args.to then return { 'OK', 0 } end
if meta[1] == 'CLOSED' then return { 'SALE_CLOSED' } end

redis.call('HSET', keys.meta, 'switch', args.to)
flag(keys, args.sale, {
  switch = args.to, opensAtMs = meta[2], closesAtMs = meta[3], reservationClosesAtMs = meta[4],
  left = tonumber(meta[5]),
})
return { 'OK', 1 }
