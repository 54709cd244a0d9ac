--- How many seats of the whole sale are AVAILABLE: the sum over its tiers.
return function()
  local tiers, left = tonumber(redis.call('HGET', keys.meta, 'tiers')), 0
  for tier = 0, tiers - 1 do
    left = left + redis.call('HGET', keys.meta, 'left:' .. tier)
  end
  return left
end
