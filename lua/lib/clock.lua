--- The arbiter's clock in epoch ms, as a number and as text: read once, first, by every script that
-- asks for the time. `nowMs` is empty except in tests, which bring their own time.
return function()
  if args.nowMs ~= '' then return tonumber(args.nowMs), args.nowMs end
  local time = redis.call('TIME')
  -- Seconds, and of the microseconds, which come without leading zeros, the first three of six.
  local text = time[1] .. string.sub('00000' .. time[2], -6, -4)
  return tonumber(text), text
end
