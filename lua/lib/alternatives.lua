--- What a buyer who lost a seat may have instead: up to three sets of the asked size near the first
-- lost seat, of the same tier if there are any. One stretch of seats is read and nothing beyond,
-- so a loser costs little whatever is left of the hall.
local plan = require 'lib.plan'
local find, format, concat = string.find, string.format, table.concat

local REACH = 96 -- offsets looked at on either side
local SETS_MAX = 3

local function ascending(a, b) return a.away < b.away end

--- Every set of `count` free neighbours in the stretch that starts at one end of a free run,
-- nearest the lost seat first. `middle` is where the lost seat is in `marks`.
local function neighbours(marks, count, middle)
  local sets, zeros, from = {}, string.rep('0', count), 1
  while true do
    local first = find(marks, zeros, from, true)
    if not first then break end
    local _, last = find(marks, '^0+', first)
    local step = last < middle and -count or count
    local at = last < middle and last - count + 1 or first
    for _ = 1, SETS_MAX do
      if at < first or at + count - 1 > last then break end
      sets[#sets + 1] = { at = at, away = math.abs(at + (count - 1) / 2 - middle) }
      at = at + step
    end
    from = last + 1
  end
  table.sort(sets, ascending)
  return sets
end

--- The tier that all `count` seats from `at` on share, or nil.
local function tierOf(records, width, at, count)
  local tier = plan.tierIn(records, (at - 1) * width)
  for i = 1, count - 1 do
    if plan.tierIn(records, (at - 1 + i) * width) ~= tier then return nil end
  end
  return tier
end

--- The nearest free seats of the tier, side by side or not; nil when there are not enough.
local function scattered(marks, records, width, count, middle, tier)
  local free, from = {}, 1
  while true do
    local at = find(marks, '0', from, true)
    if not at then break end
    if plan.tierIn(records, (at - 1) * width) == tier then
      free[#free + 1] = { at = at, away = math.abs(at - middle) }
    end
    from = at + 1
  end
  if #free < count then return nil end
  table.sort(free, ascending)
  local seats = {}
  for i = 1, count do seats[i] = free[i].at end
  table.sort(seats)
  return seats
end

--- @return up to three {seats, tier}, same tier first; each of neighbours unless there are none
local function search(marks, records, width, count, middle, wanted)
  local same, other = {}, {}
  for _, set in ipairs(neighbours(marks, count, middle)) do
    local tier = tierOf(records, width, set.at, count)
    local seats = {}
    for i = 1, count do seats[i] = set.at + i - 1 end
    if tier == wanted then
      same[#same + 1] = { seats = seats, tier = tier, adjacent = 'true' }
      if #same == SETS_MAX then break end
    elseif tier and #other < SETS_MAX then
      other[#other + 1] = { seats = seats, tier = tier, adjacent = 'true' }
    end
  end
  if #same == 0 and count > 1 then
    local seats = scattered(marks, records, width, count, middle, wanted)
    if seats then same[1] = { seats = seats, tier = wanted, adjacent = 'false' } end
  end
  for i = 1, math.min(#other, SETS_MAX - #same) do same[#same + 1] = other[i] end
  return same
end

--- The data of SEAT_TAKEN as JSON. Of `picks` at least one is not free.
return function(keys, sale, picks)
  local count, width, lost, still = #picks, sale.planWidth, {}, {}
  for i = 1, count do
    local seat, segment = picks[i].seat, picks[i].segment
    local free = string.byte(segment.marks, seat - segment.start + 1) == 48
    local side = free and still or lost
    side[#side + 1] = seat
  end
  local from, to = math.max(0, lost[1] - REACH), lost[1] + REACH
  local marks = redis.call('GETRANGE', keys.seats, from, to)
  local records = redis.call('GETRANGE', keys.plan, from * width, (to + 1) * width - 1)
  local middle = lost[1] - from + 1
  local wanted = plan.tierIn(records, (middle - 1) * width)
  local sets = search(marks, records, width, count, middle, wanted)
  for i, set in ipairs(sets) do
    for k = 1, count do set.seats[k] = from + set.seats[k] - 1 end
    sets[i] = format('{"seats":[%s],"tier":"%s","adjacent":%s}', concat(set.seats, ','),
      redis.call('HGET', keys.tiers, 'name:' .. set.tier), set.adjacent)
  end
  return format('{"lost":[%s],"stillAvailable":[%s],"alternatives":[%s]}', concat(lost, ','),
    concat(still, ','), concat(sets, ','))
end
