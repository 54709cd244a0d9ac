--- The reply to a buyer who lost a seat: which, which not, and up to three sets of the asked size
-- near the first lost seat, of the same tier if there are any. One stretch of seats is read and
-- nothing beyond, so a loser costs little whatever is left of the hall.
local leftTotal = require 'lib.left'
local nearby = require 'lib.nearby'
local concat = table.concat

--- Splits the seats of the pieces. @return those that are not free, those that are, as numbers
local function split(pieces)
  local lost, still = {}, {}
  for i = 1, #pieces do
    local piece = pieces[i]
    for seat = piece.from, piece.from + piece.count - 1 do
      local free = string.byte(piece.row.marks, seat - piece.row.first + 1) == 48
      local side = free and still or lost
      side[#side + 1] = seat
    end
  end
  return lost, still
end

return function(seats, pieces, width)
  -- The same orderId again is a call repeated by the connection: it lost its seats to itself.
  local hold = redis.call('HGET', keys.holds, args.orderId)
  if hold then return { 'OK', hold } end
  if leftTotal() == 0 then return { 'SOLD_OUT', '{}' } end
  local lost, still = split(pieces)
  local sets = nearby(lost[1], #seats, width)
  for i, set in ipairs(sets) do
    local name = redis.call('HGET', keys.tiers, 'name:' .. set.tier)
    sets[i] = '{"seats":[' .. concat(set.seats, ',') .. '],"tier":"' .. name .. '","adjacent":'
      .. set.adjacent .. '}'
  end
  return { 'SEAT_TAKEN', '{"lost":[' .. concat(lost, ',') .. '],"stillAvailable":['
    .. concat(still, ',') .. '],"alternatives":[' .. concat(sets, ',') .. ']}' }
end
