#!lua flags=allow-oom
--- adopt: records which run of Redis the sales of a shard are good on, under a new epoch.
-- Why a script: epochs only go forward, whoever asks in whatever order.
-- Flags: allow-oom, because a repaired arbiter that is full must open again to drain.
-- KEYS: epoch
-- ARGV: runId epoch
-- Returns: OK changed

-- One field: the run's id, and its epoch.
local before = redis.call('HGETALL', keys.epoch)
if before[1] and tonumber(args.epoch) <= tonumber(before[2]) then return { 'OK', 0 } end
if before[1] then redis.call('HDEL', keys.epoch, before[1]) end
redis.call('HSET', keys.epoch, args.runId, args.epoch)
return { 'OK', 1 }
