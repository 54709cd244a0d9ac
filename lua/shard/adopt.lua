#!lua flags=allow-oom
--- adopt: records which run of Redis the sales of a shard are good on, under a new epoch.
-- Why a script: epochs only go forward, whoever asks in whatever order.
-- Flags: allow-oom, because a repaired arbiter that is full must open again to drain.
-- KEYS: epoch
-- ARGV: runId epoch
-- Returns: OK changed

local before = redis.call('HGET', keys.epoch, 'epoch')
if before and tonumber(args.epoch) <= tonumber(before) then return { 'OK', 0 } end
-- `run` is both again, as the one text a lock reads.
redis.call('HSET', keys.epoch, 'run', args.runId .. ' ' .. args.epoch, 'runId', args.runId,
  'epoch', args.epoch)
return { 'OK', 1 }
