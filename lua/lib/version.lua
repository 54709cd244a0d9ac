--- The number of a move that does not ask which run of Redis it is made on. A Redis that came back
-- a moment older counts on from numbers that its readers have heard already, with other moves. So
-- the first move of a run that nobody has adopted leaps: past whatever was lost, and past the leaps
-- of earlier runs that were lost with it. A reader sees a gap, and reads the hall again.
local LOST_MAX = 1000000

--- @return the epoch in force, and the version
return function(nowMs)
  local known = redis.call('HMGET', keys.epoch, 'epoch', 'runId')
  -- A frozen shard names no run: it is in a new epoch, where every number is new.
  if known[2] and known[2] ~= args.runId
    and redis.call('HGET', keys.meta, 'leapt') ~= args.runId then
    local version = tonumber(redis.call('HGET', keys.meta, 'version') or 0)
    redis.call('HSET', keys.meta, 'leapt', args.runId,
      'version', string.format('%.0f', math.max(version, nowMs) + LOST_MAX))
  end
  return known[1] or '0', redis.call('HINCRBY', keys.meta, 'version', 1)
end
