#!lua flags=no-writes
--- occupied: a stretch of a hall, with the owner of every seat in it that is not free.
-- Why a script: marks and owners must be of one moment.
-- Flags: no-writes, because it only looks.
-- KEYS: meta seats owners
-- ARGV: from to
-- Returns: OK marks owners | NOT_FOUND

if redis.call('EXISTS', keys.meta) == 0 then return { 'NOT_FOUND' } end
local marks = redis.call('GETRANGE', keys.seats, args.from, args.to)
local texts, at = {}, 0
while true do
  at = string.find(marks, '[^0-]', at + 1)
  if not at then break end
  texts[#texts + 1] = string.format('%d', args.from + at - 1)
end
local owners = #texts > 0 and redis.call('HMGET', keys.owners, unpack(texts)) or {}
for i = 1, #texts do owners[i] = owners[i] or '' end
return { 'OK', marks, owners }
