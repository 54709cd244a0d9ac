--- What `lock` and `best` ask before they look at a seat: has this request been answered, is this
-- the Redis the sale was opened on, is the sale open, may this buyer have so many.

-- The gate of a sale is one text: "switch opensAtMs closesAtMs seatsPerBuyerMax lockMs planWidth".
local OPEN = '^OPEN (%d+) (%d+) (%d+) (%d+) (%d+)$'

--- @return the reply that refuses or repeats, if any; else nil, the epoch, the most seats a buyer
-- may have, how long a lock lives, and the width of a record of the plan
return function(nowMs)
  if args.request ~= '' then
    local answered = require 'lib.answered'
    local reply = answered()
    if reply then return reply end
  end
  -- "runId epoch"; a run id has 40 characters.
  local run = redis.call('HGET', keys.epoch, 'run')
  if not run or string.sub(run, 1, 40) ~= args.runId then return { 'ARBITER_AWAY' } end
  local epoch = string.sub(run, 42)

  local gate = redis.call('HGET', keys.meta, 'gate')
  if not gate then return { 'NOT_FOUND' } end
  local opensAtMs, closesAtMs, max, lockMs, planWidth = string.match(gate, OPEN)
  if not max or nowMs < tonumber(opensAtMs) or nowMs >= tonumber(closesAtMs) then
    local closed = require 'lib.closed'
    return closed(gate, nowMs)
  end

  local held = redis.call('HGET', keys.buyers, args.uid) or 0
  if held + args.count > tonumber(max) then
    -- The same orderId again is a call repeated by the connection: its own seats are in its way.
    local hold = redis.call('HGET', keys.holds, args.orderId)
    if hold then return { 'OK', hold } end
    return { 'LIMIT_REACHED', '{"limit":' .. max .. ',"held":' .. held .. '}' }
  end
  return nil, epoch, max, lockMs, planWidth
end
