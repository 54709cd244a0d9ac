--- The one line of a sale that the edge pulls. Called whenever one of its words has changed.
return function(keys, sale)
  local meta = redis.call('HMGET', keys.meta, 'switch', 'opensAtMs', 'closesAtMs',
    'reservationClosesAtMs', 'left')
  local soldOut = meta[5] == '0' and '1' or '0'
  redis.call('HSET', keys.flags, sale,
    meta[1] .. ' ' .. meta[2] .. ' ' .. meta[3] .. ' ' .. meta[4] .. ' ' .. soldOut)
end
