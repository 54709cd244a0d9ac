#!lua flags=no-writes
--- late: the holds still LOCKED long after their deadline, oldest first: what the sweeps look at.
-- Why a script: the deadlines and the holds must be of one moment.
-- Flags: no-writes, because it only looks.
-- KEYS: meta deadlines holds
-- ARGV: lateMs limit scan nowMs
-- Returns: OK hold… | NOT_FOUND
local clock = require 'lib.clock'

local nowMs = clock()
if redis.call('EXISTS', keys.meta) == 0 then return { 'NOT_FOUND' } end
-- `due` puts a posted hold off, so its score is no longer its deadline; the score still is one of
-- the lowest, and the hold itself says when it was due.
local found = redis.call('ZRANGEBYSCORE', keys.deadlines, '-inf', '+inf', 'LIMIT', 0, args.scan)
local late = {}
for i = 1, #found do
  local hold = redis.call('HGET', keys.holds, found[i])
  local deadlineMs = hold and tonumber(string.match(hold, '"deadlineMs":(%d+)'))
  if deadlineMs and deadlineMs + args.lateMs < nowMs then
    late[#late + 1] = { deadlineMs = deadlineMs, hold = hold }
  end
end
table.sort(late, function(a, b) return a.deadlineMs < b.deadlineMs end)
local reply = { 'OK' }
for i = 1, math.min(#late, tonumber(args.limit)) do reply[i + 1] = late[i].hold end
return reply
