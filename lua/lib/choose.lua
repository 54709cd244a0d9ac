--- How `best` chooses. It is given `runs` in order of quality (one digit per segment: its longest
-- free run) and reads a segment only when that digit promises something.
local row = require 'lib.row'
local find, abs, floor, max, min = string.find, math.abs, math.floor, math.max, math.min

local RUN_MAX = 9
-- A set that strands a single seat is taken only when this many good segments offer none better.
local TRIES_MAX = 8
-- Segments looked at for seats that are not side by side; each has at least one free seat.
local SCATTER_MAX = 32

local choose = {}

--- The position of the next segment with a run of at least `count`, from position `from` on. Plain
-- finds of one byte each: many times faster than one pattern.
local function nextWith(runs, count, from)
  local nearest
  for run = count, RUN_MAX do
    local at = find(runs, tostring(run), from, true)
    if at and not (nearest and nearest < at) then nearest = at end
  end
  return nearest
end

--- Where `count` neighbours sit best inside a segment's marks: stranding no single free seat if
-- possible, then nearest the middle. @return the position and how many singles it strands
local function spot(marks, count)
  local zeros, middle = string.rep('0', count), (#marks - count) / 2 + 1
  local bestAt, bestStranded, bestAway
  local from = 1
  while true do
    local first = find(marks, zeros, from, true)
    if not first then break end
    local _, stop = find(marks, '^0+', first)
    local last = stop - count + 1
    local near = min(max(floor(middle), first), last)
    for at = max(first, near - 2), min(last, near + 2) do
      local stranded = (at - first == 1 and 1 or 0) + (last - at == 1 and 1 or 0)
      local away = abs(at - middle)
      if not bestAt or stranded < bestStranded or stranded == bestStranded and away < bestAway then
        bestAt, bestStranded, bestAway = at, stranded, away
      end
    end
    from = stop + 1
  end
  return bestAt, bestStranded
end

--- Loads the segment at a position of `runs`, once.
local function loaded(keys, sale, rows, index)
  local segment = rows[index]
  if not segment then
    segment = row.load(keys, sale.segmentWidth, index)
    rows[index] = segment
  end
  return segment
end

--- Side by side: the best segment that has a run long enough and need not strand anybody.
-- @return the seats in ascending order, or nil
local function together(keys, sale, rows, runs, indexOf, count)
  local best, bestAt, bestStranded
  local position = nextWith(runs, count, 1)
  for _ = 1, TRIES_MAX do
    if not position then break end
    local segment = loaded(keys, sale, rows, indexOf(position))
    local at, stranded = spot(segment.marks, count)
    if not bestAt or stranded < bestStranded then
      best, bestAt, bestStranded = segment, at, stranded
    end
    if bestStranded == 0 then break end
    position = nextWith(runs, count, position + 1)
  end
  if not bestAt then return nil end
  local seats = {}
  for i = 1, count do seats[i] = best.start + bestAt + i - 2 end
  return seats
end

local function freeIn(segment)
  local free, from = {}, 1
  while true do
    local at = find(segment.marks, '0', from, true)
    if not at then return free end
    free[#free + 1] = segment.start + at - 1
    from = at + 1
  end
end

--- The `count` of these ascending seats that lie closest together.
local function closest(free, count)
  local best = 1
  for i = 2, #free - count + 1 do
    if free[i + count - 1] - free[i] < free[best + count - 1] - free[best] then best = i end
  end
  local seats = {}
  for i = 1, count do seats[i] = free[best + i - 1] end
  return seats
end

--- Not side by side: as close together as one good segment allows, else the best seats there are.
-- @return the seats in ascending order; or nil and how many are free
local function apart(keys, sale, rows, runs, indexOf, count)
  local found, position = {}, 0
  for _ = 1, SCATTER_MAX do
    local _, taken = find(runs, '^0*', position + 1)
    position = taken + 1
    if position > #runs then break end
    local free = freeIn(loaded(keys, sale, rows, indexOf(position)))
    if #free >= count then return closest(free, count) end
    for i = 1, math.min(#free, count - #found) do found[#found + 1] = free[i] end
  end
  if #found < count then return nil, #found end
  table.sort(found)
  return found
end

--- The best set of `count` free seats. `indexOf` turns a position in `runs` into a segment's index;
-- the segments that were looked at are left in `rows`, by index.
-- @return the seats in ascending order; or nil and how many are free
function choose.best(keys, sale, rows, runs, indexOf, count)
  local seats = together(keys, sale, rows, runs, indexOf, count)
  if seats then return seats end
  return apart(keys, sale, rows, runs, indexOf, count)
end

--- `runs` and `indexOf` for a whole tier, whose segments follow each other.
function choose.inTier(keys, first, segments)
  local runs = redis.call('GETRANGE', keys.runs, first, first + segments - 1)
  return runs, function(position) return first + position - 1 end
end

--- The same for the segments of one section. `places` lists them, best first, 6 digits each.
function choose.inSection(ofTier, first, places)
  local runs = {}
  local function indexOf(position)
    return tonumber(string.sub(places, 6 * position - 5, 6 * position))
  end
  for position = 1, #places / 6 do
    local at = indexOf(position) - first + 1
    runs[position] = string.sub(ofTier, at, at)
  end
  return table.concat(runs), indexOf
end

return choose
