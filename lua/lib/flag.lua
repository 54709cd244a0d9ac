--- The one line of a sale that the edge pulls. Called whenever one of its words may have changed;
-- the edge is told at once, and whether anybody heard it matters to nobody: it also pulls.
local leftTotal = require 'lib.left'

return function()
  local meta = redis.call('HMGET', keys.meta, 'gate', 'reservationClosesAtMs')
  local switch, opensAtMs, closesAtMs = string.match(meta[1], '^(%u+) (%d+) (%d+)')
  redis.call('HSET', keys.flags, args.sale, string.format('%s %s %s %s %d', switch, opensAtMs,
    closesAtMs, meta[2], leftTotal() == 0 and 1 or 0))
  redis.pcall('PUBLISH', keys.flags, args.sale)
end
