#!lua flags=allow-oom
--- enrol: buyers whose reservations MySQL knows take part again; who does already, stays as they
-- are.
-- Why a script: the pool and the filter the edge pulls must say the same.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: meta reserved bloom filters
-- ARGV: sale buyers...
-- Returns: OK added | NOT_FOUND
local filter = require 'lib.filter'

local meta = redis.call('HMGET', keys.meta, 'bloomBits', 'bloomHashes')
if not meta[1] then return { 'NOT_FOUND' } end
-- uid, the moment of the reservation, and the two hashes of the uid, over and over
local buyers, added = args.buyers, 0
for i = 1, #buyers, 4 do
  if redis.call('HSETNX', keys.reserved, buyers[i], buyers[i + 1]) == 1 then
    added = added + 1
    for k = 0, meta[2] - 1 do
      redis.call('SETBIT', keys.bloom, (buyers[i + 2] + k * buyers[i + 3]) % meta[1], 1)
    end
  end
end
if added > 0 then filter(redis.call('HINCRBY', keys.meta, 'reservations', added)) end
return { 'OK', added }
