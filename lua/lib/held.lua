--- A hold as `sell` and `release` need it: the seats that its orderId still has, as LOCKED.
local plan = require 'lib.plan'
local row = require 'lib.row'

local LOCKED = 49
local STATE = '{"state":"LOCKED"'

local held = {}

--- @return {uid, json, asked, seats, rows}, or nil when the hold is not LOCKED: late or repeated.
-- `seats` are those of the `asked` ones that are marked LOCKED and owned by the hold; each is
-- counted in its segment in `rows`.
function held.load(keys, sale, orderId)
  local json = redis.call('HGET', keys.holds, orderId)
  if not json or string.sub(json, 1, #STATE) ~= STATE then return nil end
  local asked, seats, rows = {}, {}, {}
  -- A quote inside a label is escaped, so nothing but a seat looks like this.
  for seat in string.gmatch(json, '{"seat":(%d+)') do asked[#asked + 1] = tonumber(seat) end
  local owners = redis.call('HMGET', keys.owners, unpack(asked))
  local picks = plan.find(keys, sale, asked, rows)
  for i = 1, #picks do
    local seat, segment = picks[i].seat, picks[i].segment
    local mark = string.byte(segment.marks, seat - segment.start + 1)
    if owners[i] == orderId and mark == LOCKED then
      row.add(segment, seat)
      seats[#seats + 1] = seat
    end
  end
  local uid = string.match(json, '"uid":"([^"]*)"')
  return { uid = uid, json = json, asked = asked, seats = seats, rows = rows }
end

--- Marks the seats anew and the hold as `state`. `freed`: the seats are AVAILABLE again.
function held.mark(keys, hold, orderId, mark, state, freed)
  for _, segment in pairs(hold.rows) do
    if segment.count > 0 then row.write(keys, segment, mark, freed) end
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
