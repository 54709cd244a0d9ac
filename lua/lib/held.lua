--- A hold as `sell` and `release` need it: the seats that its orderId still has, as LOCKED.
local find = require 'lib.find'

local STATE = '{"state":"LOCKED"'

--- The seats of `texts` that are owned by the hold and marked LOCKED, as numbers and texts.
local function owned(texts)
  local owners = redis.call('HMGET', keys.owners, unpack(texts))
  local seats, still = {}, {}
  for i = 1, #texts do
    local mark = redis.call('GETRANGE', keys.seats, texts[i], texts[i])
    if owners[i] == args.orderId and mark == '1' then
      seats[#seats + 1], still[#still + 1] = tonumber(texts[i]), texts[i]
    end
  end
  return seats, still
end

--- @return {uid, json, asked, texts, pieces, rows}, or nil when the hold is not LOCKED any more:
-- late or repeated. `texts` are those of the `asked` seats that it still has.
return function(planWidth)
  local json = redis.call('HGET', keys.holds, args.orderId)
  if not json or string.sub(json, 1, #STATE) ~= STATE then return nil end
  local asked, rows = {}, {}
  -- A quote inside a label is escaped, so nothing but a seat looks like this.
  for seat in string.gmatch(json, '{"seat":(%d+)') do asked[#asked + 1] = seat end
  local seats, texts = owned(asked)
  local pieces = find(seats, texts, planWidth, rows)
  local uid = string.match(json, '"uid":"([^"]*)"')
  return { uid = uid, json = json, asked = asked, texts = texts, pieces = pieces, rows = rows }
end
