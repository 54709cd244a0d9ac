--- What `sell` and `release` have in common once they act: the seats get their mark, the hold its
-- state, its deadline goes, and the world is told. The seats of such a message are numbers: who
-- needs more has the lock's message.
local mark = require 'lib.mark'
local nextVersion = require 'lib.version'

--- @param move {type, to, state, reason, moved}: `moved` as in lib.mark
-- @return whether the sale may have become, or ceased to be, sold out
return function(hold, move, nowMs)
  local epoch, version = nextVersion(nowMs)
  local flips = mark(hold.pieces, hold.rows, move.to, move.moved)
  redis.call('HSET', keys.holds, args.orderId,
    '{"state":"' .. move.state .. string.sub(hold.json, #'{"state":"' + #hold.state + 1))
  redis.call('ZREM', keys.deadlines, args.orderId)
  redis.call('XADD', keys['seat.moved'], '*', 'payload', string.format(
    '{"type":"%s","sale":"%s","epoch":%s,"version":%d,"orderId":"%s","uid":"%s","to":"%s",'
      .. '"atMs":%.0f,"seats":[%s],"reason":"%s"}',
    move.type, args.sale, epoch, version, args.orderId, hold.uid, move.to, nowMs,
    table.concat(hold.texts, ','), move.reason))
  return flips
end
