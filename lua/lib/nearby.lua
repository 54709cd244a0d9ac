--- Sets of free seats near a seat, for somebody who came too late for it.
local find = string.find

local REACH = 96 -- offsets looked at on either side
local SETS_MAX = 3

local function ascending(a, b) return a.away < b.away end

--- Every set of `count` free neighbours at one end of a free run, up to three per run, nearest the
-- middle first.
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

--- The nearest free seats of a tier, side by side or not; nil when there are not enough.
local function scattered(marks, tierAt, count, middle, tier)
  local free, from = {}, 1
  while true do
    local at = find(marks, '0', from, true)
    if not at then break end
    if tierAt(at) == tier then free[#free + 1] = { at = at, away = math.abs(at - middle) } end
    from = at + 1
  end
  if #free < count then return nil end
  table.sort(free, ascending)
  local seats = {}
  for i = 1, count do seats[i] = free[i].at end
  table.sort(seats)
  return seats
end

--- Up to three {seats, tier, adjacent}, the wanted tier first; not adjacent only when none else is.
local function choose(marks, tierAt, count, middle)
  local wanted, same, other = tierAt(middle), {}, {}
  for _, set in ipairs(neighbours(marks, count, middle)) do
    local tier, seats = tierAt(set.at), {}
    for i = 1, count do
      seats[i] = set.at + i - 1
      if tierAt(seats[i]) ~= tier then tier = nil end
    end
    local side = tier == wanted and same or other
    if tier and #side < SETS_MAX then
      side[#side + 1] = { seats = seats, tier = tier, adjacent = 'true' }
    end
    if #same == SETS_MAX then break end
  end
  if #same == 0 and count > 1 then
    local seats = scattered(marks, tierAt, count, middle, wanted)
    if seats then same[1] = { seats = seats, tier = wanted, adjacent = 'false' } end
  end
  for i = 1, math.min(#other, SETS_MAX - #same) do same[#same + 1] = other[i] end
  return same
end

--- @return up to three sets of `count` free seats within reach of `seat`
return function(seat, count, width)
  local from, to = math.max(0, seat - REACH), seat + REACH
  local marks = redis.call('GETRANGE', keys.seats, from, to)
  local records = redis.call('GETRANGE', keys.plan, from * width, (to + 1) * width - 1)
  local function tierAt(at) return string.match(records, '^%d+', (at - 1) * width + 1) end
  local sets = choose(marks, tierAt, count, seat - from + 1)
  for _, set in ipairs(sets) do
    for i = 1, count do set.seats[i] = from + set.seats[i] - 1 end
  end
  return sets
end
