#!lua flags=allow-oom
--- adopt: records which run of Redis the sales of a shard are good on, under an epoch.
-- Why a script: epochs only go forward, whoever asks in whatever order.
-- Flags: allow-oom, because a repaired arbiter that is full must open again to drain.
-- KEYS: epoch
-- ARGV: runId epoch
-- Returns: OK changed

local known = redis.call('HMGET', keys.epoch, 'epoch', 'run')
local ahead = known[1] and tonumber(args.epoch) - tonumber(known[1]) or 1
-- An epoch that is in force was opened by somebody who was quicker.
if ahead < 0 or ahead == 0 and known[2] then return { 'OK', 0 } end
-- `run` is both again, as the one text a lock reads.
redis.call('HSET', keys.epoch, 'run', args.runId .. ' ' .. args.epoch, 'runId', args.runId,
  'epoch', args.epoch)
return { 'OK', 1 }
