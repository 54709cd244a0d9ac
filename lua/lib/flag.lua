--- The one line of a sale that the edge pulls: written whenever one of its words changes.
return function(keys, sale, meta)
  local soldOut = meta.left == 0 and 1 or 0
  redis.call('HSET', keys.flags, sale, string.format('%s %s %s %s %d', meta.switch,
    meta.opensAtMs, meta.closesAtMs, meta.reservationClosesAtMs, soldOut))
end
