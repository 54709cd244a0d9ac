--- The arbiter's clock: read once, first, by every script that asks for the time.
-- `nowMs` is empty except in tests, which bring their own time.
return function(nowMs)
  if nowMs ~= '' then return tonumber(nowMs) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
