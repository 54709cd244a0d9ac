--- The line of a sale's filter, by which the edge sees that it has changed, and where its bits are.
-- A sale that needs no reservation has none.
return function(reservations)
  local meta = redis.call('HMGET', keys.meta, 'reservationRequired', 'bloomBits', 'bloomHashes')
  if meta[1] ~= '1' then return end
  redis.call('HSET', keys.filters, args.sale, string.format('%d %s %s %s', reservations, meta[2],
    meta[3], keys.bloom))
end
