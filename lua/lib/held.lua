--- A hold as `sell` and `release` need it: the seats that its orderId still has, as LOCKED.
local plan = require 'lib.plan'
local segment = require 'lib.segment'

local LOCKED = '1'
local STATE = '{"state":"LOCKED"'

local held = {}

--- @return {uid, json, seats, picks, rows, asked}, or nil when the hold is not LOCKED: late or
-- repeated. `seats` are those of its `asked` seats that are marked LOCKED and owned by it.
function held.load(keys, orderId, planWidth)
  local json = redis.call('HGET', keys.holds, orderId)
  if not json or string.sub(json, 1, #STATE) ~= STATE then return nil end
  local asked = {}
  -- A quote inside a label is escaped, so nothing but a seat looks like this.
  for seat in string.gmatch(json, '{"seat":(%d+)') do asked[#asked + 1] = tonumber(seat) end
  local owners = redis.call('HMGET', keys.owners, unpack(asked))
  local known, rows, picks, seats = plan.read(keys, planWidth, asked), {}, {}, {}
  for i = 1, #known do
    local pick = known[i]
    local row = rows[pick.segment] or segment.load(keys, pick.segment)
    rows[pick.segment] = row
    if owners[i] == orderId and segment.markOf(row, pick.seat) == LOCKED then
      picks[#picks + 1] = pick
      seats[#seats + 1] = pick.seat
    end
  end
  return {
    uid = string.match(json, '"uid":"([^"]*)"'),
    json = json, asked = asked, seats = seats, picks = picks, rows = rows,
  }
end

--- Marks the seats anew and the hold as `state`. `freed`: the seats are AVAILABLE again.
function held.mark(keys, hold, orderId, mark, state, freed)
  for i = 1, #hold.picks do
    local pick = hold.picks[i]
    segment.mark(hold.rows[pick.segment], pick.seat, pick.seat, mark)
  end
  for _, row in pairs(hold.rows) do
    if row.to > 0 then segment.write(keys, row, freed) end
  end
  redis.call('HSET', keys.holds, orderId, '{"state":"' .. state .. '"'
    .. string.sub(hold.json, #STATE + 1))
  redis.call('ZREM', keys.deadlines, orderId)
end

--- Tells the world. The seats of a move are numbers here: who needs more has the lock's message.
function held.post(keys, move)
  redis.call('XADD', keys.seatMoved, '*', 'payload', string.format(
    '{"type":"%s","sale":"%s","epoch":%s,"version":%d,"orderId":"%s","uid":"%s","to":"%s",'
      .. '"atMs":%.0f,"seats":[%s],"reason":"%s"}',
    move.type, move.sale, move.epoch or '0', move.version, move.orderId, move.uid, move.to,
    move.atMs, table.concat(move.seats, ','), move.reason))
end

return held
