#!lua flags=allow-oom
--- freeze: opens a new epoch and forgets which run of Redis was good: until `adopt`, nobody locks a
-- seat of the shard. Seats are still sold and released, and what they post is of the new epoch.
-- Why a script: epochs only go forward, whoever asks in whatever order.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: epoch
-- ARGV: epoch
-- Returns: OK changed

local before = redis.call('HGET', keys.epoch, 'epoch')
local same = before and tonumber(args.epoch) == tonumber(before)
if before and tonumber(args.epoch) < tonumber(before) then return { 'OK', 0 } end
-- Frozen under this epoch already; or opened by somebody who was quicker.
if same then return { 'OK', redis.call('HEXISTS', keys.epoch, 'run') == 0 and 1 or 0 } end
redis.call('HSET', keys.epoch, 'epoch', args.epoch)
redis.call('HDEL', keys.epoch, 'run', 'runId')
return { 'OK', 1 }
