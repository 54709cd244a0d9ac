--- A hold as `sell` and `release` need it: the seats that its orderId still has, marked as it says.
local find = require 'lib.find'
local markOf = require 'lib.marks'

--- The seats of `texts` that are owned by the hold and have its mark, as numbers and texts.
local function owned(texts, mark)
  local owners = redis.call('HMGET', keys.owners, unpack(texts))
  local seats, still = {}, {}
  for i = 1, #texts do
    local now = redis.call('GETRANGE', keys.seats, texts[i], texts[i])
    if owners[i] == args.orderId and now == mark then
      seats[#seats + 1], still[#still + 1] = tonumber(texts[i]), texts[i]
    end
  end
  return seats, still
end

--- @return {state, uid, json, asked, texts, pieces, rows}, or nil when the hold has ended: late or
-- repeated. `texts` are those of the `asked` seats that it still has.
return function(planWidth)
  local json = redis.call('HGET', keys.holds, args.orderId)
  local state = string.match(json or '', '^{"state":"(%u+)"')
  if not markOf[state or ''] or state == 'SOLD' then return nil end
  local asked, rows = {}, {}
  -- A quote inside a label is escaped, so nothing but a seat looks like this.
  for seat in string.gmatch(json, '{"seat":(%d+)') do asked[#asked + 1] = seat end
  local seats, texts = owned(asked, markOf[state])
  local pieces = find(seats, texts, planWidth, rows)
  local uid = string.match(json, '"uid":"([^"]*)"')
  return {
    state = state, uid = uid, json = json,
    asked = asked, texts = texts, pieces = pieces, rows = rows,
  }
end
