#!lua flags=allow-oom
--- due: posts `deadline.due` for holds whose deadline passed, and looks at them again later.
-- Why a script: a hold is posted and re-scored in one moment, so two schedulers never post it
-- twice in a row, and one that dies in between posts nothing it has not also put off.
-- Flags: allow-oom, because these messages are what empties a full arbiter.
-- KEYS: meta deadlines holds deadline.due
-- ARGV: sale limit repeatMs nowMs
-- Returns: OK posted | NOT_FOUND
local clock = require 'lib.clock'

local nowMs = clock()
if redis.call('EXISTS', keys.meta) == 0 then return { 'NOT_FOUND' } end
local due = redis.call('ZRANGEBYSCORE', keys.deadlines, '-inf', nowMs, 'LIMIT', 0, args.limit)
local holds = #due > 0 and redis.call('HMGET', keys.holds, unpack(due)) or {}

-- The later it is the longer until it is said again: a backlog must not feed on its repetitions.
local function againMs(lateMs)
  return nowMs + math.min(math.max(args.repeatMs, lateMs), 30 * args.repeatMs)
end

local posted = 0
for i = 1, #due do
  local deadlineMs = holds[i] and string.match(holds[i], '"deadlineMs":(%d+)')
  if deadlineMs then
    redis.call('ZADD', keys.deadlines, againMs(nowMs - deadlineMs), due[i])
    redis.call('XADD', keys['deadline.due'], '*', 'payload', string.format(
      '{"sale":"%s","orderId":"%s","deadlineMs":%s}', args.sale, due[i], deadlineMs))
    posted = posted + 1
  else
    redis.call('ZREM', keys.deadlines, due[i])
  end
end
return { 'OK', posted }
